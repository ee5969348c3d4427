"""What it takes to take a file in: `python bench/ingestion.py [--rows N] [LAYOUT ...]`.

Each layout is made up (200,000 songs of 12,000 artists), written to a file, and taken into an empty home by a process of its
own: twice, so that the second finds nothing new. ``odd`` is a history in which every row has a field of another type; in
``broken`` no row can be read. Peak is RSS of the process, which is about 130 MB before it reads.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import random
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from spotify_ai_pipeline.importers import detect, ingest
from spotify_ai_pipeline.storage.workspace import Workspace

ARTISTS, SONGS, FIRST, APART = 12_000, 200_000, 1_300_000_000, 240
LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

Play = tuple[int, str, str, str, str]
T = TypeVar("T")


def plays(count: int) -> Iterator[Play]:
    """(second, artist, title, album, Spotify id) of made-up plays."""
    rng = random.Random(1)
    for number in range(count):
        song = int(SONGS * rng.random() ** 2)
        artist = f"Artist Näme {song % ARTISTS}"
        ident = "".join(LETTERS[(song * 7 + place * 13) % 62] for place in range(16)) + f"{song:06}"
        yield FIRST + APART * number, artist, f'Title "{song}" of a song', f"Album {song // 10}", ident


def history(play: Play, odd: bool = False) -> str:
    at, artist, title, album, ident = play
    row = {
        "ts": f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%SZ}", "username": "someone", "platform": "ios",
        "ms_played": "200000" if odd else 200_000, "conn_country": "PT", "ip_addr_decrypted": "203.0.113.7",
        "master_metadata_track_name": title, "master_metadata_album_artist_name": artist,
        "master_metadata_album_album_name": album, "spotify_track_uri": f"spotify:track:{ident}", "episode_name": None,
        "reason_start": "trackdone", "reason_end": "trackdone", "shuffle": False, "skipped": False, "offline": False,
        "offline_timestamp": "never" if odd else None, "incognito_mode": False,
    }  # fmt: skip
    return json.dumps(row)


def listen(play: Play) -> str:
    at, artist, title, album, ident = play
    about = {"duration_ms": 200_000, "spotify_id": f"https://open.spotify.com/track/{ident}", "media_player": "x"}
    told = {"artist_name": artist, "track_name": title, "release_name": album, "additional_info": about}
    return json.dumps({"inserted_at": at, "listened_at": at, "user_name": "x", "track_metadata": told})


def scrobble(play: Play) -> str:
    at, artist, title, album, _ = play
    return ",".join(
        f'"{field.replace(chr(34), chr(34) * 2)}"' for field in (str(at), "", artist, "", album, "", title, "")
    )


def stats(play: Play) -> str:
    at, artist, title, album, _ = play
    return json.dumps({"track": title, "artist": artist, "album": album, "albumId": "", "date": at * 1_000})


def xml(play: Play) -> str:
    at, artist, title, album, _ = play
    quoted = title.replace('"', "&quot;")
    return (
        f'<track><artist mbid="">{artist}</artist><name>{quoted}</name><mbid></mbid><album mbid="">{album}</album>'
        f'<date uts="{at}">then</date></track>'
    )


CSV = "uts,utc_time,artist,artist_mbid,album,album_mbid,track,track_mbid\n"
LAYOUTS: dict[str, tuple[str, str, Callable[[Play], str], str, str]] = {
    "history": ("endsong_0.json", "[", history, ",", "]"),
    "odd": ("endsong_0.json", "[", lambda play: history(play, odd=True), ",", "]"),
    "broken": ("endsong_0.json", "[", lambda play: history(play).replace(": 200000", ": oops"), ",", "]"),
    "listenbrainz": ("1.jsonl", "", listen, "\n", "\n"),
    "lastfm csv": ("recenttracks.csv", CSV, scrobble, "\n", "\n"),
    "broken csv": ("recenttracks.csv", CSV, lambda play: scrobble(play).replace('","', '",x,"', 1), "\n", "\n"),
    "lastfmstats json": ("lastfmstats.json", '{"username": "x", "scrobbles": [', stats, ",", "]}"),
    "lastfm xml": ("recenttracks.xml", "<recenttracks>", xml, "\n", "</recenttracks>"),
}
"""Layout -> (name of the file, how it begins, a play in it, what stands between two, how it ends)."""


def write(layout: str, rows: int, folder: Path) -> Path:
    name, begin, form, between, end = LAYOUTS[layout]
    with (folder / name).open("w", encoding="utf-8") as file:
        file.write(begin)
        for number, play in enumerate(plays(rows)):
            file.write((between if number else "") + form(play))
        file.write(end)
    return folder / name


def take_in(file: Path) -> tuple[str, float, float, float]:
    """(what became of it, seconds by the clock, seconds of processor, MB at the peak)."""
    began, worked = time.perf_counter(), time.process_time()
    (report,) = ingest.take_in(Workspace.open(file.parent / "home"), detect.find([file]))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    told = f"{report.new:,} new, {report.duplicate:,} known, {report.quarantined:,} put aside"
    return told, time.perf_counter() - began, time.process_time() - worked, peak


def apart(action: Callable[..., T], *given: object) -> T:
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(action, *given).result()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("layouts", nargs="*", default=list(LAYOUTS))
    given = parser.parse_args()
    for layout in given.layouts:
        with tempfile.TemporaryDirectory() as folder:
            file = apart(write, layout, given.rows, Path(folder))
            for _ in range(2):
                told, seconds, worked, peak = apart(take_in, file)
                taken = f"{seconds:6.1f} s by the clock, {worked:6.1f} s of processor, {peak:5.0f} MB"
                print(f"{layout:17}{taken}: {told}")  # noqa: T201


if __name__ == "__main__":
    main()
