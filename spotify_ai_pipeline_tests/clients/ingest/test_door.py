"""The door: an odd record stops nothing, a reading that is not whole is not believed, and none goes on for ever."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import dagster as dg
import polars as pl
import pytest
from click.testing import CliRunner

from spotify_ai_pipeline import clock as our_clock
from spotify_ai_pipeline.app.library_reader import ACCEPTED, read_library
from spotify_ai_pipeline.app.scrobble_partitions import RANGE_END, RANGE_START, first_open
from spotify_ai_pipeline.app.spotify_capabilities import capable, learn_capabilities
from spotify_ai_pipeline.clients import paging, spotify, spotify_auth
from spotify_ai_pipeline.clients.lastfm import LastFm
from spotify_ai_pipeline.clients.listenbrainz import ListenBrainz
from spotify_ai_pipeline.clients.paging import Incomplete
from spotify_ai_pipeline.clients.reccobeats import ReccoBeats
from spotify_ai_pipeline.clients.spotify import Spotify
from spotify_ai_pipeline.clients.spotify_records import bucket_of
from spotify_ai_pipeline.clients.transport import Deferred, Transport
from spotify_ai_pipeline.defs.ingest import library
from spotify_ai_pipeline.defs.ingest.scrobbles import scrobbles_asset
from spotify_ai_pipeline.defs.io_manager import LakeIOManager
from spotify_ai_pipeline.defs.resources import LastFmResource, SpotifyResource, WorkspaceResource
from spotify_ai_pipeline.errors import ExpectedError, Retryable
from spotify_ai_pipeline.interfaces.cli import main
from spotify_ai_pipeline.music.identity.linking import Offer, best_offer
from spotify_ai_pipeline.sandbox.faults import Plan
from spotify_ai_pipeline.storage import alerts, api_ledger, datasets, quarantine
from spotify_ai_pipeline.storage.workspace import Workspace

NOTHING = datasets.SPOTIFY_LIBRARY.empty()
SINCE, UNTIL = datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 4, 1, tzinfo=UTC)
AT = int(datetime(2024, 3, 1, 10, 3, tzinfo=UTC).timestamp())
MBID = "8f3471b5-7e6a-48da-86a9-c1c07a0f47ae"


def key(number: int) -> str:
    return f"{number:022}"


def track(number: int, **changes: Any) -> dict[str, Any]:
    return {"id": key(number), "type": "track", "name": f"Song {number}", "artists": [{"name": "Low"}],
            "album": {"name": "Trust"}, "duration_ms": 200_000, **changes}  # fmt: skip


Answering = Callable[[str, dict[str, str], bytes], Any]


@pytest.fixture
def stub(tmp_path: Path) -> Iterator[Callable[[Answering], Workspace]]:
    """A home whose services all answer with what the given function says for (path, query, body)."""
    said: list[Answering] = []

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            parts = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            found = said[0](parts.path, query, body)
            text = found if isinstance(found, str) else json.dumps(found)
            self.send_response(200)
            self.send_header("Content-Type", "text/xml" if text.startswith("<") else "application/json")
            self.end_headers()
            self.wfile.write(text.encode())

        do_GET = do_POST = answer

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()

    def make(answering: Answering) -> Workspace:
        said[:] = [answering]
        root, url = tmp_path / "stub", f"http://127.0.0.1:{server.server_port}/"
        root.mkdir(exist_ok=True)
        names = ("spotify", "spotify_accounts", "lastfm", "listenbrainz", "reccobeats")
        services = "".join(f"  {name}:\n    url: {url}\n    calls_per_second: 10000\n" for name in names)
        (root / "config.yaml").write_text(f"services:\n{services}")
        (root / ".env").write_text(
            "SPOTIFY_CLIENT_ID=app\nSPOTIFY_CLIENT_SECRET=s\nLASTFM_API_KEY=key\nLASTFM_USER=u\nLISTENBRAINZ_USER=u\n"
        )
        workspace = Workspace(root)
        scopes = " ".join(spotify_auth.SCOPES)
        token = {
            "access_token": "a",
            "refresh_token": "r",
            "scope": scopes,
            "token_type": "Bearer",
            "expires_at": 2**40,
        }
        workspace.state.set_fact("known", 1.0)  # a token beside no state says that the state was lost
        workspace.token_file.write_text(json.dumps(token))
        workspace.token_file.chmod(0o600)
        return workspace

    yield make
    server.shutdown()
    server.server_close()


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs the command line on a home: (home, arguments) -> result."""

    def run(workspace: Workspace, *arguments: str) -> Any:
        monkeypatch.setenv("SPOTIFY_AI_DATA", str(workspace.root))
        return CliRunner().invoke(main, list(arguments))

    return run


def pages(rows: list[Any], size: int, **frame: Any) -> Answering:
    """A list of Spotify's, ``size`` rows a page whatever is asked for."""

    def answer(path: str, query: dict[str, str], _: bytes) -> Any:
        if path.endswith("/me/playlists"):
            return {"items": [], "total": 0, "offset": 0, "limit": 50, "next": None}
        at = int(query.get("offset") or 0)
        more = at + size < len(rows)
        return {"items": rows[at : at + size], "total": len(rows), "offset": at, "limit": size,
                "next": f"http://elsewhere/?offset={at + size}" if more else None, **frame}  # fmt: skip

    return answer


def liked(workspace: Workspace) -> list[str]:
    return [song for _, page in Spotify.of(workspace).liked_pages() for song in page["track_id"]]


# --- odd records -------------------------------------------------------------------------------------------------------

ODD_ROWS = [
    {"added_at": "2024-01-01T00:00:00Z", "track": track(2, name=None)},
    {"added_at": "2024-01-01T00:00:00Z", "track": track(2, name={"x": 1})},
    {"added_at": "2024-01-01T00:00:00Z", "track": track(2, name="half an emoji \ud83d")},
    {"added_at": "2024-01-01T00:00:00Z", "track": track(2, id=7)},
    {"added_at": "2024-01-01T00:00:00Z", "track": "spotify:track:x"},
    {"track": []}, [], 3, "x", None, {},
]  # fmt: skip


@pytest.mark.parametrize("odd", ODD_ROWS)
def test_an_odd_liked_song_is_put_aside_and_its_neighbours_are_there(stub: Any, odd: Any) -> None:
    good = [{"added_at": "2024-01-01T00:00:00Z", "track": track(number)} for number in (1, 3)]
    assert liked(stub(pages([good[0], odd, good[1]], 50))) == [key(1), key(3)]


def test_what_was_put_aside_is_counted_and_named(stub: Any, cli: Any) -> None:
    rows = [{"added_at": "0000-01-01T00:00:00Z", "track": track(number)} for number in range(60)]
    for place in (3, 17, 30, 58):
        rows[place]["track"]["name"] = None
    workspace = stub(pages(rows, 20))
    assert len(liked(workspace)) == 56
    (share,) = quarantine.shares(workspace.state)
    assert (share.source, share.records, share.quarantined) == ("spotify", 60, 4)
    aside = quarantine.put_aside(workspace.state)
    assert {one.place for one in aside} == {"a list, row 4", "a list, row 18", "a list, row 31", "a list, row 59"}
    assert {one.reason for one in aside} == {"no track.name that can be read"}
    (alert,) = alerts.open_alerts(workspace.state)
    assert "4 of the 60 records that spotify sent today cannot be read" in alert.message
    assert "4 from spotify" in cli(workspace, "status").stdout


@pytest.mark.parametrize(
    "change", [{"artists": []}, {"artists": None}, {"album": None}, {"duration_ms": "3:20"}, {"album": 3}]
)
def test_08_a_recent_play_with_odd_fields_is_kept_and_the_others_too(stub: Any, change: dict[str, Any]) -> None:
    rows = [{"played_at": f"2024-03-0{day}T10:00:00Z", "context": None, "track": track(day)} for day in (1, 2, 3)]
    rows[1]["track"] |= change
    found = Spotify.of(stub(lambda *_: {"items": rows})).recently_played()
    assert found["track_id"].to_list() == [key(1), key(2), key(3)]
    assert found["artist"].to_list() == ["Low", None if "artists" in change else "Low", "Low"]


@pytest.mark.parametrize("at", [None, 0, "1970-01-01T00:00:00Z", "0000-00-00", "soon", {}, "2099-01-01T00:00:00Z"])
def test_a_recent_play_without_a_time_is_put_aside(stub: Any, at: Any) -> None:
    rows = [{"played_at": at, "track": track(1)}, {"played_at": "2024-03-01T10:00:00Z", "track": track(2)}]
    workspace = stub(lambda *_: {"items": rows})
    assert Spotify.of(workspace).recently_played()["track_id"].to_list() == [key(2)]
    assert len(quarantine.put_aside(workspace.state, "spotify")) == 1


def test_08_a_search_answer_without_artists_or_name_is_passed_over(stub: Any) -> None:
    rows = [track(1, artists=[]), track(2, name=None), track(3, artists=[{"name": None}]), None, track(4)]
    found = Spotify.of(stub(lambda *_: {"tracks": {"items": rows}})).search("Low", "Song 4")
    assert [offer.track_id for offer in found] == [key(4)]
    assert best_offer("Low", "Song 4", [Offer(key(1), "Song 4", []), *found]) is not None


def test_13_what_is_no_recording_id_is_not_asked_for(stub: Any) -> None:
    asked: list[list[str]] = []

    def answer(_path: str, _query: dict[str, str], body: bytes) -> Any:
        asked.append(json.loads(body)["recording_mbids"])
        return {
            MBID: {
                "tag": {
                    "recording": [{"tag": "Slow", "count": 2}, {"tag": None, "count": 1}, {"tag": "x", "count": "y"}]
                }
            }
        }

    client = ListenBrainz.of(stub(answer))
    for _ in range(2):
        found = client.recording_tags(["None", MBID, "", "null", MBID[:-1], MBID.upper()])
        assert {mbid: tags.own for mbid, tags in found.items()} == {MBID: {"slow": 1.0}}
    assert asked == [[MBID]]
    assert client.recordings(["None"]) == {}


def scrobbles(*rows: tuple[Any, str], total: int | None = None) -> str:
    told = "".join(
        f'<track><artist mbid="">Low</artist><name>{name}</name><mbid>None</mbid><album mbid="">Trust</album>'
        f'<date uts="{uts}">x</date></track>'
        for uts, name in rows
    )
    head = f'user="u" page="1" perPage="200" totalPages="1" total="{len(rows) if total is None else total}"'
    return f'<lfm status="ok"><recenttracks {head}>{told}</recenttracks></lfm>'


@pytest.mark.parametrize("uts", [0, 1, -5, "", "x", "1e300", 9_999_999_999_999, 1_009_843_199])
def test_14_a_scrobble_of_1970_has_no_time(stub: Any, uts: Any) -> None:
    workspace = stub(lambda *_: scrobbles((AT, "Amazing Grace"), (uts, "Canada")))
    client = LastFm.of(workspace)
    assert client.first_scrobble() == datetime.fromtimestamp(AT, UTC)
    found = client.scrobbles(SINCE, UNTIL)
    assert found["title"].to_list() == ["Amazing Grace"]
    assert found["track_mbid"].to_list() == [None], "None is no recording id"
    assert {one.reason for one in quarantine.put_aside(workspace.state, "lastfm")} == {"no played_at that can be read"}


def listen(at: Any, number: int, **changes: Any) -> dict[str, Any]:
    said = {
        "artist_name": "Low",
        "track_name": f"Song {number}",
        "release_name": "Trust",
        "additional_info": {},
        **changes,
    }
    return {"listened_at": at, "recording_msid": str(number), "track_metadata": said}


def listened(rows: list[Any], most: int = 1_000, oldest: Any = None) -> Answering:
    """ListenBrainz as it pages, ``most`` a page."""

    def answer(_path: str, query: dict[str, str], _: bytes) -> Any:
        low, high = int(query.get("min_ts") or -1), int(query.get("max_ts") or 10**12)
        sane = [row for row in rows if not isinstance(row, dict) or not isinstance(row.get("listened_at"), int)
                or low < row["listened_at"] < high]  # fmt: skip
        count = min(int(query["count"]), most)
        forward = "min_ts" in query and "max_ts" not in query
        ends = {"oldest_listen_ts": oldest if oldest is not None else AT, "latest_listen_ts": AT}
        return {"payload": {"listens": sane[-count:] if forward else sane[:count], **ends}}

    return answer


@pytest.mark.parametrize(
    "odd",
    [
        {"additional_info": {"duration_ms": "3:45"}}, {"additional_info": {"duration_ms": float("nan")}},
        {"additional_info": {"duration": 10**400}}, {"additional_info": None}, {"additional_info": "x"},
        {"release_name": "\ud83d"},
        {"mbid_mapping": {"recording_mbid": "None"}}, {"mbid_mapping": []}, {"additional_info": {"spotify_id": 3}},
        {"additional_info": {"spotify_id": "https://open.spotify.com/episode/" + "1" * 22}},
    ],
)  # fmt: skip
def test_an_odd_field_of_a_listen_is_null_and_the_listen_is_there(stub: Any, odd: dict[str, Any]) -> None:
    rows = [listen(AT - number, number, **(odd if number == 1 else {})) for number in range(3)]
    found = ListenBrainz.of(stub(listened(rows))).listens(SINCE, UNTIL)
    assert found["title"].to_list() == ["Song 2", "Song 1", "Song 0"]
    assert found.row(1, named=True) | {"album": None} == {
        **found.row(0, named=True), "played_at": datetime.fromtimestamp(AT - 1, UTC), "title": "Song 1", "album": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    "odd", [None, {}, 3, [], listen(0, 9), listen("0000", 9), listen(AT, 9, track_name=None), {"listened_at": AT}]
)
def test_an_odd_listen_is_put_aside(stub: Any, odd: Any) -> None:
    rows = [listen(AT, 0), odd, listen(AT - 5, 1)]
    workspace = stub(listened(rows))
    assert ListenBrainz.of(workspace).listens(SINCE, UNTIL)["title"].to_list() == ["Song 1", "Song 0"]


@pytest.mark.parametrize("oldest", [0, None, -1, "x", 5])
def test_a_service_that_does_not_know_its_oldest_stamp_is_read_from_the_first_listen(stub: Any, oldest: Any) -> None:
    rows = [listen(AT - 86_400 * 30 * number, number) for number in range(18)] + [listen(0, 99)]
    workspace = stub(listened(rows, oldest=oldest if oldest is not None else {}))
    assert ListenBrainz.of(workspace).first_listen() == datetime.fromtimestamp(AT - 86_400 * 30 * 17, UTC)
    workspace = stub(listened([], oldest=0))
    assert ListenBrainz.of(workspace).first_listen() is None


def test_a_null_link_of_reccobeats_is_passed_over(stub: Any) -> None:
    link = f"https://open.spotify.com/track/{key(1)}"
    rows = [{"href": None, "energy": 0.5}, {"href": link, "energy": 0.5, "tempo": -3, "key": "C"}, {"href": 3}, None]
    client = ReccoBeats.of(stub(lambda *_: {"content": rows}))
    assert [found for _, found in client.audio_features([key(1)])] == [{key(1): {"energy": 0.5}}]
    songs = [
        {"href": None},
        {"href": link, "trackTitle": "A", "artists": [{"name": "B"}]},
        {"href": link, "artists": 3},
    ]
    client = ReccoBeats.of(stub(lambda *_: {"content": songs}))
    assert [offer.title for offer in client.recommendations([key(1)], 5)] == ["A"]


# --- whole or not published --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 20, 49, 50])
def test_24_a_list_is_read_by_the_rows_that_came(stub: Any, size: int) -> None:
    rows = [{"added_at": "2024-01-01T00:00:00Z", "track": track(number)} for number in range(60)]
    assert liked(stub(pages(rows, size))) == [key(number) for number in range(60)]


@pytest.mark.parametrize(
    ("rows", "frame"),
    [
        (0, {"total": 500}), (30, {"total": 60}), (60, {"total": 59}), (0, {"total": 10_000_000, "next": "http://elsewhere/"}),
        (50, {"total": 10_000_000}),
    ],
)  # fmt: skip
def test_a_list_that_is_not_whole_is_no_list(stub: Any, rows: int, frame: dict[str, Any]) -> None:
    told = [{"added_at": "2024-01-01T00:00:00Z", "track": track(number)} for number in range(rows)]
    workspace = stub(pages(told, 50, **frame))
    with pytest.raises(Incomplete, match="try again later"):
        liked(workspace)
    with pytest.raises(Retryable):
        read_library(Spotify.of(workspace), NOTHING, str)
    known = pl.DataFrame(
        [{"list_id": "liked", "track_id": key(1), "position": 0}], schema=datasets.SPOTIFY_LIBRARY.schema
    )
    reading = read_library(Spotify.of(workspace), known, str)
    assert reading.library.equals(known), "what is known stays"
    assert isinstance(reading.deferred, Incomplete)


@pytest.mark.parametrize("total", [None, "many", -1, {}, float("nan")])
def test_a_list_that_does_not_say_how_long_it_is_is_no_list(stub: Any, total: Any) -> None:
    with pytest.raises(ExpectedError):
        liked(stub(pages([], 50, total=total)))


def test_a_page_that_names_itself_as_the_next_ends(stub: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paging, "MOST_ROWS", 1_000)
    rows = [{"added_at": "2024-01-01T00:00:00Z", "track": track(number)} for number in range(50)]
    asked: list[str] = []

    def answer(path: str, query: dict[str, str], _: bytes) -> Any:
        asked.append(path)
        return {"items": rows, "total": 900, "limit": 50, "offset": int(query["offset"]), "next": "?offset=0"}

    with pytest.raises(Incomplete):
        list(Spotify.of(stub(answer)).liked_pages())
    assert len(asked) < 100


def test_a_reading_has_a_deadline() -> None:
    reading = paging.Reading("Spotify", "a list")
    assert reading.page(50, 1_000)
    reading.since -= paging.LONGEST_READING
    with pytest.raises(Incomplete, match="not read to its end in 15 minutes"):
        reading.page(50, 1_000)


def test_scrobbles_that_do_not_come_are_no_empty_month(stub: Any) -> None:
    with pytest.raises(Incomplete, match="the scrobbles of 2024-01 whole"):
        LastFm.of(stub(lambda *_: scrobbles(total=400))).scrobbles(SINCE, UNTIL)


def test_small_pages_of_scrobbles_are_all_read(stub: Any) -> None:
    told = [(AT - number, f"Song {number}") for number in range(60)]

    def answer(_path: str, _query: dict[str, str], body: bytes) -> str:
        page = int(parse_qs(body.decode())["page"][0])
        return scrobbles(*told[(page - 1) * 25 : page * 25], total=60)

    assert LastFm.of(stub(answer)).scrobbles(SINCE, UNTIL).height == 60


@pytest.mark.parametrize("most", [1, 25, 100])
def test_small_pages_of_listens_are_all_read(stub: Any, most: int) -> None:
    rows = [listen(AT - number, number) for number in range(60)]
    assert ListenBrainz.of(stub(listened(rows, most))).listens(SINCE, UNTIL).height == 60


def test_listens_of_another_time_than_asked_for_are_not_taken(stub: Any) -> None:
    with pytest.raises(Incomplete):
        ListenBrainz.of(stub(lambda *_: {"payload": {"listens": [listen(AT, 1)]}})).listens(
            SINCE, SINCE + timedelta(days=2)
        )


def resources(workspace: Workspace) -> dict[str, Any]:
    place = WorkspaceResource(root=str(workspace.root))
    return {
        "workspace": place, "io_manager": LakeIOManager(workspace=place), "lastfm": LastFmResource(workspace=place),
        "spotify": SpotifyResource(workspace=place),
    }  # fmt: skip


def materialize(workspace: Workspace, asset: dg.AssetsDefinition, **tags: Any) -> dg.ExecuteInProcessResult:
    with dg.instance_for_test() as instance:
        return dg.materialize(
            [asset], resources=resources(workspace), instance=instance, tags=tags, raise_on_error=False
        )


def test_a_month_that_is_not_whole_is_never_final_and_the_others_are_read(stub: Any) -> None:
    def answer(_path: str, _query: dict[str, str], body: bytes) -> str:
        since = datetime.fromtimestamp(int(parse_qs(body.decode())["from"][0]), UTC)
        return scrobbles((int(since.timestamp()) + 60, "Canada"), total=2 if since.month == 2 else 1)

    workspace = stub(answer)
    span: dict[str, Any] = {RANGE_START: "2024-01", RANGE_END: "2024-03"}
    assert materialize(workspace, scrobbles_asset("2024-01"), **span).success
    assert workspace.lake.partitions(datasets.SCROBBLES) == ["2024-01", "2024-03"]
    assert first_open(workspace.lake, "2024-01", timedelta(days=7), our_clock.utc_now()) == "2024-02"
    (alert,) = alerts.open_alerts(workspace.state)
    assert "scrobbles is not up to date: Last.fm does not send the scrobbles of 2024-02 whole" in alert.message


def test_a_library_that_shrank_is_asked_about_and_believed_once_accepted(stub: Any) -> None:
    rows = [{"added_at": "2024-01-01T00:00:00Z", "track": track(number)} for number in range(60)]

    def answer(path: str, query: dict[str, str], body: bytes) -> Any:
        return {"id": "me"} if path.rstrip("/").endswith("/me") else pages(shown, 50)(path, query, body)

    shown: list[Any] = rows
    workspace = stub(answer)
    assert materialize(workspace, library.spotify_library).success
    for shown in (rows[:10], []):
        result = materialize(workspace, library.spotify_library)
        assert result.success
        assert workspace.lake.read(datasets.SPOTIFY_LIBRARY).height == 60
        (alert,) = alerts.open_alerts(workspace.state)
        assert f"{len(shown)} liked songs where there were 60" in alert.message
        assert "spotify-ai refresh --accept-library" in alert.message
    shown = rows[:50]
    assert materialize(workspace, library.spotify_library).success
    assert workspace.lake.read(datasets.SPOTIFY_LIBRARY).height == 50, "a few less are believed"
    assert alerts.open_alerts(workspace.state) == []
    shown = rows[:10]
    workspace.state.set_fact(ACCEPTED, True)
    assert materialize(workspace, library.spotify_library).success
    assert workspace.lake.read(datasets.SPOTIFY_LIBRARY).height == 10
    assert workspace.state.fact(ACCEPTED) is None, "said once, believed once"


# --- buckets -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "bucket"),
    [
        ("GET", "me/tracks?limit=50", "library"), ("GET", "playlists/x/items", "library"), ("PUT", "me/library", "library"),
        ("POST", "me/playlists", "playlist writes"), ("PUT", "playlists/x/items", "playlist writes"),
        ("GET", "search?q=x", "search"), ("GET", "tracks/x", "catalogue"), ("GET", "artists/x/albums", "catalogue"),
        ("GET", "audio-features/x", "probes"), ("GET", "audio-features?ids=x", "probes"), ("GET", "recommendations?x", "probes"),
        ("GET", "tracks?ids=x", "probes"), ("GET", "artists/x/top-tracks", "probes"),
        ("GET", "artists/x/related-artists", "probes"),
    ],
)  # fmt: skip
def test_each_call_has_its_bucket(method: str, path: str, bucket: str) -> None:
    assert bucket_of(method, path) == bucket


def test_25_a_closed_endpoint_that_asks_for_a_day_stops_nothing_else(
    sandbox: Any, workspace: Workspace, clock: Any, cli: Any
) -> None:
    sandbox.fail(rate=1, kinds=["closed"], path="/spotify/v1/audio-features")
    client = Spotify.of(workspace)
    learn_capabilities(workspace, client)
    assert clock.slept == []
    assert not capable(workspace, "audio-features")
    assert client.user_id() and client.playlists("x") and client.search("a", "b") is not None
    assert read_library(client, NOTHING, str).deferred is None
    assert client.create_playlist("AI", "for a test")
    assert list(api_ledger.pauses(workspace.state, our_clock.now())) == ["spotify/probes"]
    with pytest.raises(Deferred, match=r"spotify \(probes\) is deferred"):
        list(client.audio_features([key(1)]))
    assert "probes: too many requests" in " ".join(cli(workspace, "status", "--json").stdout.split())
    fixed = cli(workspace, "doctor", "--fix")
    assert "pauses ended: spotify/probes" in fixed.stderr
    assert api_ledger.pauses(workspace.state, our_clock.now()) == {}


@pytest.mark.parametrize("until", [1e300, float("inf"), 99_999_999_999_999.0])
def test_odd_rows_of_the_table_are_no_trouble_for_anybody(workspace: Workspace, cli: Any, until: float) -> None:
    with workspace.state.transaction() as connection:
        connection.execute("INSERT INTO cooldowns VALUES ('spotify', ?, 'odd')", (until,))
    assert cli(workspace, "status").exit_code == 0
    assert Spotify.of(workspace).user_id()


# --- the sandbox does all of this --------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["small", "odd", "loop"])
def test_odd_small_and_endless_pages_lose_no_neighbour(sandbox: Any, workspace: Workspace, kind: str) -> None:
    whole = read_library(Spotify.of(workspace), NOTHING, str).library
    sandbox.fail(rate=1, kinds=[kind], path="/spotify/v1/me/tracks", most=40, seed=3)
    found = read_library(Spotify.of(sandbox.signed_in(workspace.root.parent / "other")), NOTHING, str).library
    assert whole.height - 6 <= found.height <= whole.height if kind == "odd" else found.height == whole.height


def test_pages_without_rows_are_not_believed(sandbox: Any, workspace: Workspace) -> None:
    sandbox.fail(rate=1, kinds=["empty"], path="/spotify/v1/me/tracks")
    with pytest.raises(Incomplete):
        liked(workspace)
    sandbox.fail(rate=1, kinds=["empty"], path="/lastfm")
    with pytest.raises(Incomplete):
        LastFm.of(workspace).scrobbles(datetime(2025, 1, 1, tzinfo=UTC), datetime(2025, 2, 1, tzinfo=UTC))


def test_an_answer_that_trickles_in_is_given_up(sandbox: Any, tmp_path: Path) -> None:
    workspace = sandbox.workspace(tmp_path / "home", services={"lastfm": {"timeout_seconds": 1}})
    sandbox.fail(rate=1, kinds=["trickle"], path="/lastfm", slow_s=0.1)
    with pytest.raises(ExpectedError, match="not whole after 2 s"):
        LastFm.of(workspace).newest_scrobble()


def test_a_plan_knows_its_kinds() -> None:
    assert Plan.of({"kinds": ["small", "odd", "empty", "loop", "trickle", "closed"]}).rate == 0


def test_the_transport_of_spotify_names_its_buckets(workspace: Workspace) -> None:
    way = Spotify.of(workspace)._transport
    assert isinstance(way, Transport)
    assert way.bucket_of("GET", "search?q=x") == "search"
    assert spotify.PAGE == 50
