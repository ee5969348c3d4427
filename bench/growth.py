"""How the time of pure functions and of an import grows: each at a size and at four times that size.

`python bench/growth.py` prints seconds of the processor and their ratio: 4 is linear. The sizes are those of a full list and
of a long history.
"""

from __future__ import annotations

import json
import random
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from spotify_ai_pipeline.importers import detect, ingest
from spotify_ai_pipeline.music.identity.members import TRACKS, decide
from spotify_ai_pipeline.music.mix.sequence import sequence
from spotify_ai_pipeline.music.plays.merging import merge_parts
from spotify_ai_pipeline.storage.workspace import Workspace

SYLLABLES = ["ka", "lo", "mi", "ran", "tes", "vor", "el", "shi", "bo", "dun", "gra", "pel", "ni", "sur", "tha", "wy"]
TIMES = 4


def ordering(songs: int) -> Callable[[], object]:
    """The order of a list, also where the spacing of artists cannot be kept."""
    rng = random.Random(1)
    names = [[f"a{int(rng.paretovariate(1)) % 40}", f"a{rng.randrange(40)}"][: rng.randint(1, 2)] for _ in range(songs)]
    energy = [rng.random() for _ in names]
    return lambda: sequence(names, 4, energy)


def identity(spellings: int) -> Callable[[], object]:
    """Spellings of songs against a quarter as many tracks."""
    rng = random.Random(3)
    words = ["".join(rng.choices(SYLLABLES, k=rng.randint(1, 3))) for _ in range(9_000)]
    artists = [" ".join(rng.choices(words, k=2)).title() for _ in range(spellings // 33)]
    songs = [(rng.choice(artists), " ".join(rng.choices(words, k=rng.randint(1, 5)))) for _ in range(spellings // 4)]
    names = {_vary(rng, *rng.choice(songs), artists) for _ in range(spellings)}
    tracks = [(f"t{place}", artist, title, [artist], None, 200_000) for place, (artist, title) in enumerate(songs)]
    known = pl.DataFrame(tracks, schema=TRACKS, orient="row")
    schema = {"artist": pl.String, "title": pl.String, "plays": pl.Int64}
    heard = pl.DataFrame([(*name, 1) for name in sorted(names)], schema=schema, orient="row")
    return lambda: decide(known, heard)


def _vary(rng: random.Random, artist: str, title: str, artists: list[str]) -> tuple[str, str]:
    place = rng.randrange(1, len(title))
    return rng.choice(
        [
            (artist.upper(), title),
            (artist, f"{title} - 2011 Remaster"),
            (artist, f"{title} (Live)"),
            (artist, title[:place] + rng.choice("aeioutsn") + title[place + 1 :]),
            (artist[:3] + artist[4:], title),
            (artist, f"{rng.randint(1, 19):02} - {title}"),
            (f"{artist} & {rng.choice(artists)}", title),
        ]
    )


def merging(plays: int) -> Callable[[], object]:
    """One history, told by three sources."""
    rng, now, rows = random.Random(1), 1_600_000_000, list[tuple[str, str, int, int | None]]()
    for _ in range(plays):
        song, length = f"{rng.randrange(5_000)}", rng.randrange(45, 420)
        rows += [("spotify_history", song, now, length * 1_000), ("lastfm", song, now + 40, None)]
        rows.append(("listenbrainz", song, now - 30, None))
        now += length + rng.randrange(3)
    schema = {"source": pl.String, "song_id": pl.String, "played_at": pl.Int64, "ms_played": pl.Int64}
    missing = {"duration_ms": pl.Int64, "private": pl.Boolean}
    missing |= dict.fromkeys(["ended_by", "track_id", "track_mbid", "device", "playlist_id"], pl.String)
    seen = pl.DataFrame(rows, schema=schema, orient="row").with_columns(
        pl.from_epoch("played_at").cast(pl.Datetime("ms", "UTC")),
        *[pl.lit(None, kind).alias(name) for name, kind in missing.items()],
        kin=pl.col("song_id"),
    )
    return lambda: list(merge_parts([seen.lazy()]))


def importing(rows: int) -> Callable[[], object]:
    """A file of the extended streaming history."""
    folder = Path(tempfile.mkdtemp())
    row = {"ms_played": 200_000, "master_metadata_track_name": "Teardrop", "platform": "ios", "skipped": False}
    row |= {"master_metadata_album_artist_name": "Massive Attack", "master_metadata_album_album_name": "Mezzanine"}
    row |= {"reason_end": "trackdone", "offline": False, "incognito_mode": False, "offline_timestamp": None}
    row |= {"conn_country": "PT", "spotify_track_uri": "spotify:track:67Hna13dNDkZvBpTXRIaOJ"}
    ends = (datetime.fromtimestamp(1_500_000_000 + 200 * number, UTC) for number in range(rows))
    file = folder / "Streaming_History_Audio_1.json"
    file.write_text(json.dumps([{"ts": f"{end:%Y-%m-%dT%H:%M:%SZ}", **row} for end in ends]))
    return lambda: list(ingest.take_in(Workspace.open(folder / "home"), detect.find([file])))


SUBJECTS = {ordering: 100, identity: 40_000, merging: 25_000, importing: 25_000}


def seconds(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


if __name__ == "__main__":
    for subject, size in SUBJECTS.items():
        small, large = (seconds(subject(count)) for count in (size, TIMES * size))
        print(  # noqa: T201
            f"{subject.__name__:10} {size:7,}: {small:6.2f} s   {TIMES * size:7,}: {large:6.2f} s   x {large / small:.1f}"
        )
