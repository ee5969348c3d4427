"""The fuzzer: each recorded answer of each service, changed in one place, through the real client.

No exception but those of ``errors.py`` comes out, no neighbour of a changed record is lost, and nothing runs on for ever. A run
of the suite tries some mutants, by its date; `make test-mutants` tries 2,000 a service.
"""

from __future__ import annotations

import io
import json
import os
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import polars as pl
import pytest
import requests
from requests.adapters import HTTPAdapter

from spotify_ai_pipeline.app.library_reader import read_library
from spotify_ai_pipeline.clients.deezer import Deezer
from spotify_ai_pipeline.clients.itunes import Itunes
from spotify_ai_pipeline.clients.lastfm import LastFm
from spotify_ai_pipeline.clients.lastfm_stations import LastFmStations
from spotify_ai_pipeline.clients.listenbrainz import ListenBrainz
from spotify_ai_pipeline.clients.listenbrainz_labs import ListenBrainzLabs
from spotify_ai_pipeline.clients.listenbrainz_playlists import ListenBrainzPlaylists
from spotify_ai_pipeline.clients.lrclib import LrcLib
from spotify_ai_pipeline.clients.reccobeats import ReccoBeats
from spotify_ai_pipeline.clients.spotify import Spotify
from spotify_ai_pipeline.errors import ExpectedError
from spotify_ai_pipeline.music.mix.edit_script import Add
from spotify_ai_pipeline.storage import api_ledger, datasets
from spotify_ai_pipeline.storage.workspace import Workspace
from spotify_ai_pipeline_tests.clients.mutants import Answer, mutant
from spotify_ai_pipeline_tests.conftest import NOW, Clock

MUTANTS = int(os.environ.get("SPOTIFY_AI_MUTANTS", "150"))
MOST_SECONDS, MOST_CALLS = 20.0, 400
Key = tuple[str, str, bytes]


class Replay:
    """Answers that were recorded, one of them changed; a request that was never made gets that of its path."""

    def __init__(self) -> None:
        self.answers: dict[Key, Answer] = {}
        self.changed: dict[Key, Answer] = {}
        self.recording, self.calls = True, 0

    def keep(self, key: Key, answer: Answer) -> None:
        self.answers[key] = answer

    def answer(self, key: Key) -> Answer:
        self.calls += 1
        assert self.calls <= MOST_CALLS, "calls without end"
        path = key[1].split("?")[0]
        beside = next((one for one in self.answers if one[1].split("?")[0] == path), None)
        found = key if key in self.answers else beside
        if found is None:
            return Answer(404, {"Content-Type": "application/json"}, b'{"error": {"status": 404, "message": "no"}}')
        return self.changed.get(found) or self.answers[found]


@pytest.fixture
def replay(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> Replay:
    """Stands between our transports and the network, below all that is ours."""
    script, send, handle = Replay(), HTTPAdapter.send, httpx2.HTTPTransport.handle_request

    def sent(self: HTTPAdapter, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        body = request.body.encode() if isinstance(request.body, str) else bytes(request.body or b"")  # pyright: ignore[reportArgumentType]
        key = (request.method or "", request.url or "", body)
        if script.recording:
            answer = send(self, request, *args, **options)
            script.keep(
                key,
                Answer(answer.status_code, {"Content-Type": answer.headers.get("Content-Type", "")}, answer.content),
            )
        said = script.answer(key)
        made = requests.Response()
        made.status_code, made.request, made.url, made.raw = (
            said.status,
            request,
            request.url or "",
            io.BytesIO(said.body),
        )
        made.headers.update(said.headers)
        return made

    def handled(self: httpx2.HTTPTransport, request: httpx2.Request) -> httpx2.Response:
        key = (request.method, str(request.url), request.read())
        if script.recording:
            answer = handle(self, request)
            script.keep(key, Answer(answer.status_code, {"Content-Type": "text/xml"}, answer.read()))
        said = script.answer(key)
        return httpx2.Response(said.status, headers=said.headers, content=said.body)

    monkeypatch.setattr(HTTPAdapter, "send", sent)
    monkeypatch.setattr(httpx2.HTTPTransport, "handle_request", handled)
    return script


@dataclass(frozen=True)
class Scenario:
    """A question to a service: what it gives as a set of keys, and where in the answer its records are (None: it has none)."""

    ask: Callable[[], set[Any]]
    records: tuple[Any, ...] | None = None


def column(frame: pl.DataFrame, name: str) -> set[Any]:
    return set(frame[name].to_list())


def offers(found: Any) -> set[str]:
    return {offer.track_id for offer in found}


def of_spotify(workspace: Workspace, world: Path) -> dict[str, Scenario]:
    def client() -> Spotify:
        return Spotify.of(workspace)

    def liked() -> set[Any]:
        return {song for _, page in client().liked_pages() for song in page["track_id"]}

    def library() -> set[Any]:
        return column(read_library(client(), datasets.SPOTIFY_LIBRARY.empty(), str).library, "track_id")

    tracks = pl.read_parquet(world / "catalogue.parquet").filter("playable")
    song, artist, title = tracks.select("id", pl.col("artist_names").list.first(), "name").row(0)
    playlist = next(row for row in client().playlists(client().user_id()) if row.readable and row.items > 5)
    artist_id = client().artist_id(song) or ""
    album = client().newest_albums(artist_id)[0].album_id
    return {
        "liked": Scenario(liked, ("items",)),
        "library": Scenario(library),
        "playlists": Scenario(lambda: {row.playlist_id for row in client().playlists("x")}, ("items",)),
        "playlist": Scenario(lambda: column(client().playlist_items(playlist)[0], "track_id"), ("items",)),
        "rows": Scenario(lambda: set(client().track_ids(playlist.playlist_id)), ("items",)),
        "recent": Scenario(lambda: column(client().recently_played(), "played_at"), ("items",)),
        "search": Scenario(lambda: offers(client().search(artist, title)), ("tracks", "items")),
        "artist": Scenario(lambda: {client().artist_id(song)}),
        "albums": Scenario(lambda: {one.album_id for one in client().newest_albums(artist_id)}, ("items",)),
        "album": Scenario(lambda: offers(client().album_tracks(album)), ("items",)),
        "is it liked": Scenario(lambda: {client().liked(song)}),
        "who": Scenario(lambda: {client().user_id()}),
        "features": Scenario(lambda: {key for _, found in client().audio_features([song, "x" * 22]) for key in found}),
        "recommendations": Scenario(lambda: offers(client().recommendations([song], 5))),
        "may it": Scenario(lambda: {client().may_call("audio-features/x")}),
    }


def of_lastfm(workspace: Workspace, world: Path) -> dict[str, Scenario]:
    client = LastFm.of(workspace)
    plays = pl.read_parquet(world / "plays.parquet").filter(pl.col("ms_played") >= 30_000).sort("started")
    artist, title, at = plays.select("artist", "track", "started").row(plays.height // 2)
    start = datetime.fromtimestamp(at, UTC)
    songs = pl.read_parquet(world / "catalogue.parquet").filter(pl.col("artist_names").list.first() == artist)
    album = songs["album"][0]
    friend = client.friends()[0]

    def near(found: Any) -> set[Any]:
        return {(song.artist, song.title) for song in found}

    def window() -> set[Any]:
        return column(client.scrobbles(start, start + timedelta(days=4)), "played_at")

    return {
        "window": Scenario(window, ("recenttracks", 0, "track")),
        "first": Scenario(lambda: {client.first_scrobble()}),
        "newest": Scenario(lambda: {client.newest_scrobble()}),
        "artist tags": Scenario(lambda: set(client.artist_tags(artist)), ("toptags", 0, "tag")),
        "track tags": Scenario(lambda: set(client.track_tags(artist, title)), ("toptags", 0, "tag")),
        "similar": Scenario(lambda: near(client.similar_tracks(artist, title)), ("similartracks", 0, "track")),
        "artists": Scenario(
            lambda: {name for name, _ in client.similar_artists(artist)}, ("similarartists", 0, "artist")
        ),
        "top": Scenario(lambda: near(client.top_tracks(artist)), ("toptracks", 0, "track")),
        "of an album": Scenario(lambda: near(client.album_songs(artist, album)), ("album", 0, "tracks", 0, "track")),
        "friends": Scenario(lambda: set(client.friends()), ("friends", 0, "user")),
        "played by": Scenario(lambda: set(client.played_by(friend, start)), ("recenttracks", 0, "track")),
        "now": Scenario(lambda: {client.now_playing(friend)}),
        "loved": Scenario(
            lambda: column(client.loved(datasets.LOVED_SONGS.empty()), "title"), ("lovedtracks", 0, "track")
        ),
    }


def of_listenbrainz(workspace: Workspace, world: Path) -> dict[str, Scenario]:
    client = ListenBrainz.of(workspace)
    plays = pl.read_parquet(world / "plays.parquet").filter(pl.col("ms_played") >= 30_000).sort("started")
    start = datetime.fromtimestamp(plays["started"][plays.height // 2], UTC)
    mbids = pl.read_parquet(world / "catalogue.parquet")["mbid"].drop_nulls().unique().sort().head(30).to_list()
    lists = ListenBrainzPlaylists.of(workspace)
    ours = lists.create_playlist("Ours", "")
    lists.edit(ours, Add(tuple(mbids[:20]), 0))
    tag = pl.read_parquet(world / "tags.parquet")["tags"].explode().mode().sort()[0]

    def window() -> set[Any]:
        return column(client.listens(start, start + timedelta(days=4)), "played_at")

    return {
        "window": Scenario(window, ("payload", "listens")),
        "first": Scenario(lambda: {client.first_listen()}),
        "recommended": Scenario(lambda: {mbid for mbid, _ in client.recommended(20)}, ("payload", "mbids")),
        "exploration": Scenario(lambda: {song.mbid for song in client.weekly_exploration()}, ("playlist", "track")),
        "loved": Scenario(lambda: column(client.loved(), "title"), ("feedback",)),
        "playlists": Scenario(lambda: {one.name for one in lists.playlists(lists.user_id())}, ("playlists",)),
        "rows": Scenario(lambda: set(lists.rows(ours).track_ids), ("playlist", "track")),
        "radio": Scenario(lambda: set(client.radio(tag, 20)), ()),
        "names": Scenario(lambda: set(client.recordings(mbids)), ()),
        "tags": Scenario(lambda: set(client.recording_tags(mbids)), ()),
    }


def of_labs(workspace: Workspace, world: Path) -> dict[str, Scenario]:
    client = ListenBrainzLabs.of(workspace)
    tracks = (
        pl.read_parquet(world / "catalogue.parquet")
        .filter(pl.col("mbid").is_not_null())
        .unique("mbid")
        .sort("id")
        .head(20)
    )
    mbids = tracks["mbid"].to_list()
    names = [
        (artists[0], name, album) for artists, name, album in tracks.select("artist_names", "name", "album").iter_rows()
    ]
    return {
        "by recording": Scenario(lambda: set(client.by_recording(mbids)), ()),
        "by name": Scenario(lambda: {place for place, one in enumerate(client.by_name(names)) if one}, ()),
    }


def of_reccobeats(workspace: Workspace, world: Path) -> dict[str, Scenario]:
    client = ReccoBeats.of(workspace)
    ids = (
        pl.read_parquet(world / "catalogue.parquet")
        .filter(pl.col("reccobeats_id").is_not_null())["id"]
        .head(30)
        .to_list()
    )

    def features() -> set[Any]:
        return {key for _, found in client.audio_features(ids) for key in found}

    return {
        "features": Scenario(features, ("content",)),
        "recommendations": Scenario(lambda: offers(client.recommendations(ids[:5], 20)), ("content",)),
    }


def of_stations(workspace: Workspace, world: Path) -> dict[str, Scenario]:
    client = LastFmStations.of(workspace)
    return {"recommended": Scenario(lambda: set(client.songs()), ("playlist",))}


def of_small_ones(workspace: Workspace, world: Path) -> dict[str, Scenario]:
    tracks = pl.read_parquet(world / "catalogue.parquet").filter("playable").head(8)
    songs = [
        (artists[0], name, isrc) for artists, name, isrc in tracks.select("artist_names", "name", "isrc").iter_rows()
    ]
    made: dict[str, Scenario] = {}
    for place, (artist, title, isrc) in enumerate(songs):
        made |= {
            f"lyrics {place}": Scenario(lambda a=artist, t=title: {LrcLib.of(workspace).lyrics(a, t)}),
            f"deezer {place}": Scenario(lambda a=artist, t=title, i=isrc: {Deezer.of(workspace).sound(a, t, i)}),
            f"itunes {place}": Scenario(lambda a=artist, t=title, i=isrc: {Itunes.of(workspace).sound(a, t, i)}),
        }
    return made


SERVICES = {
    "spotify": of_spotify, "lastfm": of_lastfm, "listenbrainz": of_listenbrainz, "labs": of_labs, "reccobeats": of_reccobeats,
    "stations": of_stations, "small ones": of_small_ones,
}  # fmt: skip


def forget(workspace: Workspace) -> None:
    """Nothing that an earlier mutant brought about is left."""
    workspace.answers._connection.execute("DELETE FROM answers")
    workspace.answers._connection.commit()
    api_ledger.clear_pauses(workspace.state)
    workspace.state.connection.execute("DELETE FROM api_calls")
    workspace.state.connection.execute("DELETE FROM facts WHERE name = 'spotify_user'")


def made_up(replay: Replay, url: str, ids: list[str]) -> None:
    """Answers of endpoints that the sandbox has closed, as older apps get them."""
    features = [{"id": key, "energy": 0.5, "tempo": 120.0, "key": 3, "mode": 1, "loudness": -7.5} for key in ids]
    tracks = [
        {"id": key, "name": "A", "artists": [{"name": "B", "id": key}], "duration_ms": 1_000, "external_ids": {}}
        for key in ids
    ]
    for path, answer in (("audio-features", {"audio_features": features}), ("recommendations", {"tracks": tracks})):
        body = httpx2.Response(200, json=answer).content
        for key in [key for key in replay.answers if key[1].startswith(url + path + "?")]:
            replay.keep(key, Answer(200, {"Content-Type": "application/json"}, body))


@pytest.fixture
def home(connected: Workspace, world: Path) -> Iterator[Workspace]:
    env, user = connected.root / ".env", "LISTENBRAINZ_USER="
    who = json.loads((world / "world.json").read_text())["listener"]["listenbrainz_user"]
    env.write_text(env.read_text() + f"{user}{who}\nLISTENBRAINZ_TOKEN={who}\n")
    yield Workspace.open(connected.root)


@pytest.mark.parametrize("service", SERVICES)
def test_no_mutant_brings_anything_but_an_error_of_ours(
    service: str, home: Workspace, world: Path, replay: Replay
) -> None:
    scenarios = SERVICES[service](home, world)
    recorded: dict[str, tuple[set[Any], list[Key]]] = {}
    for name, scenario in scenarios.items():
        forget(home)
        replay.answers, replay.calls = {}, 0
        try:
            keys = scenario.ask()
        except ExpectedError:  # closed in the sandbox
            keys = set()
        made_up(replay, home.settings.services.spotify.url, ["x" * 22, "y" * 22])
        recorded[name] = (keys, list(replay.answers))
        vars(replay).setdefault("tapes", {})[name] = replay.answers
    tapes: dict[str, dict[Key, Answer]] = vars(replay)["tapes"]
    replay.recording = False
    seed = NOW.toordinal() * 10_000 if MUTANTS < 2_000 else 0
    for number in range(MUTANTS):
        rng = random.Random(f"{service} {seed + number}")
        name = rng.choice(sorted(scenarios))
        replay.answers, replay.calls = tapes[name], 0
        target = rng.choice(sorted(replay.answers))
        changed = mutant(replay.answers[target], rng)
        replay.changed = {target: changed}
        forget(home)
        told, started = f"{service} {seed + number}: {name}, {target[1][-60:]}: {changed.what}", time.monotonic()
        expected, inner = recorded[name][0], scenarios[name].records
        within = inner is not None and changed.inside[: len(inner)] == inner and len(changed.inside) > len(inner)
        try:
            found = scenarios[name].ask()
        except ExpectedError as error:
            assert "\n" not in str(error), told
            assert not within, f"{told}: neighbours are lost ({error})"
        except Exception as error:
            raise AssertionError(f"{told}: {type(error).__name__}: {error}") from error
        else:
            if within:
                assert len(expected - found) <= 1, f"{told}: {len(expected - found)} of {len(expected)} are lost"
        assert time.monotonic() - started < MOST_SECONDS, told
