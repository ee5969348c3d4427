"""Spotify ids for songs in no list: the cheapest source first, most played first, unknowns remembered for a while."""

import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any, cast

import dagster as dg
import polars as pl
import pytest

from spotify_ai_pipeline.app.spotify_ids import from_labs
from spotify_ai_pipeline.clients.door import Door
from spotify_ai_pipeline.clients.listenbrainz_labs import LabsError, ListenBrainzLabs
from spotify_ai_pipeline.clients.spotify import Spotify
from spotify_ai_pipeline.clients.transport import Deferred, Transport
from spotify_ai_pipeline.defs.identity import song_links as links_module
from spotify_ai_pipeline.defs.resources import WorkspaceResource
from spotify_ai_pipeline.music.identity import linking
from spotify_ai_pipeline.music.identity.linking import LINKS, Offer
from spotify_ai_pipeline.music.identity.members import TRACKS, decide
from spotify_ai_pipeline.settings import Service
from spotify_ai_pipeline.storage import datasets
from spotify_ai_pipeline.storage.state import State
from spotify_ai_pipeline.storage.workspace import Workspace

NOW = datetime(2026, 3, 1, tzinfo=UTC)
AGAIN = timedelta(days=90)


class AskedLabs(ListenBrainzLabs):
    """A client that keeps what its server is to answer and was asked."""

    answers: dict[str, Callable[[Any], Any]]
    asked: list[tuple[str, Any]]


@pytest.fixture
def labs(tmp_path):
    """A client of a server that answers by ``answers`` (dataset -> function of the rows) and keeps what it was ``asked``."""
    answers, asked = {}, []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            rows = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            dataset = self.path.split("/")[-2]
            asked.append((dataset, rows))
            try:
                body = json.dumps(answers[dataset](rows)).encode()
            except AttributeError:
                body = b"<html>"
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    service = Service(
        url=f"http://127.0.0.1:{server.server_port}/", timeout_seconds=5, calls_per_second=1000, calls_per_day=100
    )
    client = AskedLabs(Transport("listenbrainz_labs", service, State(tmp_path / "state.sqlite"), safe_posts=True))
    client.answers, client.asked = answers, asked
    yield client
    server.shutdown()
    server.server_close()


M1, M2 = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"


def spotify_id(name):
    """A made-up Spotify id that tells its song by its letters."""
    return (name * 22)[:22]


def row(artist, title, *ids, mbid=None):
    return {
        "recording_mbid": mbid,
        "artist_name": artist,
        "release_name": "",
        "track_name": title,
        "spotify_track_ids": list(ids),
    }


def heard(*names):
    return pl.DataFrame(names, schema={"artist": pl.String, "title": pl.String, "plays": pl.Int64}, orient="row")


def empty_links():
    return pl.DataFrame(schema=LINKS)


def test_labs_takes_answers_in_any_order_and_with_gaps(labs):
    labs.answers["spotify-id-from-mbid"] = lambda rows: [
        row("B", "Two", spotify_id("two"), mbid=M2),
        row(None, None, mbid=M1),
    ]
    labs.answers["spotify-id-from-metadata"] = lambda rows: [row("b", "two", spotify_id("two"))]
    assert labs.by_recording([M1, M2]) == {M1: [], M2: [Offer(spotify_id("two"), "Two", ["B"])]}
    assert labs.by_name([("A", "One", None), ("B", "Two", "Album")]) == [[], [Offer(spotify_id("two"), "two", ["b"])]]
    assert labs.asked[1][1][0] == {"artist_name": "A", "release_name": "", "track_name": "One"}


def test_A9_a_recording_unknown_or_of_another_name_falls_back_to_the_name(labs):
    labs.answers["spotify-id-from-mbid"] = lambda rows: [row("Somebody", "Else", spotify_id("wrong"), mbid=M1)]
    labs.answers["spotify-id-from-metadata"] = lambda rows: [
        row(r["artist_name"], r["track_name"], spotify_id(r["track_name"])) for r in rows
    ]
    songs = [
        {"artist": "Ada", "title": title, "mbid": mbid} for title, mbid in [("One", M1), ("Two", M2), ("Three", None)]
    ]
    found = [offer[0].track_id for _, offer in from_labs(labs, songs) if offer]
    assert found == [spotify_id(title) for title in ("One", "Two", "Three")]


def test_most_played_first_and_unknowns_only_after_their_time():
    members = decide(
        pl.DataFrame(
            [("t", "Ada", "Owned", ["Ada"], None, None)],
            schema=["track_id", "artist", "title", "artists", "isrc", "duration_ms"],
            orient="row",
        ),
        heard(("Ada", "Owned", 99), ("Ada", "Rare", 1), ("Ada", "Often", 50), ("Ada", "Sometimes", 7)),
    )
    asked = linking.wanted(members, empty_links(), "labs_asked_at", NOW, AGAIN)
    assert asked["title"].to_list() == ["Often", "Sometimes", "Rare"]
    answers = [
        linking.answer(song, (Offer("id", "Often", ["Ada"]), "why") if song["title"] == "Often" else None, "labs", NOW)
        for song in asked.to_dicts()
    ]
    known = linking.remember(empty_links(), pl.concat(answers))

    def titles(column, days):
        return linking.wanted(members, known, column, NOW + timedelta(days=days), AGAIN)["title"].to_list()

    assert titles("labs_asked_at", 89) == []
    assert titles("labs_asked_at", 91) == ["Sometimes", "Rare"]
    assert titles("search_asked_at", 0) == ["Sometimes", "Rare"]


def test_an_unknown_of_one_source_keeps_what_the_other_found():
    song = {"song_id": "s", "key": "k"}
    found = linking.answer(song, (Offer("id", "T", ["A"], "ISRC", 1000), "why"), "search", NOW)
    unknown = linking.answer(song, None, "labs", NOW + timedelta(days=1))
    (kept,) = linking.remember(found, unknown).to_dicts()
    assert (kept["track_id"], kept["source"], kept["isrc"]) == ("id", "search", "ISRC")
    assert kept["labs_asked_at"] == NOW + timedelta(days=1)


class Fake:
    """Stands in for both clients: knows some titles, and defers after some searches."""

    def __init__(self, labs=(), search=(), defers_after=10**6):
        self.labs, self.known, self.left, self.searched = labs, search, defers_after, []

    def client(self):
        return self

    def by_recording(self, mbids):
        return {}

    def by_name(self, names):
        return [[Offer(f"labs-{title}", title, [artist])] if title in self.labs else [] for artist, title, _ in names]

    def calls_left(self):
        return 400

    def search(self, artist, title):
        if not self.left:
            raise Deferred("spotify", NOW.timestamp() + 86_400, "the day's budget is used up")
        self.left -= 1
        self.searched.append(title)
        return [Offer(f"search-{title}", title, [artist])] if title in self.known else []


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Runs the asset once a call, as on a later day each time, over songs "1" (most played) to "6"."""
    monkeypatch.setattr(links_module, "report_degraded", lambda _context, _home, trouble: {})  # there is no run
    workspace = Workspace.open(tmp_path)
    workspace.state.set_override("identity.searches_per_run", 2)
    workspace.state.set_override("identity.searches_per_day", 5)
    titles = [f"Song of {word}" for word in ("Ash", "Birch", "Cedar", "Dogwood", "Elm", "Fir")]
    plays = pl.DataFrame(
        [("Ada", title, None, None) for place, title in enumerate(titles) for _ in range(9 - place)],
        schema={"artist": pl.String, "title": pl.String, "album": pl.String, "track_mbid": pl.String},
        orient="row",
    )
    members = decide(
        pl.DataFrame(schema=TRACKS),
        plays.group_by("artist", "title").agg(pl.len().cast(pl.Int64).alias("plays")),
    )

    def once(labs, search):
        compute = cast(Any, links_module.song_links.op.compute_fn).decorated_fn
        result = compute(
            dg.build_asset_context(), WorkspaceResource(root=str(tmp_path)), labs, search, members, plays.lazy()
        )
        workspace.lake.write(result.value, datasets.SONG_LINKS)
        return dict(result.value.drop_nulls("track_id").select("track_id", "source").iter_rows())

    return once


def test_labs_first_then_search_within_the_budget_spread_over_runs(run):
    labs, search = Fake(labs=["Song of Ash"]), Fake(search=["Song of Cedar", "Song of Fir"])
    assert run(labs, search) == {"labs-Song of Ash": "labs", "search-Song of Cedar": "search"}
    assert search.searched == ["Song of Birch", "Song of Cedar"]
    run(labs, search)
    assert run(labs, search).keys() == {"labs-Song of Ash", "search-Song of Cedar", "search-Song of Fir"}
    run(labs, search)
    assert search.searched == [f"Song of {word}" for word in ("Birch", "Cedar", "Dogwood", "Elm", "Fir")]


def test_the_searches_of_a_day_have_an_end(run):
    search = Fake()
    for _ in range(4):
        run(Fake(), search)
    assert len(search.searched) == 5


def test_labs_without_an_answer_degrades_to_search(run):
    class Broken(Fake):
        def by_name(self, names):
            raise LabsError("ListenBrainz labs gave no answer")

    assert run(Broken(), Fake(search=["Song of Ash"])) == {"search-Song of Ash": "search"}


def test_labs_that_answers_nonsense_is_an_error_in_words(labs):
    labs.answers["spotify-id-from-mbid"] = lambda rows: rows.nonsense
    with pytest.raises(LabsError, match="spotify-id-from-mbid"):
        labs.by_recording([M1])


def test_a_search_asks_by_field_within_the_limits(monkeypatch, tmp_path):
    asked = []

    def answer(self, method, *args, **options):
        asked.append((method, args, options))
        track = {
            "id": spotify_id("t"),
            "name": "T",
            "artists": [{"name": "A"}],
            "external_ids": {"isrc": "I"},
            "duration_ms": 1,
        }
        return {"tracks": {"items": [track, None]}}

    monkeypatch.setattr(Spotify, "_call", answer)
    client = Spotify.__new__(Spotify)
    transport: Any = SimpleNamespace(name="spotify", state=State(tmp_path / "state.sqlite"))
    client._door = Door(transport)
    offers = client.search('The "A"', "T" * 300)
    ((method, (query,), options),) = asked
    assert offers == [Offer(spotify_id("t"), "T", ["A"], None, 1)]
    assert (method, options) == ("search", {"limit": 10, "type": "track"})
    assert len(query) <= 250
    assert query.startswith('track:"TTT')


def test_a_search_that_is_deferred_loses_nothing_and_goes_on_later(run):
    first = Fake(search=["Song of Ash", "Song of Birch"], defers_after=1)
    assert run(Fake(), first) == {"search-Song of Ash": "search"}
    second = Fake(search=["Song of Ash", "Song of Birch"])
    assert run(Fake(), second).keys() == {"search-Song of Ash", "search-Song of Birch"}
    assert second.searched == ["Song of Birch", "Song of Cedar"]
