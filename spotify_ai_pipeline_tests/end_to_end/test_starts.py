"""A listener without Spotify begins: with an export, with Last.fm, or with ListenBrainz alone. One typed command makes a mix."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import requests
import yaml
from click.testing import CliRunner

from spotify_ai_pipeline.interfaces.cli import main
from spotify_ai_pipeline.interfaces.cli.demo import PREFIXES, UNHURRIED
from spotify_ai_pipeline.settings import PROJECT_ROOT
from spotify_ai_pipeline.storage import alerts, datasets, playlists
from spotify_ai_pipeline.storage.workspace import Workspace

Serve = Callable[[Path], AbstractContextManager[str]]


class Start:
    """A home that knows of the services' addresses and of what is in ``env``, and the command line as a person types it."""

    def __init__(self, root: Path, url: str, env: str) -> None:
        self.root, self.url = root, url
        root.mkdir()
        services = {name: {"url": f"{url}/{path}", "calls_per_second": UNHURRIED} for name, path in PREFIXES.items()}
        (root / "config.yaml").write_text(yaml.safe_dump({"services": services}))
        (root / ".env").write_text(env)

    def types(self, *words: str) -> str:
        """Gives what the command prints, run as a process."""
        done = subprocess.run(
            [sys.executable, "-c", "from spotify_ai_pipeline.interfaces.cli import main; main()", *words],
            env=os.environ | {"PYTHONPATH": str(PROJECT_ROOT), "SPOTIFY_AI_DATA": str(self.root)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr + done.stdout
        return done.stdout

    def asks(self, *words: str) -> str:
        """The same in this process, which has imported already what a run needs."""
        os.environ["SPOTIFY_AI_DATA"] = str(self.root)
        done = CliRunner().invoke(main, list(words), catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.output

    @property
    def workspace(self) -> Workspace:
        return Workspace.open(self.root)


def export_of(world: Path, folder: Path) -> Path:
    """The history of the world as Spotify hands it out."""
    plays = pl.read_parquet(world / "plays.parquet")
    rows = [
        {
            "ts": f"{datetime.fromtimestamp(row['started'] + row['ms_played'] // 1_000, UTC):%Y-%m-%dT%H:%M:%SZ}",
            "ms_played": row["ms_played"],
            "master_metadata_track_name": row["track"],
            "master_metadata_album_artist_name": row["artist"],
            "master_metadata_album_album_name": row["album"],
            "reason_end": "trackdone",
        }
        for row in plays.iter_rows(named=True)
    ]
    file = folder / "Streaming_History_Audio_2025-2026_0.json"
    file.write_text(json.dumps(rows))
    return file


def begins(start: Start, target: str, refreshed: str) -> list[dict[str, Any]]:
    """Looks at what the first refresh printed and at everything that a new listener looks at, and gives the mix."""
    assert "AI Mix filled" in refreshed
    mix = json.loads(start.asks("mix", "--json"))
    songs = start.workspace.lake.read(datasets.SONGS)
    assert len(mix["songs"]) == 100
    assert {song["song_id"] for song in mix["songs"]} <= set(songs.filter("in_library")["song_id"]) | set(
        start.workspace.lake.read(datasets.TRIALS)["song_id"]
    )
    assert all(song["reason"] for song in mix["songs"])
    assert mix["playlist"].startswith(target)
    assert "listens of" in start.asks("stats")
    assert "listens" in start.asks("gaps")
    assert Path(start.asks("map").splitlines()[0]).exists()
    assert alerts.open_alerts(start.workspace.state) == []
    return mix["songs"]


def test_an_export_alone_is_enough(small_world: Path, running: Serve, tmp_path: Path) -> None:
    with running(small_world) as url:
        start = Start(tmp_path / "start", url, "")
        assert "the next `spotify-ai refresh`" in start.types("import", str(export_of(small_world, tmp_path)))
        songs = begins(start, str(tmp_path / "start" / "playlists"), start.types("refresh"))
    listed = (tmp_path / "start" / "playlists" / "AI Mix.m3u8").read_text().splitlines()
    named = [line.partition(",")[2] for line in listed if line.startswith("#EXTINF")]
    assert named == [f"{song['artist']} - {song['title']}" for song in songs]


def test_lastfm_alone_is_enough(small_world: Path, running: Serve, tmp_path: Path) -> None:
    user = json.loads((small_world / "world.json").read_text())["listener"]["lastfm_user"]
    with running(small_world) as url:
        start = Start(tmp_path / "start", url, f"LASTFM_API_KEY=key\nLASTFM_USER={user}\n")
        begins(start, str(tmp_path / "start" / "playlists"), start.asks("refresh"))
    songs = start.workspace.lake.read(datasets.SONGS)
    loved = songs.filter("liked")
    assert loved.height > 0, "what was loved on Last.fm is liked"
    assert loved["in_library"].all()
    heard = start.workspace.lake.read(datasets.LISTENING_STATS).filter(pl.col("plays") >= 3)["song_id"]
    assert set(heard) <= set(songs.filter("in_library")["song_id"])


def test_listenbrainz_alone_is_enough_and_holds_the_list(world: Path, running: Serve, tmp_path: Path) -> None:
    user = json.loads((world / "world.json").read_text())["listener"]["listenbrainz_user"]
    with running(world) as url:
        start = Start(tmp_path / "start", url, f"LISTENBRAINZ_USER={user}\nLISTENBRAINZ_TOKEN={user}\n")
        songs = begins(start, "https://listenbrainz.org/playlist/", start.asks("refresh"))
        known = playlists.written(start.workspace.state)
        assert known is not None
        address, token = f"{url}/listenbrainz/1/playlist/{known.playlist_id}", {"Authorization": f"Token {user}"}

        def there() -> list[str]:
            answer = requests.get(address, headers=token, timeout=120).json()["playlist"]
            return [track["identifier"][0].rpartition("/")[2] for track in answer["track"]]

        assert there() == [song["track_id"] for song in songs]
        requests.post(f"{address}/item/delete", json={"index": 0, "count": 1}, headers=token, timeout=120)
        start.asks("refresh")
        assert len(there()) == 100, "a spare came"
        assert songs[0]["track_id"] not in there(), "what was taken off by hand stays away"
        decided = start.workspace.lake.read(datasets.MIX).drop_nulls("rank").sort("rank")
        assert there() == decided["track_id"].to_list()
        assert f"{songs[0]['song_id']}" in {
            row["song_id"] for row in start.workspace.state.rows("SELECT song_id FROM verdicts")
        }
    held = start.workspace.lake.read(datasets.SONGS).filter(pl.col("mbid").is_null())["song_id"]
    assert len(held) > 0, "some songs have no recording there"
    assert not set(held) & set(decided["song_id"])
