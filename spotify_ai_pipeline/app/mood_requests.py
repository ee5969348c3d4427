"""Moods in words: what the listener asked for, by Claude where it may be asked, by the lexicon where not, and put in force."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files

import numpy as np

from spotify_ai_pipeline.clients.claude_permission import why_not
from spotify_ai_pipeline.durations import HOUR
from spotify_ai_pipeline.errors import ExpectedError, UserError
from spotify_ai_pipeline.music.embedding.feature_blocks import Matrix
from spotify_ai_pipeline.music.embedding.inputs import CLAP, LYRICS
from spotify_ai_pipeline.music.embedding.model import Model
from spotify_ai_pipeline.music.mood import llm_schema
from spotify_ai_pipeline.music.mood.parser import MoodQuery, understand
from spotify_ai_pipeline.settings import Features
from spotify_ai_pipeline.storage import datasets, moods
from spotify_ai_pipeline.storage.embedding_model import embedding_model
from spotify_ai_pipeline.storage.lake import LakeError
from spotify_ai_pipeline.storage.workspace import Workspace

CLAUDE, LEXICON = "claude", "lexicon"
USUAL_SECONDS = 3 * HOUR
LONGEST_ANSWER = 600
"""Tokens."""


@dataclass(frozen=True)
class MoodRequest:
    """A mood that was put in force: what was understood, by whom, until when (UTC seconds)."""

    text: str
    wish: MoodQuery
    by: str
    until: float
    note: str = ""
    """Why Claude was not asked, or did not help; empty where it did."""


def ask_for(workspace: Workspace, text: str, seconds: float | None = None) -> MoodRequest:
    """Understands ``text`` and puts it in force for ``seconds``, else for as long as it says, else for three hours; it takes
    the place of any other mood, and the next refresh follows it. Raises ``UserError`` where nothing of it is understood."""
    model = fitted(workspace)
    wish, by, note = _by_claude(workspace, text, model)
    if wish is None:
        wish = mood_query(model, text, cluster_names(workspace))
    said = moods.say(workspace.state, text, seconds or wish.seconds or USUAL_SECONDS, wish.as_data())
    return MoodRequest(text, wish, by, said.until, note)


def wish_of(said: moods.SaidMood, model: Model) -> MoodQuery:
    """What was understood when the mood was said; of an older one what the lexicon makes of it."""
    return MoodQuery.from_data(said.wish) if said.wish else understand(said.words, model.tags.vocabulary)


def fitted(workspace: Workspace) -> Model:
    """The model of the embeddings; raises ``UserError`` where there is none yet."""
    model = embedding_model(workspace.lake)
    if model is None:
        raise LakeError(
            f"no embeddings were made yet in {workspace.lake.base}; run `spotify-ai refresh --features` first"
        )
    return model


def mood_query(model: Model, words: str, clusters: list[str] | None = None) -> MoodQuery:
    """What ``words`` ask for by the lexicon; raises ``UserError`` where nothing of them is understood."""
    wish = understand(words, model.tags.vocabulary, clusters or [])
    if not wish.says_something:
        some = ", ".join(model.tags.vocabulary[:12])
        raise UserError(
            f"{words!r}: none of these words is understood; try calm, happy, fast, acoustic, late night, "
            f"or tags of your songs: {some}"
        )
    return wish


def text_vectors(model: Model, text: str, features: Features) -> dict[str, Matrix]:
    """``text`` in each space in which songs of this library have vectors of their own: of lyrics, and of CLAP."""
    found: dict[str, Matrix] = {}
    if model.counts[CLAP]:
        from spotify_ai_pipeline.encoders.clap import Clap

        found[CLAP] = Clap(features.clap_model, features.clap_batch_size).text_vector(text).astype(np.float64)
    if model.counts[LYRICS]:
        from spotify_ai_pipeline.encoders.sentences import Sentences

        found[LYRICS] = Sentences().vectors([text])[0].astype(np.float64)
    return found


def cluster_names(workspace: Workspace) -> list[str]:
    """Names of the listener's clusters, the largest first; empty before there are any."""
    table = workspace.lake.read_or_none(datasets.CLUSTER_NAMES)
    return [] if table is None else table.filter(level="cluster").sort("songs", descending=True)["name"].to_list()


def _by_claude(workspace: Workspace, text: str, model: Model) -> tuple[MoodQuery | None, str, str]:
    """(wish, by whom, why not by Claude)."""
    if reason := why_not(workspace):
        return None, LEXICON, reason
    from spotify_ai_pipeline.clients.claude import Claude

    tags, clusters = model.tags.vocabulary, cluster_names(workspace)
    system = files("spotify_ai_pipeline.app").joinpath("prompts", "mood.md").read_text(encoding="utf-8")
    try:
        asked = llm_schema.question(text, tags, clusters)
        answer = Claude.of(workspace).ask(llm_schema.MoodAnswer, system, asked, "mood", LONGEST_ANSWER)
    except ExpectedError as error:  # over budget, refused, cut short, out of reach: the lexicon always works
        return None, LEXICON, str(error)
    wish = llm_schema.grounded(answer, text, tags, clusters)
    return (
        (wish, CLAUDE, "") if wish.says_something else (None, LEXICON, "Claude's answer names nothing of your library")
    )
