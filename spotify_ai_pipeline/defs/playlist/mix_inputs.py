"""The inputs of a decision: the frames of the lake and what the listener said, gathered for ``music.mix.decide``.

Nothing here writes: the asset, and a dry run beside it, decide the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import takewhile
from math import floor

import polars as pl

from spotify_ai_pipeline.app.library_reader import LIBRARY_READ_AT, LISTS_READ_AT
from spotify_ai_pipeline.app.playlist_places import target_name
from spotify_ai_pipeline.app.tracked_list import named_by_any
from spotify_ai_pipeline.clients.playlist_target import GONE, songs_in
from spotify_ai_pipeline.durations import DAY
from spotify_ai_pipeline.music.identity.songs import song_of_track
from spotify_ai_pipeline.music.mix import change_cap, changes_left, loyalty
from spotify_ai_pipeline.music.mix.credits import column, of_songs
from spotify_ai_pipeline.music.mix.decide import OUT, Decision, Rules, Standing, Trial, decide
from spotify_ai_pipeline.music.mix.edits import Edits, by_song, hand_edits
from spotify_ai_pipeline.music.mix.habit import artist_cap
from spotify_ai_pipeline.music.mix.returning import REST, Left
from spotify_ai_pipeline.music.mix.target_ids import SPOTIFY, with_target_ids
from spotify_ai_pipeline.music.plays.play_counts import Plays
from spotify_ai_pipeline.music.taste.taste_model import artist_numbers
from spotify_ai_pipeline.settings import Playlist, Settings
from spotify_ai_pipeline.storage import datasets, moods, pins, playlists, queue, trials
from spotify_ai_pipeline.storage.playlists import ADVENTURE, MIX, REFRESHED, RETURNED, VISITED, Refresh
from spotify_ai_pipeline.storage.state import State
from spotify_ai_pipeline.storage.workspace import Workspace

ON_TRIAL_AT_0, ON_TRIAL_A_STEP = 0.2, 0.06
"""The share of the adventure that is on trial, at dial 0 and by step: a fifth to four fifths."""
OVER_FOR = 7 * DAY
"""How long the end of a trial is the reason why its song leaves."""


ROWS = ("list_id", "track_id", "position", "snapshot_id")
"""What is read of each row of the library."""
NAMED = ("song_id", "track_id", "track_ids", "mbid")
"""What is read of each song to name it as the target does."""


def listed_rows(library: pl.LazyFrame, our_lists: pl.LazyFrame) -> pl.DataFrame:
    """The rows of all lists as they were read last: Spotify's, and ours where they are kept elsewhere."""
    return pl.concat([library.select(*ROWS), our_lists.select(*ROWS)]).collect()


@dataclass(frozen=True)
class Material:
    """The frames that a decision reads."""

    song_scores: pl.DataFrame
    spotify_library: pl.DataFrame
    songs: pl.DataFrame
    listens: pl.DataFrame
    audio_features: pl.DataFrame
    trials: pl.DataFrame
    """Songs on trial (``music.mix.decide.TRIALS``)."""

    @classmethod
    def of(
        cls,
        song_scores: pl.LazyFrame,
        spotify_library: pl.LazyFrame,
        our_lists: pl.LazyFrame,
        songs: pl.LazyFrame,
        listens: pl.LazyFrame,
        audio_features: pl.LazyFrame,
        trials: pl.LazyFrame,
    ) -> Material:
        """Picks what a decision needs of these."""
        return cls(
            song_scores.collect(),
            listed_rows(spotify_library, our_lists),
            songs.select(*NAMED, "title", "artist", "artists", "artist_key").collect(),
            listens.select("song_id", "played_at").collect(),
            audio_features.select("song_id", "energy").collect(),
            trials.collect(),
        )

    @classmethod
    def of_lake(cls, workspace: Workspace) -> Material:
        """The frames as the lake holds them now. A home of an older version kept our lists among the others, or had none."""
        scan = workspace.lake.scan
        ours = workspace.lake.read_or_none(datasets.OUR_LISTS)
        return cls.of(
            scan(datasets.SONG_SCORES),
            scan(datasets.SPOTIFY_LIBRARY),
            (datasets.OUR_LISTS.empty() if ours is None else ours).lazy(),
            scan(datasets.SONGS),
            scan(datasets.LISTENS).filter("counts"),
            scan(datasets.AUDIO_FEATURES),
            scan(datasets.TRIALS),
        )


@dataclass(frozen=True)
class Decided:
    decision: Decision
    edits: Edits
    said: list[queue.Said]
    """The edits by hand as verdicts; they are recorded where the list is written."""
    artist_cap: int | None
    playlist: Playlist
    may_change: int
    """Songs that may come at this refresh."""
    occasion: str
    """What the refresh is: ``REFRESHED``, or ``VISITED`` for a mood that was asked for, or ``RETURNED`` after it."""


def playlist_of(settings: Settings, name: str, adventurous: int | None = None) -> Playlist:
    """The rules of size, slots and change of the list ``name``; ``adventurous`` stands in for the configured dial."""
    if name == MIX:
        dial = settings.playlist.adventurousness if adventurous is None else adventurous
        return settings.playlist.model_copy(update={"adventurousness": dial})
    dial = settings.adventure.dial if adventurous is None else adventurous
    on_trial = ON_TRIAL_AT_0 + ON_TRIAL_A_STEP * dial
    return settings.playlist.model_copy(
        update={
            "target_size": settings.adventure.target_size,
            "core_fraction": 0.0,
            "exploration_fraction": 1 - on_trial,
            "discovery_fraction": on_trial,
            "adventurousness": 5,
        }
    )


def decide_list(
    workspace: Workspace, name: str, material: Material, now: float, adventurous: int | None = None
) -> Decided:
    """The next list ``name`` at ``now`` (UTC seconds). Edits by hand are respected as if they were recorded already."""
    settings, state = workspace.settings, workspace.state
    playlist = playlist_of(settings, name, adventurous)
    dial = settings.adventure.dial if adventurous is None else adventurous
    song_of = known_tracks(with_target_ids(material.songs, target_name(workspace)), material.trials)
    there, edits, said = since_written(state, name, material.spotify_library, song_of, now)
    standing = _standing(state, name, there, edits, song_of, now, settings)
    plays = Plays.of(material.listens, material.songs["song_id"])
    cap = artist_cap(plays, artist_numbers(material.songs["artist_key"]), now, playlist)
    asked = moods.in_force(state, now) if name == MIX else None
    past = Past.read(state, name, now, settings)
    if asked:
        most = max(visit_cap(settings) - past.came_on_visit, changes_left(playlist, (), now) if past.visits else 0)
    elif home := _home(past, standing, song_of):
        standing = replace(standing, before_visit=home)
        most = 0
    else:
        most = changes_left(playlist, past.weekly, now)
    standing = replace(standing, left=past.left, at=now)
    novelty = dial / 10 if name == ADVENTURE else 0.0
    rules = Rules(playlist, loyalty(settings.cycling), cap, novelty, most, asked.words if asked else "")
    decision = decide(with_sound(material), standing, rules, material.trials)
    occasion = VISITED if asked else RETURNED if standing.before_visit else REFRESHED
    may_change = change_cap(playlist) if occasion == REFRESHED else visit_cap(settings)
    return Decided(decision, edits, said, cap, playlist, max(may_change, change_cap(playlist)), occasion)


def _home(past: Past, standing: Standing, song_of: Mapping[str, str]) -> list[str]:
    """The songs of the list before a visit that is over; none where there was no visit, or the list holds them already."""
    before = by_song(past.visits[0].before or [], song_of) if past.visits else {}
    home = [song for song in before if song not in standing.barred]
    return [] if set(home) == set(standing.current) else home


def visit_cap(settings: Settings) -> int:
    """Songs that a mood which was asked for may change."""
    return floor(settings.playlist.target_size * settings.mood.visit_change + 1e-9)


@dataclass(frozen=True)
class Past:
    """The last refreshes of a list, and what they mean for the next one."""

    left: dict[str, Left]
    """Songs that left the list and still rest."""
    weekly: list[tuple[float, int]]
    """When songs came (UTC seconds), and how many, in the last week."""
    visits: list[Refresh]
    """The refreshes for the mood that the list follows, or followed until now, the oldest first."""

    @property
    def came_on_visit(self) -> int:
        return sum(refresh.added for refresh in self.visits)

    @classmethod
    def read(cls, state: State, name: str, now: float, settings: Settings) -> Past:
        """Reads the log of refreshes. What came or went for a mood neither rests nor counts towards the week."""
        longest = max(REST, settings.cycling.cooldown_days * DAY)
        made = playlists.changes_since(state, now - longest, name)
        left, weekly = dict[str, Left](), list[tuple[float, int]]()
        for refresh in (one for one in made if one.outcome == REFRESHED):
            for change in (one for one in refresh.changes or () if one["change"] == OUT):
                tired = bool(change.get("tired"))  # refreshes of older versions do not say
                left[change["song_id"]] = Left.since(refresh.refreshed_at, settings.cycling, tired=tired)
            weekly.append((refresh.refreshed_at, refresh.added))
        visits = list(takewhile(lambda one: one.outcome == VISITED, reversed(made)))[::-1]
        return cls(left, weekly, visits)


def since_written(
    state: State, name: str, library: pl.DataFrame, song_of: Mapping[str, str], now: float
) -> tuple[dict[str, list[str]], Edits, list[queue.Said]]:
    """(the songs on the list ``name`` now with their Spotify ids, what the listener did to it since we wrote it, the verdicts
    that this means). The same edits give the same verdicts until the list is written again."""
    last = playlists.written(state, name)
    there, edits = list_and_edits(state, name, library, song_of, queue.standing(state, now))
    said = [
        queue.Said(song, verdict, f"hand:{last.written_at if last else 0}:{song}:{verdict}")
        for verdict, songs in (("keep", edits.added), ("remove", edits.removed))
        for song in songs
    ]
    return there, edits, said


def list_and_edits(
    state: State, name: str, library: pl.DataFrame, song_of: Mapping[str, str], verdicts: Mapping[str, str]
) -> tuple[dict[str, list[str]], Edits]:
    """(the songs on our playlist ``name`` now, in order, each with the Spotify ids under which it is there; what the listener did
    to it since we wrote it).

    There are no songs before the first fill, and no edits where the list was read before our last write. A song that Spotify does
    not show was not taken off by hand.
    """
    tracks, unclear = _tracks_now(state, name, library)
    there, last = by_song(tracks, song_of), playlists.written(state, name)
    if last is None or _read_at(state) <= last.written_at:
        return there, Edits([], [])
    intended = None if last.intended is None else list(by_song(last.intended, song_of))
    removed = {song for song, verdict in verdicts.items() if verdict == "remove"}
    edits = hand_edits(list(there), list(by_song(last.track_ids, song_of)), intended, removed)
    unseen = by_song(unclear, song_of)
    return there, Edits(edits.added, [song for song in edits.removed if song not in unseen])


def _read_at(state: State) -> float:
    """Says when our lists were last read whole (UTC seconds): with the library where they are on Spotify."""
    fact = LIBRARY_READ_AT if playlists.target(state) == SPOTIFY else LISTS_READ_AT
    return state.fact(fact) or 0.0


def _tracks_now(state: State, name: str, library: pl.DataFrame) -> tuple[list[str], frozenset[str]]:
    """(the Spotify ids on our playlist ``name``, those of which it is not clear whether they are).

    A library that was read before our last write knows an older list: then what we wrote counts. So it does where the library
    names a state of the list that we made ourselves: its rows may be older than that, and a reading that lags is no edit. A song
    that reads back as nothing leaves a gap in the positions: it is still there.
    """
    last = playlists.written(state, name)
    if last is None:
        return [], frozenset()
    if _read_at(state) <= last.written_at:
        return last.track_ids, frozenset()
    rows = library.filter(pl.col("list_id") == last.playlist_id)
    base = playlists.base(state, name, last.playlist_id)
    if base is not None and base.sure and set(rows["snapshot_id"].unique()) & set(base.snapshots):
        return songs_in(base.rows), frozenset()
    at = dict(rows.select("position", "track_id").iter_rows())
    every = [at.get(place, f"{GONE}{place}") for place in range(max(at, default=-1) + 1)]
    known = [base.rows if base else last.track_ids, last.intended or []]
    named, unclear = named_by_any(every, known)
    there = set(named)
    behind = {row for wrote in known for row in takewhile(lambda row: row not in there, reversed(wrote))}
    return songs_in(named), unclear | (playlists.unavailable(state) & behind)  # there is no gap behind the last song


def _standing(
    state: State,
    name: str,
    there: dict[str, list[str]],
    edits: Edits,
    song_of: Mapping[str, str],
    now: float,
    settings: Settings,
) -> Standing:
    held, barred = pins.held_and_barred(state, now)
    held = (held | set(edits.added)) - set(edits.removed)
    barred = {song: why for song, why in barred.items() if song not in edits.added} | dict.fromkeys(
        edits.removed, "remove"
    )
    other = MIX if name == ADVENTURE else ADVENTURE
    elsewhere = set(by_song(known.track_ids, song_of)) if (known := playlists.written(state, other)) else set[str]()
    by_name = pins.pinned(state)
    held -= elsewhere - set(there) - by_name  # what was put on the other list by hand is kept there
    if name == ADVENTURE:
        held -= by_name
        title = settings.spotify.playlist_name
        barred = dict.fromkeys(elsewhere - held, f"it is on {title} now") | barred
    said, over = pins.words(state, now), _ended(state, song_of, now - OVER_FOR)
    why = {song: said.get(song, "you put it on the list") for song in held}
    return Standing(there, why, barred, playlists.unavailable(state), ended=over)


def _ended(state: State, song_of: Mapping[str, str], since: float) -> dict[str, Trial]:
    """The trials that came to nothing ``since``, under each id that a list may know their song by."""
    return {
        song: Trial(one.title, one.artist, one.why)
        for one in trials.ended(state, since)
        for song in (one.song_id, one.track_id, song_of.get(one.track_id, one.song_id))
    }


def known_tracks(songs: pl.DataFrame, trials: pl.DataFrame) -> dict[str, str]:
    """The song of each Spotify id, trials included."""
    return song_of_track(songs) | dict(trials.select("track_id", "song_id").iter_rows())


def with_sound(material: Material) -> pl.DataFrame:
    """The scores with everyone who is heard on each song, and its energy."""
    names, kind = material.songs.select("artists", "artist", "title"), pl.List(pl.String)
    parts = [column(of_songs(part.iter_rows())) for part in names.iter_slices()]  # not all as objects at once
    credits = material.songs.select("song_id", credits=pl.concat([pl.Series(dtype=kind), *parts]))
    energy = material.audio_features.select("song_id", "energy").unique("song_id")
    return material.song_scores.join(credits, on="song_id", how="left", maintain_order="left").join(
        energy, on="song_id", how="left", maintain_order="left"
    )
