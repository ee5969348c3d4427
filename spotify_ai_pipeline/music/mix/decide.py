"""The decision: the songs of a list in order, each with its reason, and those that leave it, each with why."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

import polars as pl

from spotify_ai_pipeline.music.mix.credits import of_songs
from spotify_ai_pipeline.music.mix.edits import WRITTEN_AT_ONCE
from spotify_ai_pipeline.music.mix.returning import Left, resting
from spotify_ai_pipeline.music.mix.select import CREDITS, LEEWAY, choose
from spotify_ai_pipeline.music.mix.sequence import sequence, settled, yielded
from spotify_ai_pipeline.music.tables import TRIALS
from spotify_ai_pipeline.music.taste.ranking import DISCOVERY, EXPLORATION
from spotify_ai_pipeline.settings import Playlist

NEW, KEPT, OUT = "new", "kept", "out"


COLUMNS = [
    "rank",
    "slot",
    "title",
    "artist",
    "score",
    "taste",
    "mood",
    "freshness",
    "reason",
    "change",
    "song_id",
    "track_id",
    CREDITS,
    "tired",
]

BARRED_WORDS = {
    "reject": "you said never",
    "remove": "you took it off",
    "later": "you said not now",
    "wrong_version": "you said it is the wrong version",
    "fewer": "you asked for fewer songs of this artist",
}


@dataclass(frozen=True)
class Trial:
    """A song whose trial is over, and why in words."""

    title: str
    artist: str
    why: str


@dataclass(frozen=True)
class Standing:
    """The facts of one list at this moment, in song ids."""

    current: Mapping[str, list[str]] = field(default_factory=dict[str, list[str]])
    """The songs on the list now, in order, each with the Spotify ids it is there under; empty before the first fill."""
    held: Mapping[str, str] = field(default_factory=dict[str, str])
    """Songs that stay, each with why in words."""
    barred: Mapping[str, str] = field(default_factory=dict[str, str])
    """Songs that may not be on the list, with the verdict, or in words why."""
    unavailable: Collection[str] = ()
    """Spotify ids that cannot be played now."""
    at: float = 0.0
    """The moment of the decision (UTC seconds)."""
    left: Mapping[str, Left] = field(default_factory=dict[str, Left])
    """Songs that left the list lately."""
    ended: Mapping[str, Trial] = field(default_factory=dict[str, Trial])
    """Songs whose trial came to nothing lately."""
    before_visit: Collection[str] = ()
    """The songs that the list goes back to, where the mood is over that it changed for; empty otherwise."""


@dataclass(frozen=True)
class Rules:
    """The shape of one list: its size, slots, cap and spacing, and how much novelty counts."""

    playlist: Playlist
    loyalty: float = 1.0
    artist_cap: int | None = None
    novelty: float = 0.0
    """0..1: how much of the order of songs brought back is by how little they were heard."""
    most: int | None = None
    """Songs that may come; None for as many as one refresh may change."""
    mood: str = ""
    """The words of the mood that was asked for, while the list follows it: resting songs may come, the order is by the mood."""
    in_order: bool = False
    """The songs play in the order of their scores."""


@dataclass(frozen=True)
class Decision:
    """The list that shall be: ``table`` has a row a song, in order; songs that leave have no rank. ``on_list`` are the
    Spotify ids under which a song is there now."""

    table: pl.DataFrame

    @property
    def listed(self) -> pl.DataFrame:
        return self.table.drop_nulls("rank")


def nearer(decided: pl.DataFrame, spacing: int) -> dict[str, int]:
    """The artists on a decided list that stand nearer than ``spacing``, because there is no order that keeps it, with the
    songs between two of theirs."""
    listed = decided.drop_nulls("rank").sort("rank")
    called = {names[0]: artist for names, artist in listed.select(CREDITS, "artist").iter_rows() if names}
    return {called.get(name, name): between for name, between in yielded(listed[CREDITS].to_list(), spacing).items()}


def decide(scores: pl.DataFrame, now: Standing, rules: Rules, trials: pl.DataFrame | None = None) -> Decision:
    """The next list. ``scores`` are ranked songs (see the asset song_scores) with ``credits`` (everyone heard on a song) and
    ``energy`` (0..1, null where unknown); ``trials`` (``TRIALS``) compete for the discovery slot."""
    known = _with_trials(scores, trials)
    playable = _playable(known, now)
    candidates = _candidates(playable, now, rules)
    selected = choose(
        candidates,
        list(now.before_visit or now.current),
        rules.playlist,
        pinned=now.held,
        banned=set(now.barred),
        resting=() if rules.mood else resting(now.left, candidates, now.at),
        loyalty=rules.loyalty,
        artist_cap=rules.artist_cap,
        most=rules.most,
        leeway=rules.playlist.target_size if rules.mood else LEEWAY,
    )
    chosen = selected.songs.with_columns(is_new=~pl.col("song_id").is_in(list(now.current)))
    if rules.mood:
        chosen = chosen.sort("mood", descending=True, nulls_last=True, maintain_order=True)
    if rules.playlist.target_size > WRITTEN_AT_ONCE and not rules.in_order:
        chosen = _in_place(chosen, list(now.current))
    spacing = rules.playlist.min_artist_spacing
    unchanged = not rules.mood and not rules.in_order and set(chosen["song_id"]) == set(now.current)
    if unchanged:
        chosen = _in_place(chosen, list(now.current))
    elif not rules.in_order:
        chosen = chosen[sequence(chosen[CREDITS].to_list(), spacing, chosen["energy"].to_list())]
    if not rules.in_order:  # settled at once, so that the next look moves nothing
        chosen = chosen[settled(chosen[CREDITS].to_list(), spacing, chosen["energy"].to_list())]
    listed = chosen.with_columns(
        rank=pl.int_range(1, pl.len() + 1),
        change=pl.when("is_new").then(pl.lit(NEW)).otherwise(pl.lit(KEPT)),
        reason=_staying(now, rules),
    )
    leaving = _leaving(known, now, set(listed["song_id"]), set(playable["song_id"]), selected.why)
    on_list = pl.DataFrame(
        {"song_id": list(now.current), "on_list": list(now.current.values())},
        schema={"song_id": pl.String, "on_list": pl.List(pl.String)},
    )
    table = pl.concat([listed.select(COLUMNS), leaving.select(COLUMNS)]).join(
        on_list, on="song_id", how="left", maintain_order="left"
    )
    return Decision(table)


def _with_trials(scores: pl.DataFrame, trials: pl.DataFrame | None) -> pl.DataFrame:
    if trials is None or trials.is_empty():
        return scores
    rows = trials.select(*TRIALS).with_columns(
        slot=pl.lit(DISCOVERY),
        track_ids=pl.concat_list("track_id"),
        in_library=pl.lit(False),
        tired=pl.lit(False),
        plays=pl.lit(0, scores.schema["plays"]),
    )
    named = of_songs(([artist], artist, title) for artist, title in rows.select("artist", "title").iter_rows())
    heard = scores.select("song_id", CREDITS, "energy")
    rows = rows.join(heard, on="song_id", how="left", maintain_order="left").with_columns(
        pl.col(CREDITS).fill_null(pl.Series(named, dtype=pl.List(pl.String)))
    )
    return pl.concat([scores.join(trials, on="song_id", how="anti"), rows], how="diagonal_relaxed")


def _playable(known: pl.DataFrame, now: Standing) -> pl.DataFrame:
    """The songs that can be played, each under the Spotify id it is on the list with, else its own, else another one."""
    ids = pl.DataFrame(
        {"song_id": list(now.current), "there": list(now.current.values())},
        schema={"song_id": pl.String, "there": pl.List(pl.String)},
    )
    own = pl.concat_list(pl.col("there").fill_null([]), "track_id", pl.col("track_ids").fill_null([]))
    found = known.join(ids, on="song_id", how="left", maintain_order="left").with_columns(usable=own)
    if now.unavailable:
        gone = pl.element().is_in(list(now.unavailable))
        found = found.with_columns(usable=pl.col("usable").list.eval(pl.element().filter(~gone)))
    return (
        found.with_columns(track_id=pl.col("usable").list.drop_nulls().list.first())
        .drop("usable", "there")
        .filter(pl.col("track_id").is_not_null())
    )


def _candidates(playable: pl.DataFrame, now: Standing, rules: Rules) -> pl.DataFrame:
    """Songs of the library, songs on trial and what is on the list. What left the library leaves the list: last come, first
    gone, within the cap."""
    at_home = pl.col("in_library") | (pl.col("slot") == DISCOVERY) | pl.col("song_id").is_in(list(now.held))
    found = playable.filter(at_home | pl.col("song_id").is_in(list(now.current)))
    if rules.novelty:
        found = _by_novelty(found, rules.novelty)
    return found.with_columns(score=pl.when(at_home).then("score"))


def _by_novelty(songs: pl.DataFrame, novelty: float) -> pl.DataFrame:
    """``songs`` with those brought back scored by rank (0..1) and by how little they were heard: 1 never, 1/2 once. A song
    whose rank is unknown counts as the middle one."""
    dormant = pl.col("slot") == EXPLORATION
    rank = pl.col("score").rank("average").over("slot") / pl.col("score").count().over("slot")
    blended = (1 - novelty) * rank.fill_null(0.5) + novelty / (1 + pl.col("plays"))
    return songs.with_columns(score=pl.when(dormant).then(blended).otherwise("score"))


def _in_place(chosen: pl.DataFrame, current: list[str]) -> pl.DataFrame:
    """``chosen`` with what is new first and the rest as it stands: a long list is changed song by song, and each move is a
    call."""
    places = pl.DataFrame(
        {"song_id": current, "at": range(len(current))}, schema={"song_id": pl.String, "at": pl.Int64}
    )
    found = chosen.join(places, on="song_id", how="left", maintain_order="left")
    return found.sort("at", nulls_last=False, maintain_order=True).drop("at")


def _staying(now: Standing, rules: Rules) -> pl.Expr:
    """Says why a song is on the list: what holds it, the mood that it fits, else what it is ranked by."""
    held = pl.col("song_id").replace_strict(dict(now.held), default=None, return_dtype=pl.String)
    guest, back = bool(rules.mood), bool(now.before_visit)
    like = (100 * pl.col("mood")).round(0).cast(pl.Int64)
    return (
        pl.when(held.is_not_null())
        .then(held)
        .when(pl.col("is_new") & guest & pl.col("mood").is_not_null())
        .then(pl.format("you asked for {}: fits better than {} % of your songs", pl.lit(rules.mood), like))
        .when(pl.col("is_new") & back)
        .then(pl.format("back after the mood: {}", "reason"))
        .otherwise("reason")
    )


def _leaving(
    known: pl.DataFrame, now: Standing, listed: set[str], playable: set[str], gave_way: Mapping[object, str]
) -> pl.DataFrame:
    """The songs that leave, with why."""
    gone = [song for song in now.current if song not in listed]
    left = pl.DataFrame({"song_id": gone}, schema={"song_id": pl.String})
    rows = left.join(known, on="song_id", how="left", maintain_order="left")
    words = {song: BARRED_WORDS.get(why, why) for song, why in now.barred.items()}
    barred = pl.col("song_id").replace_strict(words, default=None, return_dtype=pl.String)
    at_home = (pl.col("in_library") | (pl.col("slot") == DISCOVERY)).fill_null(False)
    over = _of_trials(now, lambda trial: trial.why)
    why = (
        pl.when(barred.is_not_null())
        .then(barred)
        .when(~at_home & over.is_not_null())
        .then(over)
        .when(pl.col("title").is_null())
        .then(pl.lit("not a song of yours that is known"))
        .when(~pl.col("song_id").is_in(list(playable)))
        .then(pl.lit("cannot be played on Spotify now"))
        .when(~at_home)
        .then(pl.lit("left your library"))
        .when(pl.lit(value=bool(now.before_visit)))
        .then(pl.lit("its mood is over"))
        .otherwise(pl.col("song_id").replace_strict(dict(gave_way), default="gave way", return_dtype=pl.String))
    )
    return rows.with_columns(
        rank=pl.lit(None, pl.Int64),
        change=pl.lit(OUT),
        reason=why,
        track_id=pl.coalesce("track_id", "song_id"),
        title=pl.coalesce("title", _of_trials(now, lambda trial: trial.title)),
        artist=pl.coalesce("artist", _of_trials(now, lambda trial: trial.artist)),
    )


def _of_trials(now: Standing, what: Callable[[Trial], str]) -> pl.Expr:
    told = {song: what(trial) for song, trial in now.ended.items()}
    return pl.col("song_id").replace_strict(told, default=None, return_dtype=pl.String)
