"""Standing taste: what the listener says once and for long, which songs it means, and what the program believes of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.app.mood_requests import cluster_names, meaning
from spotify_ai_pipeline.errors import UserError
from spotify_ai_pipeline.music.embedding.model import Model
from spotify_ai_pipeline.music.mood.detection import mood_match, mood_rank
from spotify_ai_pipeline.music.mood.grammar import FILLERS, plain
from spotify_ai_pipeline.music.mood.lexicon import FORMS
from spotify_ai_pipeline.music.taste.standing import TasteRule, describe_rule, fits, understand_rule
from spotify_ai_pipeline.storage import datasets, taste_rules, verdicts
from spotify_ai_pipeline.storage.embedding_model import embedding_model
from spotify_ai_pipeline.storage.taste_rules import KeptRule
from spotify_ai_pipeline.storage.workspace import Workspace

EXAMPLES = 5
LATELY_DAYS = 90
MOST_BELIEFS = 8
NOT_SO = "not so: "


@dataclass(frozen=True)
class Understood:
    """A wish as it was understood, before it counts: its number, a sentence, and the songs that it means now."""

    rule_id: int
    words: str
    sentence: str
    songs: int
    examples: list[str]


@dataclass(frozen=True)
class Belief:
    """A belief about the listener, with its evidence, and the words that deny it."""

    says: str
    evidence: str
    denial: str


def propose(workspace: Workspace, text: str) -> Understood:
    """Understands ``text`` and keeps it; ``agree`` makes it count. Raises ``UserError`` where nothing of it is understood."""
    now, model = _here(workspace, clock.now()), embedding_model(workspace.lake)
    artists = known_artists(workspace)
    tags = model.tags.vocabulary if model else ()
    rule, until = understand_rule(text, now, tags, cluster_names(workspace), artists, meaning())
    if not rule.means_something:
        raise UserError(
            f"{text!r}: I understand no artist, tag, cluster, years or sound in it; say it as in "
            "'less christmas music outside december', 'more 90s punk until march' or 'no Some Artist'"
        )
    end = until.timestamp() if until else None
    rule_id = taste_rules.propose(workspace.state, text, rule.as_data(), end)
    songs = known_songs(workspace)
    vectors = workspace.lake.read_or_none(datasets.SONG_EMBEDDINGS)
    meant = songs.filter(fits(rule, _with_sound(workspace, songs, rule, model, vectors)))
    some = meant.sort("plays", "song_id", descending=[True, False], nulls_last=True).head(EXAMPLES)
    named = [f"{artist} — {title}" for artist, title in some.select("artist", "title").iter_rows()]
    return Understood(rule_id, text, describe_rule(rule, until), meant.height, named)


def describe(workspace: Workspace, kept: KeptRule) -> str:
    """A rule in words, with what it means."""
    until = _here(workspace, kept.until) if kept.until else None
    return f"{kept.words}: {describe_rule(TasteRule.from_data(kept.rule), until)}"


def factors(workspace: Workspace, now: float) -> pl.DataFrame:
    """Gives what the rules in force at ``now`` (UTC seconds) do to the forecast: song_id, by_rules and rules (the words
    of those that mean the song). Songs that no rule means have no row."""
    if not (rules := _rules(workspace, now)):
        return NO_FACTORS
    return _factors(workspace, rules, known_songs(workspace), workspace.lake.read_or_none(datasets.SONG_EMBEDDINGS))


def candidate_factors(
    workspace: Workspace, candidates: pl.DataFrame, vectors: pl.DataFrame | None, now: float
) -> pl.DataFrame:
    """The same for ``candidates`` (song_id, artist, title, tags with weights, region), songs outside the library. Their
    ``vectors`` (song_id, vector) stand among the library's; the year of a candidate is unknown."""
    if not (rules := _rules(workspace, now)):
        return NO_FACTORS
    songs = candidates.select(
        "song_id", "artist", "title", year=pl.lit(None, pl.Int64), cluster="region",
        tags=pl.col("tags").list.eval(pl.element().struct.field("tag")),
    )  # fmt: skip
    known = workspace.lake.read_or_none(datasets.SONG_EMBEDDINGS)
    both = [one.select("song_id", "vector") for one in (known, vectors) if one is not None]
    return _factors(workspace, rules, songs, pl.concat(both) if both else None)


NO_FACTORS = pl.DataFrame(schema={"song_id": pl.String, "by_rules": pl.Float64, "rules": pl.String})


def _rules(workspace: Workspace, now: float) -> list[tuple[str, TasteRule]]:
    """The rules that hold at ``now``, each with its words."""
    at = _here(workspace, now)
    kept = [(one.words, TasteRule.from_data(one.rule)) for one in taste_rules.in_force(workspace.state, now)]
    return [(words, rule) for words, rule in kept if rule.holds(at)]


def _factors(
    workspace: Workspace, rules: list[tuple[str, TasteRule]], songs: pl.DataFrame, vectors: pl.DataFrame | None
) -> pl.DataFrame:
    model, parts = embedding_model(workspace.lake), list[pl.DataFrame]()
    for words, rule in rules:
        meant = songs.filter(fits(rule, _with_sound(workspace, songs, rule, model, vectors)))
        said = pl.lit(f"you said: {words}")
        parts.append(meant.select("song_id", factor=pl.lit(rule.factor, pl.Float64), words=said))
    every = pl.concat(parts).group_by("song_id", maintain_order=True)
    return every.agg(by_rules=pl.col("factor").product(), rules=pl.col("words").str.join(", "))


def beliefs(workspace: Workspace) -> list[Belief]:
    """Gives what the program believes of the listener: artists, tags and years that they play more than most, and what
    they refused. What they said is not so is left out."""
    songs = known_songs(workspace)
    since = datetime.fromtimestamp(clock.now() - timedelta(days=LATELY_DAYS).total_seconds(), UTC)
    heard = workspace.lake.scan(datasets.LISTENS).filter(pl.col("counts") & (pl.col("played_at") >= since))
    lately = heard.group_by("song_id").agg(pl.len().alias("lately")).collect()
    known = songs.join(lately, on="song_id", how="left").with_columns(pl.col("lately").fill_null(0))
    found = [*_artist_beliefs(known), *_tag_beliefs(known), *_era_beliefs(known), *_refusals(workspace, songs)]
    denied = {one.words for one in taste_rules.in_force(workspace.state, clock.now())}
    return [one for one in found if NOT_SO + one.denial not in denied][:MOST_BELIEFS]


def deny(workspace: Workspace, belief: Belief) -> int:
    """The belief is not so: what it is about counts less from now on. Gives the number of the rule that says so."""
    now, model = _here(workspace, clock.now()), embedding_model(workspace.lake)
    tags = model.tags.vocabulary if model else ()
    rule, _ = understand_rule(belief.denial, now, tags, (), known_artists(workspace))
    rule_id = taste_rules.propose(workspace.state, NOT_SO + belief.denial, rule.as_data(), None)
    taste_rules.agree(workspace.state, rule_id)
    return rule_id


def _artist_beliefs(known: pl.DataFrame) -> list[Belief]:
    by_artist = known.group_by("artist").agg(
        pl.sum("lately"), pl.sum("plays"), pl.sum("liked"), pl.len().alias("songs")
    )
    top = by_artist.filter(pl.col("lately") >= 3).sort("lately", "artist", descending=[True, False]).head(3)
    return [
        Belief(
            f"you are into {row['artist']}",
            f"{row['lately']:,} plays in {LATELY_DAYS} days, {row['plays']:,} in all; "
            f"{row['liked']} of {row['songs']} songs liked",
            f"less {row['artist']}",
        )
        for row in top.iter_rows(named=True)
    ]


def _tag_beliefs(known: pl.DataFrame) -> list[Belief]:
    """Tags whose share of the plays is above their share of the library."""
    tagged = known.explode("tags").drop_nulls("tags")
    plays, songs = max(int(known["lately"].sum()), 1), max(known.height, 1)
    by_tag = tagged.group_by("tags").agg(pl.sum("lately"), pl.len().alias("songs")).filter(pl.col("lately") >= 5)
    lift = by_tag.with_columns(played=pl.col("lately") / plays, owned=pl.col("songs") / songs)
    top = lift.filter(pl.col("played") > pl.col("owned")).sort(
        pl.col("played") - pl.col("owned"), pl.col("tags"), descending=[True, False]
    )
    return [
        Belief(
            f"you like {row['tags']}",
            f"{row['played']:.0%} of your plays in {LATELY_DAYS} days, {row['owned']:.0%} of your songs",
            f"less {row['tags']}",
        )
        for row in top.head(3).iter_rows(named=True)
    ]


def _era_beliefs(known: pl.DataFrame) -> list[Belief]:
    dated = known.filter(pl.col("year").is_between(1950, 2100)).with_columns(decade=pl.col("year") // 10 * 10)
    plays = max(int(dated["lately"].sum()), 1)
    top = (
        dated.group_by("decade")
        .agg(pl.sum("lately"))
        .filter(pl.col("lately") * 3 > plays)
        .sort("lately", descending=True)
    )
    return [
        Belief(
            f"you live in the {row['decade']}s",
            f"{row['lately'] / plays:.0%} of your plays in {LATELY_DAYS} days",
            f"less {row['decade']}s",
        )
        for row in top.head(1).iter_rows(named=True)
    ]


def _refusals(workspace: Workspace, songs: pl.DataFrame) -> list[Belief]:
    refused = [song for song, verdict in verdicts.standing(workspace.state, clock.now()).items() if verdict == "reject"]
    by_artist = songs.filter(pl.col("song_id").is_in(refused)).group_by("artist").len().filter(pl.col("len") >= 2)
    return [
        Belief(f"you do not want {artist}", f"{count} songs rejected", f"more {artist}")
        for artist, count in by_artist.sort("len", "artist", descending=[True, False]).head(1).iter_rows()
    ]


def known_songs(workspace: Workspace) -> pl.DataFrame:
    """song_id, artist, title, liked, year, tags, cluster (null where unknown) and plays."""
    lake = workspace.lake
    songs = lake.read(datasets.SONGS).select(
        "song_id", "artist", "title", "liked", year=pl.col("release_date").str.slice(0, 4).cast(pl.Int64, strict=False)
    )
    tags, groups, names = (lake.read_or_none(one) for one in (datasets.TAGS, datasets.CLUSTERS, datasets.CLUSTER_NAMES))
    stats = lake.read_or_none(datasets.LISTENING_STATS)
    empty = pl.DataFrame(schema={"song_id": pl.String})
    tagged = (
        empty.with_columns(tags=pl.lit([], pl.List(pl.String)))
        if tags is None
        else tags.select("song_id", tags=pl.col("tags").list.eval(pl.element().struct.field("tag")))
    )
    named = (
        empty.with_columns(cluster=pl.lit(""))
        if groups is None or names is None
        else groups.join(names.filter(level="cluster"), on="cluster_id").select("song_id", cluster="name")
    )
    played = empty.with_columns(plays=pl.lit(0)) if stats is None else stats.select("song_id", "plays")
    for table in (tagged, named, played):
        songs = songs.join(table, on="song_id", how="left", maintain_order="left")
    return songs


def _with_sound(
    workspace: Workspace, songs: pl.DataFrame, rule: TasteRule, model: Model | None, vectors: pl.DataFrame | None
) -> pl.DataFrame:
    """``songs`` with ``sound``: the share of songs that have ``vectors`` and match the rule's sound less."""
    if not rule.axes or model is None or vectors is None or vectors.is_empty():
        return songs.with_columns(sound=pl.lit(None, pl.Float64))
    towards = model.direction(rule.axes, {}, workspace.settings.features).astype(np.float32)
    rank = mood_rank(mood_match(vectors["vector"].to_numpy(), towards))
    return songs.join(vectors.select("song_id", sound=pl.Series(rank)), on="song_id", how="left", maintain_order="left")


def known_artists(workspace: Workspace) -> list[str]:
    """Names of the library's artists and of those that were found for the listener; one that is a common word ("Yes",
    "Christmas") is none here."""
    tables = (workspace.lake.read(datasets.SONGS), workspace.lake.read_or_none(datasets.CANDIDATES))
    named = pl.concat([one.select("artist") for one in tables if one is not None])
    names = named["artist"].unique(maintain_order=True).drop_nulls().to_list()
    return [name for name in names if plain(name) not in FORMS and plain(name) not in FILLERS]


def _here(workspace: Workspace, seconds: float) -> datetime:
    """A moment by the listener's clock."""
    return datetime.fromtimestamp(seconds, UTC).astimezone(workspace.settings.listener.zone)
