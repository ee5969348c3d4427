"""The answers that the real pylast, and a plain JSON client, get from Last.fm."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx2
import polars as pl
import pylast
import pytest
import requests

USER = "otterling"


class ToSandbox(httpx2.BaseTransport):
    """Sends what pylast means for ws.audioscrobbler.com to the sandbox."""

    def __init__(self, base: str) -> None:
        self._base = httpx2.URL(base)
        self._inner = httpx2.HTTPTransport()

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        url = request.url.copy_with(
            scheme="http", host=self._base.host, port=self._base.port, path="/lastfm" + request.url.path
        )
        body = request.read()
        headers = [(k, v) for k, v in request.headers.raw if k.lower() != b"host"]
        return self._inner.handle_request(httpx2.Request(request.method, url, headers=headers, content=body))


@pytest.fixture(scope="module")
def network(base: str) -> pylast.LastFMNetwork:
    return pylast.LastFMNetwork(api_key="key", proxy={"https://": ToSandbox(base)})


@pytest.fixture(scope="module")
def ask(base: str) -> Any:
    def go(method: str, **values: Any) -> requests.Response:
        query = {"method": method, "api_key": "key", "format": "json", **values}
        return requests.get(f"{base}/lastfm/2.0/", params=query, timeout=120)

    return go


@pytest.fixture(scope="module")
def scrobbles(made: Path) -> pl.DataFrame:
    return pl.read_parquet(made / "plays.parquet").filter(pl.col("ms_played") >= 30_000).sort("started")


def test_pages_hold_every_play_once(ask: Any, scrobbles: pl.DataFrame) -> None:
    first, stop = scrobbles["started"][500], scrobbles["started"][1800]
    wanted = scrobbles.filter(pl.col("started").is_between(first, stop, closed="left"))
    seen: list[tuple[str, str, str]] = []
    page, pages = 1, 1
    while page <= pages:
        body = ask("user.getRecentTracks", user=USER, limit=200, page=page, **{"from": first, "to": stop}).json()[
            "recenttracks"
        ]
        attributes = body["@attr"]
        assert all(isinstance(value, str) for value in attributes.values())
        assert (attributes["user"], attributes["perPage"], attributes["total"]) == (USER, "200", str(len(wanted)))
        pages = int(attributes["totalPages"])
        rows = [row for row in body["track"] if "@attr" not in row]
        assert len(body["track"]) - len(rows) == (page == 1)
        seen += [(row["date"]["uts"], row["artist"]["#text"], row["name"]) for row in rows]
        page += 1
    stamps = [int(stamp) for stamp, _, _ in seen]
    assert stamps == sorted(stamps, reverse=True)
    expected = [(str(at), artist, track) for at, artist, track in wanted.select("started", "artist", "track").rows()]
    assert sorted(seen) == sorted(expected)


def test_limit_is_capped_and_defaults_to_50(ask: Any) -> None:
    assert ask("user.getRecentTracks", user=USER).json()["recenttracks"]["@attr"]["perPage"] == "50"
    assert ask("user.getRecentTracks", user=USER, limit=1000).json()["recenttracks"]["@attr"]["perPage"] == "200"


def test_extended(ask: Any) -> None:
    row = ask("user.getRecentTracks", user=USER, extended=1, limit=1).json()["recenttracks"]["track"][1]
    assert row["loved"] in "01" and row["artist"]["name"]


def test_pylast_reads_the_same_plays(network: pylast.LastFMNetwork, scrobbles: pl.DataFrame) -> None:
    played = network.get_user(USER).get_recent_tracks(limit=199, cacheable=False)
    newest = scrobbles.reverse().head(199)
    assert [int(p.timestamp or 0) for p in played] == newest["started"].to_list()
    assert {p.track.title for p in played} == set(newest["track"].to_list())
    user = network.get_user(USER)
    assert user.get_playcount() == len(scrobbles)
    assert user.get_now_playing() is not None


def test_pylast_tags_and_neighbours(network: pylast.LastFMNetwork, made: Path) -> None:
    tagged = pl.read_parquet(made / "tags.parquet").filter(pl.col("kind") == "track")
    songs = pl.read_parquet(made / "catalogue.parquet").filter(pl.col("id").is_in(tagged["id"].to_list()))
    row = songs.sort("popularity").row(-1, named=True)
    track = network.get_track(row["artist_names"][0], row["name"])
    tags = track.get_top_tags()
    assert tags[0].weight == "100"
    similar = track.get_similar(limit=5)
    assert len(similar) == 5 and 0 < float(similar[0].match) <= 1
    assert track.get_duration() > 0 and track.get_listener_count() > 0
    artist = network.get_artist(row["artist_names"][0])
    assert artist.get_top_tags() and artist.get_similar(limit=3)
    top = [item.item for item in artist.get_top_tracks(limit=50)]
    assert row["name"] in [track.title for track in top if isinstance(track, pylast.Track)]


def test_pylast_friends_and_loved(network: pylast.LastFMNetwork) -> None:
    user = network.get_user(USER)
    friends = list(user.get_friends())
    assert len(friends) == 5
    assert friends[0].get_recent_tracks(limit=5)
    assert len(list(user.get_loved_tracks(limit=None))) >= 144
    with pytest.raises(pylast.WSError) as caught:
        network.get_user("hushhush").get_recent_tracks(limit=1)
    assert caught.value.status == "17"


def test_awkward_names_survive_xml(network: pylast.LastFMNetwork, made: Path) -> None:
    names = pl.read_parquet(made / "artists.parquet")["name"].to_list()
    for name in (n for n in names if any(c in n for c in "<&\"'")):
        network.get_artist(name).get_top_tags()


@pytest.mark.parametrize(
    ("values", "code", "status"),
    [
        ({"method": "user.getNothing"}, 3, 400),
        ({"method": "user.getInfo", "user": USER, "api_key": ""}, 10, 403),
        ({"method": "user.getInfo", "user": "nobody"}, 6, 404),
        ({"method": "user.getInfo"}, 6, 400),
        ({"method": "user.getRecentTracks", "user": "hushhush"}, 17, 403),
        ({"method": "user.getFriends", "user": "fernweh"}, 6, 400),
        ({"method": "track.getTopTags", "artist": "Nobody", "track": "Nothing"}, 6, 200),
        ({"method": "artist.getSimilar", "artist": "Nobody"}, 6, 200),
    ],
)
def test_errors(ask: Any, values: dict[str, str], code: int, status: int) -> None:
    answer = ask(**values)
    assert (answer.json()["error"], answer.status_code) == (code, status)
