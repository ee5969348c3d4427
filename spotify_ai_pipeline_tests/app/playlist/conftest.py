"""A tiny library behind real HTTP, and a listener's home in which a refresh is a few calls and no Dagster."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import requests
import yaml

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.app.library_reader import LIBRARY_READ_AT
from spotify_ai_pipeline.app.managed_playlists import finished, named
from spotify_ai_pipeline.app.playlist_writer import Outcome, PlaylistWriter
from spotify_ai_pipeline.clients import spotify_auth
from spotify_ai_pipeline.clients.spotify import Spotify
from spotify_ai_pipeline.defs.playlist.mix_inputs import Material, decide_list
from spotify_ai_pipeline.music.mix.decide import TRIALS
from spotify_ai_pipeline.sandbox.generate import generate
from spotify_ai_pipeline.sandbox.serve import Server, listen
from spotify_ai_pipeline.sandbox.world import World
from spotify_ai_pipeline.settings import PROJECT_ROOT, Settings, load
from spotify_ai_pipeline.storage import datasets, playlists, queue
from spotify_ai_pipeline.storage.workspace import Workspace
from spotify_ai_pipeline_tests.conftest import Clock

SONGS = 40


@dataclass(frozen=True)
class Spot:
    """The sandbox, and its shelf past all HTTP: what is really on a playlist at any moment."""

    url: str
    world: World

    def fail(self, **plan: Any) -> None:
        requests.put(f"{self.url}/sandbox/faults", json=plan, timeout=120).raise_for_status()

    def rows(self, playlist_id: str) -> list[str]:
        return [
            str(item.track_id) if item.kind == "track" else item.kind for item in self.world.shelf.items(playlist_id)
        ]

    def edit(self, playlist_id: str, change: Callable[[list[Any]], list[Any]]) -> None:
        """The listener's edits on their phone: ``change`` takes the rows and gives them."""
        self.world.shelf.rearrange(playlist_id, change(self.world.shelf.items(playlist_id)))

    def unfollow(self, playlist_id: str) -> None:
        """Takes a playlist out of the listener's library, which is how Spotify deletes."""
        self.world.shelf.drop([f"spotify:playlist:{playlist_id}"])

    @property
    def tracks(self) -> list[str]:
        playable = self.world.catalogue.tracks.filter(pl.col("playable"))
        return playable["id"].head(600).to_list()


@pytest.fixture(scope="session")
def spot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Spot]:
    folder = tmp_path_factory.mktemp("spot") / "world"
    generate(folder, songs=100, catalogue=700, plays=300, years=0.3)
    world, up = World.load(folder), threading.Event()
    server = Server(world, listen(0), lambda _url: up.set())
    thread = threading.Thread(target=server.serve_until_stopped, daemon=True)
    thread.start()
    assert up.wait(120)
    yield Spot(server.url, world)
    server.should_exit = True
    thread.join(120)


@pytest.fixture(autouse=True)
def in_no_time(clock: Clock) -> None:
    """The transport waits without waiting in all of these tests."""


@pytest.fixture(scope="session")
def in_memory() -> Iterator[Path | None]:
    memory = Path("/dev/shm")
    yield memory if memory.is_dir() else None


@dataclass
class Listener:
    """A home wired to the sandbox, and a library of ``SONGS`` songs by eight artists of which nothing else is known."""

    workspace: Workspace
    spot: Spot
    tracks: list[str]

    @classmethod
    def at(cls, root: Path, spot: Spot, **playlist: Any) -> Listener:
        root.mkdir(parents=True, exist_ok=True)
        services = {"spotify": "spotify/v1/", "spotify_accounts": "accounts/"}
        urls = {
            name: {"url": f"{spot.url}/{path}", "calls_per_second": 10_000, "calls_per_day": 1_000_000}
            for name, path in services.items()
        }
        urls["spotify"]["writes_per_day"] = 1_000_000
        rules = {
            "target_size": 10,
            "max_change_per_refresh": 0.3,
            "max_change_per_week": 1.0,
            "min_artist_spacing": 2,
        } | playlist
        (root / "config.yaml").write_text(yaml.safe_dump({"services": urls, "playlist": rules}))
        (root / ".env").write_text("SPOTIFY_CLIENT_ID=app\nSPOTIFY_CLIENT_SECRET=secret\n")
        workspace = Workspace.open(root)
        auth = spotify_auth.oauth(workspace)
        answer = requests.get(auth.get_authorize_url(), allow_redirects=False, timeout=120)
        auth.sign_in(auth.parse_response_code(answer.headers["Location"]))
        count = max(SONGS, 2 * workspace.settings.playlist.target_size)
        return cls(workspace, spot, spot.tracks[:count])

    @property
    def client(self) -> Spotify:
        return Spotify.of(self.workspace)

    @property
    def writer(self) -> PlaylistWriter:
        return PlaylistWriter(self.client, self.workspace)

    @property
    def playlist_id(self) -> str:
        known = playlists.written(self.workspace.state)
        assert known is not None
        return known.playlist_id

    @property
    def listed(self) -> list[str]:
        return self.spot.rows(self.playlist_id)

    def material(self, tilt: int = 0, **more: Any) -> Material:
        """The frames of a decision: song ``sN`` under the Nth track. ``tilt`` moves which songs score best."""
        count = len(self.tracks)
        songs = pl.DataFrame(
            {
                "song_id": [f"s{number}" for number in range(count)],
                "track_id": self.tracks,
                "track_ids": [[track] for track in self.tracks],
                "title": [f"Song {number}" for number in range(count)],
                "artist": [f"Artist {number % 8}" for number in range(count)],
                "artist_key": [f"artist{number % 8}" for number in range(count)],
                "artists": [[f"Artist {number % 8}"] for number in range(count)],
            }
        )
        scores = songs.drop("artists").with_columns(
            slot=pl.when(pl.int_range(count) % 5 == 0).then(pl.lit("exploration")).otherwise(pl.lit("core")),
            score=pl.Series([(number * 7 + tilt * 11) % count / count for number in range(count)]),
            taste=pl.lit(None, pl.Float64),
            mood=pl.lit(None, pl.Float64),
            freshness=pl.lit(None, pl.Float64),
            plays=pl.lit(3, pl.Int64),
            reason=pl.lit("3 plays"),
            in_library=pl.lit(True),
            tired=pl.lit(False),
            expected=pl.lit(0.5),
            last_played=pl.lit(None, pl.Datetime("ms", "UTC")),
        )
        listens = pl.DataFrame(schema={"song_id": pl.String, "played_at": pl.Datetime("ms", "UTC")})
        sound = pl.DataFrame({"song_id": songs["song_id"], "energy": [number % 10 / 10 for number in range(count)]})
        return Material(
            scores, self.library(), songs, listens, sound, **{"trials": pl.DataFrame(schema=TRIALS), **more}
        )

    def library(self) -> pl.DataFrame:
        """The library as a reading finds it now: the lists that we write."""
        rows = [
            {"list_id": playlist_id, "position": place, "track_id": row.track_id}
            for playlist_id in sorted(playlists.ours(self.workspace.state))
            for place, row in enumerate(self.spot.world.shelf.shown(playlist_id)[0])
            if row.kind == "track"
        ]
        return pl.DataFrame(rows, schema=datasets.SPOTIFY_LIBRARY.schema)

    def refresh(self, tilt: int = 0, name: str = "mix", **more: Any) -> Outcome:
        """A refresh as the assets make it: read, decide, say, write, log."""
        now = clock.utc_now().timestamp()
        material = self.material(tilt, **more)
        self.workspace.state.set_fact(LIBRARY_READ_AT, now)
        made = decide_list(self.workspace, name, material, now)
        queue.say(self.workspace.state, made.said, "playlist")
        table = made.decision.table
        spares = table.filter(change="out")["on_list"].list.first().drop_nulls().to_list()
        done = self.writer.write(
            named(self.workspace.settings, name),
            made.decision.listed["track_id"].to_list(),
            decided_on=set(table["on_list"].explode().drop_nulls()),
            spares=spares,
        )
        kept = table.filter(pl.col("change") != "kept").select(
            "change", "song_id", "track_id", "artist", "title", "reason", "tired"
        )
        finished(self.workspace.state, name, f"run-{uuid.uuid4()}", done, kept.to_dicts(), made.occasion)
        return done


@pytest.fixture
def listener(spot: Spot, tmp_path: Path) -> Iterator[Listener]:
    """A listener whose playlist was filled once."""
    spot.fail()
    made = Listener.at(tmp_path / "home", spot)
    made.refresh()
    yield made
    spot.fail()
    for playlist_id in playlists.ours(made.workspace.state):
        spot.unfollow(playlist_id)


@pytest.fixture(scope="session")
def rules() -> Settings:
    return load([PROJECT_ROOT / "config" / "config.yaml"])
