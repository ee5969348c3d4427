"""Members: which Spotify ids and which spellings are one song, and why.

Order of evidence: what the listener said; ISRC with lengths that agree; artist, title and version with lengths that agree; a
spelling that ``matching`` recognises. Each member keeps the rule that joined it and what it rests on.
"""

from __future__ import annotations

import gc
from collections import Counter, defaultdict
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from sys import intern

import polars as pl
from rapidfuzz import fuzz

from spotify_ai_pipeline.music.identity.aliases import learn_aliases, learn_vocabulary, with_told
from spotify_ai_pipeline.music.identity.artists import credited, guests
from spotify_ai_pipeline.music.identity.groups import FIRST, SPELLING, TRACK, Groups, Member, Why
from spotify_ai_pipeline.music.identity.matching import Found, Known, song_id, song_key
from spotify_ai_pipeline.music.identity.nearness import nearest
from spotify_ai_pipeline.music.identity.titles import in_front, title_words
from spotify_ai_pipeline.music.identity.versions import split_version
from spotify_ai_pipeline.music.tables import MEMBERS

MAX_LENGTH_GAP_MS = 7_000
"""Two tracks whose lengths differ by more are two recordings, whatever their ISRC or name says."""

BLOCK = 100_000
"""Rows made into columns at a time: two million as objects of their own would take as much memory as all the rest."""

HELD = ("kind", "member", "artist", "title", "song_id")
"""What of the last table is needed to keep its ids."""

TRACKS = {
    "track_id": pl.String,
    "artist": pl.String,
    "title": pl.String,
    "artists": pl.List(pl.String),
    "isrc": pl.String,
    "duration_ms": pl.Int64,
}
"""The Spotify ids that songs are made of."""


@dataclass(frozen=True, slots=True)
class Override:
    """What the listener said: ``same`` (two songs are one), ``split`` (a track is a song of its own), ``set`` (a spelling
    names a song). ``target`` is any member of the song meant; there is none for a split."""

    kind: str
    subject: Member
    target: Member | None


@dataclass(frozen=True, slots=True)
class Track:
    track_id: str
    artist: str
    title: str
    artists: Sequence[str]
    isrc: str | None
    duration_ms: int | None
    key: str


def decide(
    tracks: pl.DataFrame,
    spellings: pl.DataFrame,
    overrides: Sequence[Override] = (),
    links: Iterable[tuple[str, str]] = (),
    before: pl.DataFrame | None = None,
    other_names: Iterable[tuple[str, str]] = (),
) -> pl.DataFrame:
    """The table of members (``MEMBERS``), one row a Spotify id or spelling.

    ``tracks`` (``TRACKS``) come earliest added first; ``spellings`` (artist, title,
    plays) are distinct names as scrobbled; ``links`` are (spelling's key, Spotify id that was found for it); ``before`` is
    the last table (``HELD``), whose song ids are kept wherever a member of the song is still there; ``other_names`` are
    (artist, the same artist in another script), as a source tells.
    """
    with _no_collector():
        return _decide(list(_tracks(tracks)), spellings, overrides, links, before, other_names)


def _decide(
    tracks: Sequence[Track],
    spellings: pl.DataFrame,
    overrides: Sequence[Override],
    links: Iterable[tuple[str, str]],
    before: pl.DataFrame | None,
    other_names: Iterable[tuple[str, str]],
) -> pl.DataFrame:
    names = _names(tracks, spellings)
    groups, apart = Groups(), {said.subject for said in overrides if said.kind in ("split", "set")}
    for track in tracks:
        groups.add(Member.track(track.track_id))
    for key in names:
        groups.add(Member(SPELLING, key))
    near = _gather(groups, tracks, names, apart, other_names)
    _apply(groups, overrides, links, apart)
    track_of = {track.track_id: track for track in tracks}
    ids = _name_songs(groups.songs(), track_of, names, before, apart)

    def row(member: Member) -> tuple[object, ...]:
        leader, why = groups.leader(member), groups.why.get(member, FIRST)
        song, track = ids[leader], track_of[member.member] if member.kind == TRACK else None
        shown = (track.artist, track.title, None) if track else names[member.member]
        like = near.get(member.member) if member.kind == SPELLING and member == leader else None
        other = ids[groups.leader(Member(SPELLING, like.key))] if like else song
        doubt = (other, like.evidence, like.score) if like and other != song else (None, None, None)
        return (song, *member, *shown, why.rule, why.evidence, why.score, *doubt)

    blocks = [groups.members[start : start + BLOCK] for start in range(0, len(groups.members), BLOCK)]
    frames = [pl.DataFrame(list(map(row, block)), schema=MEMBERS, orient="row") for block in blocks]
    return pl.concat([pl.DataFrame(schema=MEMBERS), *frames])


@contextmanager
def _no_collector() -> Generator[None]:
    """Nothing here refers to itself in a circle: the collector of such circles would walk a million live rows in vain, which
    takes a third of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _tracks(tracks: pl.DataFrame) -> Iterator[Track]:
    """The rows as objects that share the names of their artists."""
    for track_id, artist, title, artists, isrc, duration_ms in tracks.select(*TRACKS).iter_rows():
        credits = [intern(one) for one in artists]
        yield Track(track_id, intern(artist), title, credits, isrc, duration_ms, song_key(artist, title))


def _names(tracks: Sequence[Track], spellings: pl.DataFrame) -> dict[str, tuple[str, str, int | None]]:
    """Every key with its best spelling and plays: those of tracks first, then the most played, names with a track number or
    the like in front last, so that no song is named by one."""
    names: dict[str, tuple[str, str, int | None]] = {}
    written = {(track.artist, track.title): track.key for track in tracks}  # most are heard as they are written there
    for track in tracks:
        names.setdefault(track.key, (track.artist, track.title, None))
    best = spellings.sort("plays", "artist", "title", descending=[True, False, False])
    heard = best.select("artist", "title", "plays")
    last = pl.Series([bool(in_front(title, artist)) for artist, title, _ in heard.iter_rows()], dtype=pl.Boolean)
    for artist, title, plays in pl.concat([heard.filter(~last), heard.filter(last)]).iter_rows():
        key = written.get((artist, title)) or song_key(artist, title)
        known = names.get(key)
        names[key] = (known[0], known[1], (known[2] or 0) + plays) if known else (intern(artist), title, plays)
    return names


def _gather(
    groups: Groups,
    tracks: Sequence[Track],
    names: Mapping[str, tuple[str, str, int | None]],
    apart: set[Member],
    other_names: Iterable[tuple[str, str]],
) -> dict[str, Found]:
    """Joins what names, lengths and ISRCs say is one; gives what the unresolved spellings are like."""
    aliases = with_told(learn_aliases((key, artist) for key, (artist, _, _) in names.items()), other_names)
    worded = [(key, title_words(split_version(title)[0])) for key, (_, title, _) in names.items()]
    known = Known(aliases, learn_vocabulary(worded), nearest(worded))
    del worded
    free = [track for track in tracks if Member.track(track.track_id) not in apart]
    by_key: defaultdict[str, list[Track]] = defaultdict(list)
    for track in free:
        by_key[track.key].append(track)
    alone = apart | {Member(SPELLING, track.key) for track in tracks if track.key not in by_key}
    near: dict[str, Found] = {}
    roots: dict[str, Found] = {}
    credits = {track.key: track.artists for track in reversed(free)}
    for key, (artist, title, plays) in names.items():
        found = known.find(artist, title, plays, key) if Member(SPELLING, key) not in alone else None
        if found is None or not found.same:
            known.add(artist, title, credits.get(key, ()), plays, key)
            if found is not None:
                near[key] = found
        elif all(_same_length(track, by_key.get(found.key, ())) for track in by_key.get(key, ())):
            roots[key] = found
        else:
            known.add(artist, title, credits.get(key, ()), plays, key)
    del known  # by far the largest of what is here: the joins need its room
    _join_tracks(groups, free, roots)
    for track in reversed(tracks):  # the earliest comes last and has the say
        workspace = by_key[track.key][0] if track.key in by_key else track
        name = Member(SPELLING, track.key)
        if name not in apart:
            groups.join(name, Member.track(workspace.track_id), Why("name", "the name on Spotify"))
    for key, found in roots.items():
        if key not in by_key:
            groups.join(
                Member(SPELLING, key), Member(SPELLING, found.key), Why(found.rule, found.evidence, found.score)
            )
    return near


def _join_tracks(groups: Groups, tracks: Sequence[Track], roots: Mapping[str, Found]) -> None:
    """Joins tracks with an earlier one of the same ISRC or name, where their lengths agree with the one that leads."""
    alike: defaultdict[str, list[Track]] = defaultdict(list)
    for track in tracks:
        found = roots.get(track.key)
        marks = [("name", found.key if found else track.key)]
        if track.isrc:
            marks.insert(0, ("isrc", f"isrc\t{track.isrc.upper()}"))
        for rule, mark in marks:
            for leader in alike[mark]:
                fits = _same_guests if rule == "name" else _plausible
                if _same_length(track, [leader]) and fits(track, leader):
                    how = f"same ISRC {track.isrc}" if rule == "isrc" else found.evidence if found else "same name"
                    why = Why(found.rule if rule == "name" and found else rule, f"{how}, {_lengths(leader, track)}")
                    groups.join(Member.track(track.track_id), Member.track(leader.track_id), why)
                    break
            else:
                alike[mark].append(track)


def _apply(groups: Groups, overrides: Sequence[Override], links: Iterable[tuple[str, str]], apart: set[Member]) -> None:
    found: dict[str, Member] = {}
    for key, track_id in links:
        spelling, track = Member(SPELLING, key), Member.track(track_id)
        if spelling in groups and not {spelling, track} & apart:
            same = track if track in groups else found.setdefault(track_id, spelling)
            groups.join(same, spelling, Why("link", f"both are the Spotify id {track_id}"))
    split = {said.subject: place for place, said in enumerate(overrides) if said.kind == "split"}
    for place, said in enumerate(overrides):
        if said.target is None or said.subject not in groups or said.target not in groups:
            continue
        if max(split.get(said.subject, -1), split.get(said.target, -1)) > place and said.kind == "same":
            continue  # parted again since
        groups.join(said.subject, said.target, Why("override"))
        groups.why[said.subject] = Why("override", f"you said: {said.kind}")
    for member in split:
        groups.why.setdefault(member, Why("override", "you said: split"))


def _name_songs(
    gathered: Mapping[Member, Sequence[Member]],
    track_of: Mapping[str, Track],
    names: Mapping[str, tuple[str, str, int | None]],
    before: pl.DataFrame | None,
    apart: set[Member],
) -> dict[Member, str]:
    """The id of each song, by leader: the one most members had before, else one made of the leader's key."""
    held: dict[str, dict[str, str]] = {TRACK: {}, SPELLING: {}}  # by kind: pairs would be as large again
    if before is not None:
        for kind, member, artist, title, song in before.select(HELD).iter_rows():
            if kind == SPELLING and names.get(member, ())[:2] != (artist, title):
                member = song_key(artist, title)  # that of an older version may read otherwise
            held[kind].setdefault(member, intern(song))
    songs = sorted(gathered.items(), key=lambda song: song[0] in apart)  # what was parted takes another name
    ids: dict[Member, str] = {}
    taken = set[str]()
    for leader, members in songs:
        before_now = (held[one.kind].get(one.member) for one in members)
        votes = Counter(song for song in before_now if song is not None and song not in taken)
        if votes:
            ids[leader] = votes.most_common(1)[0][0]
            taken.add(ids[leader])
    reserved = taken.union(*(theirs.values() for theirs in held.values()))
    for leader, _ in songs:
        if leader not in ids:
            key = track_of[leader.member].key if leader.kind == TRACK else leader.member
            ids[leader] = next(one for one in _fresh_ids(leader, key) if one not in reserved)
            reserved.add(ids[leader])
    return ids


def _fresh_ids(leader: Member, key: str) -> Iterator[str]:
    yield song_id(key)
    yield song_id(f"{key}\t{leader.member}")
    yield from (song_id(f"{key}\t{leader.member}\t{more}") for more in range(1, 1_000))


def _same_length(track: Track, others: Sequence[Track]) -> bool:
    """Whether a track is as long as the first of ``others``; a length that is unknown contradicts nothing."""
    if not others or track.duration_ms is None or others[0].duration_ms is None:
        return True
    return abs(track.duration_ms - others[0].duration_ms) <= MAX_LENGTH_GAP_MS


def _same_guests(track: Track, other: Track) -> bool:
    """Whether what two titles say of guests agrees; a title that names none contradicts nothing."""
    one, two = (set(guests(each.title)) for each in (track, other))
    return not one or not two or bool(one & two)


def _plausible(track: Track, other: Track) -> bool:
    """Whether two tracks of one ISRC may be one recording: an ISRC that names strangers was given twice by mistake, and one
    that names two versions needs lengths that agree."""
    versions = {one.key.split("\t")[2] for one in (track, other)}
    if len(versions) > 1 and None in (track.duration_ms, other.duration_ms):
        return False
    artists = [set(credited(one.artist)).union(*map(credited, one.artists)) for one in (track, other)]
    titles = [one.key.split("\t")[1] for one in (track, other)]
    return bool(artists[0] & artists[1]) or fuzz.ratio(*titles) >= 80


def _lengths(one: Track, two: Track) -> str:
    return f"lengths {_clock(one.duration_ms)} and {_clock(two.duration_ms)}"


def _clock(duration_ms: int | None) -> str:
    if duration_ms is None:
        return "unknown"
    minutes, seconds = divmod(round(duration_ms / 1000), 60)
    return f"{minutes}:{seconds:02}"
