"""The made-up catalogue: artists, their albums and singles, songs with a sound, versions, covers, second ids."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..ids import isrc, random_ids, random_uuids
from . import genres, names

COVER_ARTISTS = ["Karaoke Orchard", "Sing Along Lanterns", "The Tribute Otters", "Lullaby Marmots"]
_COVER_SUFFIXES = [" (Karaoke Version)", " - Originally Performed by {}", " (In the Style of {})", " (Lullaby Version)"]
_COUNTRIES = ["QZ", "GB", "US", "DE", "SE", "FR", "JP"]


@dataclass(frozen=True)
class Made:
    """Columns of the catalogue by track (n,) and by artist (m,), as arrays and lists side by side."""

    artist: np.ndarray  # (n,) main artist's row
    guest: np.ndarray  # (n,) second artist's row, -1 = none
    album: np.ndarray  # (n,) album number
    track_number: np.ndarray  # (n,)
    genre: np.ndarray  # (n,) row of genres.NAMES
    features: np.ndarray  # (n, 9) in the order of genres.FEATURES
    popularity: np.ndarray  # (n,) 0..100
    duration_ms: np.ndarray  # (n,)
    release: np.ndarray  # (n,) datetime64[D]
    single: np.ndarray  # (n,) bool: the album is a single
    cover: np.ndarray  # (n,) bool: karaoke and the like
    title: list[str]
    album_title: list[str]
    ids: list[str]
    isrcs: list[str]
    mbids: list[str | None]
    reccobeats_ids: list[str | None]
    artist_name: list[str]  # (m,)
    artist_ids: list[str]  # (m,)
    artist_mbids: list[str | None]  # (m,)
    artist_genre: np.ndarray  # (m,)
    artist_second_genre: np.ndarray  # (m,)
    artist_popularity: np.ndarray  # (m,) 0..100
    artist_sound: np.ndarray  # (m, 9) shift from the genre's prototype, standard units


def make(rng: np.random.Generator, n: int, today: np.datetime64) -> Made:
    """A catalogue of exactly `n` track ids, released up to `today` (datetime64[D])."""
    covers = n // 160
    seconds = round(0.03 * n)
    base = n - covers - seconds
    m = max(12, n // 16)

    artist_weight = np.arange(1, m + 1) ** -0.7 * rng.lognormal(0, 0.5, m)
    album, track_number, single = _albums(rng, base)
    albums = int(album[-1]) + 1
    owner = np.concatenate(
        [np.arange(min(m, albums)), rng.choice(m, max(0, albums - m), p=artist_weight / artist_weight.sum())]
    )
    owner = rng.permutation(owner)

    genre_weight = rng.lognormal(0, 0.5, len(genres.NAMES))
    artist_genre, second = rng.choice(len(genres.NAMES), (2, m), p=genre_weight / genre_weight.sum())
    artist_sound = rng.standard_normal((m, 9))
    artist_name = names.artists(rng, m - len(COVER_ARTISTS)) + COVER_ARTISTS
    owner %= m - len(COVER_ARTISTS)

    artist = owner[album]
    genre = np.where(rng.random(base) < 0.85, artist_genre[artist], second[artist])
    fame = (
        np.log(artist_weight)[artist]
        + rng.normal(0, 0.5, albums)[album]
        + rng.normal(0, 1.0, base)
        - 0.05 * track_number
    )
    guest = np.where(rng.random(base) < 0.05, rng.integers(0, m - len(COVER_ARTISTS), base), -1)
    guest[guest == artist] = -1
    duration = np.clip(rng.lognormal(np.log(222_000), 0.28, base), 61_000, 1_100_000).astype(np.int64)
    release = _releases(rng, owner, today)[album]

    # Second ids (the song's own single, out a little before the album) and covers copy rows of well-known songs.
    by_fame = np.argsort(-fame, kind="stable")
    twins = (
        rng.choice(by_fame[~single[by_fame]][: max(2 * seconds, 1)], seconds, replace=False) if seconds else by_fame[:0]
    )
    originals = by_fame[:covers]
    source = np.concatenate([np.arange(base), twins, originals])
    cover = np.arange(n) >= base + seconds
    twin = (np.arange(n) >= base) & ~cover
    extra_albums = albums + np.arange(seconds + covers)
    duration = (
        duration[source]
        + np.where(twin, rng.integers(-1500, 1500, n), 0)
        + np.where(cover, rng.integers(-9000, 9000, n), 0)
    )
    release = release[source] - np.where(twin, rng.integers(10, 120, n), 0) + np.where(cover, 500, 0)
    artist = np.where(cover, m - len(COVER_ARTISTS) + rng.integers(0, len(COVER_ARTISTS), n), artist[source])
    fame = fame[source] - np.where(twin, 0.4, 0) - np.where(cover, 2.5, 0)
    album = np.concatenate([album, extra_albums])
    recording = np.where(cover, np.arange(n), source)
    guest = np.where(cover, -1, guest[source])

    sound = genres.features(rng, genre, artist_sound[artist[:base]])[source]
    sound[cover, 3] = np.clip(sound[cover, 3] + 0.5, 0, 1)  # karaoke is instrumental
    title = _titles(rng, base, artist, guest, artist_name, source, cover)
    track_number = np.concatenate([track_number, np.ones(n - base, np.int64)])
    single = np.concatenate([single, np.ones(n - base, bool)])
    album_names = names.titles(rng, albums + seconds + covers, awkward=0.003)
    for row in np.flatnonzero(single & (track_number == 1)).tolist():
        album_names[album[row]] = title[row]  # a single is called as its first song

    mbids = random_uuids(rng, n)
    return Made(
        artist=artist,
        guest=guest,
        album=album,
        track_number=track_number,
        genre=genre[source],
        features=sound,
        popularity=_heavy_tail(fame, 100),
        duration_ms=np.maximum(duration, 45_000),
        release=np.minimum(release, today),
        single=single,
        cover=cover,
        title=title,
        album_title=[album_names[a] for a in album.tolist()],
        ids=random_ids(rng, n),
        isrcs=_isrcs(rng, artist, release, recording),
        mbids=_known(mbids, rng.random(n) < 0.75, recording),
        reccobeats_ids=_known(random_uuids(rng, n), rng.random(n) < 0.92, np.arange(n)),
        artist_name=artist_name,
        artist_ids=random_ids(rng, m),
        artist_mbids=_known(random_uuids(rng, m), rng.random(m) < 0.85, np.arange(m)),
        artist_genre=artist_genre,
        artist_second_genre=second,
        artist_popularity=_heavy_tail(np.log(artist_weight), 100),
        artist_sound=artist_sound,
    )


def _albums(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Album number, track number and single-or-not of `n` tracks: albums of 7 to 15, singles of one or two."""
    is_single = rng.random(n) < 0.35
    sizes = np.where(is_single, rng.integers(1, 3, n), rng.integers(7, 16, n))
    album = np.repeat(np.arange(n), sizes)[:n]
    starts = np.concatenate([[0], np.cumsum(sizes)])
    return album, np.arange(n) - starts[album] + 1, is_single[album]


def _releases(rng: np.random.Generator, owner: np.ndarray, today: np.datetime64) -> np.ndarray:
    """A release day an album, (albums,) datetime64[D]: careers start any time in sixty years, mostly lately."""
    start = np.minimum(rng.exponential(11, int(owner.max()) + 1), 62)[owner]
    age_days = (start * rng.random(len(owner)) * 365.25).astype(np.int64)
    return today - age_days


def _titles(
    rng: np.random.Generator, base: int, artist: np.ndarray, guest: np.ndarray, artist_name: list[str],
    source: np.ndarray, cover: np.ndarray,
) -> list[str]:  # fmt: skip
    """Titles by track: some a version of another song of the artist, some with a guest, covers naming the original."""
    out = names.titles(rng, base)
    version = np.flatnonzero(rng.random(base) < 0.04)
    suffix = rng.integers(0, len(names.SUFFIXES), base)
    for row in version.tolist():
        earlier = row - 1
        if earlier >= 0 and artist[earlier] == artist[row]:
            out[row] = out[earlier] + names.SUFFIXES[suffix[row]]
        elif suffix[row] == 1:
            out[row] += names.SUFFIXES[1]
    for row in np.flatnonzero(guest[:base] >= 0).tolist():
        out[row] += f" (feat. {artist_name[guest[row]]})"
    out += [out[row] for row in source[base:].tolist()]
    for row in np.flatnonzero(cover).tolist():
        original = artist_name[artist[source[row]]]
        out[row] += _COVER_SUFFIXES[row % len(_COVER_SUFFIXES)].format(original)
    return out


def _heavy_tail(score: np.ndarray, top: int) -> np.ndarray:
    """Scores as integers 0..top of which most are small: the cube of the rank."""
    rank = np.empty(len(score))
    rank[np.argsort(score, kind="stable")] = np.arange(len(score)) / max(len(score) - 1, 1)
    return np.round(top * rank**3).astype(np.int64)


def _isrcs(rng: np.random.Generator, artist: np.ndarray, release: np.ndarray, recording: np.ndarray) -> list[str]:
    """ISRCs by track, one a recording: registrant = the artist, designation = a running number."""
    years = (release.astype("datetime64[Y]").astype(np.int64) + 1970).tolist()
    countries = rng.integers(0, len(_COUNTRIES), int(artist.max()) + 1)[artist].tolist()
    codes = [
        isrc(_COUNTRIES[c], a, y, row)
        for row, (c, a, y) in enumerate(zip(countries, artist.tolist(), years, strict=True))
    ]
    return [codes[row] for row in recording.tolist()]


def _known(ids: list[str], known: np.ndarray, owner: np.ndarray) -> list[str | None]:
    """The id of each row's owner where that is `known`, else None."""
    flags = known.tolist()
    return [ids[row] if flags[row] else None for row in owner.tolist()]
