"""Moods in words: what the listener asked for, by Claude where it may be asked, else by lexicon and encoder, and put in force."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache, lru_cache

import numpy as np

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.app.prompts import prompt
from spotify_ai_pipeline.clients.claude_permission import MOODS, who_answers, why_not
from spotify_ai_pipeline.durations import HOUR
from spotify_ai_pipeline.encoders import clap, phrases
from spotify_ai_pipeline.errors import ExpectedError, UserError
from spotify_ai_pipeline.music.embedding.feature_blocks import Matrix
from spotify_ai_pipeline.music.embedding.inputs import CLAP, LYRICS
from spotify_ai_pipeline.music.embedding.model import Model
from spotify_ai_pipeline.music.mood import llm_schema
from spotify_ai_pipeline.music.mood.meaning import Anchors
from spotify_ai_pipeline.music.mood.parser import Meaning, MoodQuery, nearest_moods, understand
from spotify_ai_pipeline.settings import Features
from spotify_ai_pipeline.storage import datasets, moods
from spotify_ai_pipeline.storage.embedding_model import embedding_model
from spotify_ai_pipeline.storage.lake import LakeError
from spotify_ai_pipeline.storage.workspace import Workspace

NUDGE = 0.5
"""How far "more like" and "less like" move a mood."""
USUAL_SECONDS = 3 * HOUR
LONGEST_ANSWER = 600
"""Tokens."""


class NotUnderstood(UserError):
    """Words that ask for nothing that is known; ``nearest`` are moods to offer instead."""

    def __init__(self, text: str, nearest: list[str]) -> None:
        super().__init__(f"{text!r}: none of these words is understood; the nearest moods are: {', '.join(nearest)}")
        self.nearest = nearest


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
    wish, by, note = by_claude(workspace, text, model)
    if wish is None:
        wish = mood_query(model, text, cluster_names(workspace))
    said = moods.say(workspace.state, text, seconds or wish.seconds or USUAL_SECONDS, wish.as_data())
    return MoodRequest(text, wish, by, said.until, note)


def correct(workspace: Workspace, words: str, less: bool = False) -> MoodRequest:
    """Moves the mood in force towards ``words``, or away from them; its time stays. Raises ``UserError`` where no mood is in
    force, or nothing of the words is understood."""
    said = moods.in_force(workspace.state, clock.now())
    if said is None:
        raise UserError("no mood is in force; ask for one first, such as `spotify-ai mood calm`")
    model = fitted(workspace)
    wish, towards = wish_of(said, model), mood_query(model, words, cluster_names(workspace))
    sign = -1.0 if less else 1.0
    axes = {
        axis: float(np.clip(wish.axes.get(axis, 0.0) + sign * NUDGE * towards.axes.get(axis, 0.0), -1, 1))
        for axis in wish.axes | towards.axes
    }
    tags = wish.tags | {tag: sign * weight for tag, weight in towards.tags.items() if abs(weight) >= 1}
    changed = replace(
        wish, axes=axes, tags=tags, understood=[*wish.understood, f"{'less' if less else 'more'} {words}"]
    )
    text = f"{said.words}, {changed.understood[-1]}"
    kept = moods.say(workspace.state, text, said.until - clock.now(), changed.as_data())
    return MoodRequest(text, changed, moods.LISTENER, kept.until)


def wish_of(said: moods.SaidMood, model: Model) -> MoodQuery:
    """Gives what was understood when the mood was said; of an older one what the lexicon makes of it."""
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
    """Gives what ``words`` ask for by lexicon and encoder; raises ``NotUnderstood`` where nothing of them is
    understood."""
    wish = understand(words, model.tags.vocabulary, clusters or [], meaning())
    if not wish.says_something:
        raise NotUnderstood(words, nearest_moods(words, meaning()))
    return wish


def meaning() -> Meaning | None:
    """The encoder's reading of phrases; None where `make words` was not run."""
    return _read_phrase if phrases.is_installed() else None


@cache
def _anchors() -> Anchors:
    return Anchors.shipped()


@lru_cache(maxsize=1_000)
def _read_phrase(text: str) -> dict[str, float]:
    return _anchors().read(phrases.vectors([text])[0])


def text_vectors(model: Model, text: str, features: Features) -> dict[str, Matrix]:
    """``text`` in each space in which songs of this library have vectors of their own: of lyrics, and of CLAP."""
    found: dict[str, Matrix] = {}
    if model.counts[CLAP] and len(model.clap.mean) == clap.DIMENSIONS:
        found[CLAP] = clap.Clap(features.clap_model, features.clap_batch_size).text_vector(text).astype(np.float64)
    if model.counts[LYRICS]:
        from spotify_ai_pipeline.encoders.sentences import Sentences

        found[LYRICS] = Sentences().vectors([text])[0].astype(np.float64)
    return found


def cluster_names(workspace: Workspace) -> list[str]:
    """Names of the listener's clusters, the largest first; empty before there are any."""
    table = workspace.lake.read_or_none(datasets.CLUSTER_NAMES)
    return [] if table is None else table.filter(level="cluster").sort("songs", descending=True)["name"].to_list()


def by_claude(workspace: Workspace, text: str, model: Model, purpose: str = MOODS) -> tuple[MoodQuery | None, str, str]:
    """(wish, by whom, why not by Claude); ``purpose`` is the switch in the settings."""
    if reason := why_not(workspace, purpose):
        return None, _reader(), reason
    from spotify_ai_pipeline.clients.claude import Claude

    tags, clusters = model.tags.vocabulary, cluster_names(workspace)
    system = prompt("mood")
    try:
        asked = llm_schema.question(text, tags, clusters)
        answer = Claude.of(workspace).ask(llm_schema.MoodAnswer, system, asked, "mood", LONGEST_ANSWER)
    except ExpectedError as error:  # over budget, refused, cut short, out of reach
        return None, _reader(), str(error)
    wish = llm_schema.grounded(answer, text, tags, clusters)
    return (
        (wish, who_answers(workspace), "")
        if wish.says_something
        else (None, _reader(), "Claude's answer names nothing of your library")
    )


def _reader() -> str:
    return moods.ENCODER if phrases.is_installed() else moods.LEXICON
