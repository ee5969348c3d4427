"""The answers that the real spotipy gets from the Web API of the sandbox."""

from __future__ import annotations

from typing import Any

import pytest
import requests
import spotipy
from spotipy.exceptions import SpotifyException


def _refused(status: int, call: Any, *args: Any, **options: Any) -> SpotifyException:
    with pytest.raises(SpotifyException) as caught:
        call(*args, **options)
    assert caught.value.http_status == status
    return caught.value


def _uris(sp: spotipy.Spotify, playlist: str) -> list[str]:
    return [row["item"]["uri"] for row in sp.playlist_items(playlist, limit=50)["items"]]


@pytest.fixture(scope="module")
def songs(sp: spotipy.Spotify) -> list[str]:
    return [row["track"]["uri"] for row in sp.current_user_saved_tracks(limit=50)["items"]]


def test_likes_by_pages(sp: spotipy.Spotify, base: str) -> None:
    page, seen = sp.current_user_saved_tracks(limit=50), []
    total = page["total"]
    while page:
        assert page["href"].startswith(f"{base}/spotify/v1/me/tracks?")
        seen += [row["track"]["id"] for row in page["items"]]
        page = sp.next(page)
    assert len(seen) == len(set(seen)) == total == 144
    moments = [row["added_at"] for row in sp.current_user_saved_tracks(limit=50)["items"]]
    assert moments == sorted(moments, reverse=True)
    track = sp.current_user_saved_tracks(limit=1)["items"][0]["track"]
    assert len(track["id"]) == 22 and track["external_ids"]["isrc"]
    assert "popularity" not in track and "available_markets" not in track and track["preview_url"] is None


def test_limits(sp: spotipy.Spotify) -> None:
    _refused(400, sp.current_user_saved_tracks, limit=51)
    _refused(400, sp.search, "rain", limit=11)
    _refused(400, sp.search, "rain", limit=5, offset=1001)
    _refused(400, sp.artist_albums, sp.current_user_top_artists(limit=1)["items"][0]["id"])  # spotipy's default of 20
    assert len(sp._get("search", q="rain", type="track")["tracks"]["items"]) == 5
    _refused(400, sp._get, "me/library/contains", uris=",".join(["spotify:track:" + "a" * 22] * 41))


@pytest.mark.parametrize(
    ("status", "method", "path"),
    [
        (403, "GET", "audio-features/?ids=x"), (403, "GET", "audio-analysis/x"), (404, "GET", "recommendations"),
        (403, "GET", "artists/x/related-artists"), (403, "GET", "artists/x/top-tracks"), (403, "GET", "tracks/?ids=x"),
        (403, "GET", "albums/?ids=x"), (403, "GET", "artists/?ids=x"), (403, "PUT", "me/tracks"),
        (403, "DELETE", "me/albums"), (403, "GET", "me/tracks/contains"), (403, "POST", "users/x/playlists"),
        (403, "GET", "users/x"), (403, "GET", "playlists/x/tracks"), (403, "POST", "playlists/x/tracks"),
        (403, "DELETE", "playlists/x/followers"), (403, "GET", "browse/new-releases"), (403, "GET", "markets"),
        (404, "GET", f"tracks/{'z' * 22}"), (404, "GET", f"playlists/{'z' * 22}"), (404, "GET", f"artists/{'z' * 22}"),
        (404, "GET", f"albums/{'z' * 22}"), (400, "GET", "tracks/short"), (404, "GET", "nowhere"),
    ],
)  # fmt: skip
def test_refusals(base: str, token: str, status: int, method: str, path: str) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    response = requests.request(method, f"{base}/spotify/v1/{path}", headers=headers, timeout=120)
    assert response.status_code == status == response.json()["error"]["status"]


@pytest.mark.parametrize(
    ("status", "method", "path", "body"),
    [
        (404, "GET", "me/", None), (404, "GET", "me/tracks/", None), (404, "PUT", "playlists/{id}/items/", {"uris": []}),
        (400, "POST", "playlists/{id}/items", ["{song}"]), (400, "POST", "playlists/{id}/items", None),
        (400, "POST", "playlists/{id}/items", {"uris": "{song}"}), (400, "POST", "playlists/{id}/items", {"uris": [7]}),
        (400, "POST", "playlists/{id}/items", {"uris": ["{song}"], "position": "0"}),
        (400, "POST", "playlists/{id}/items", {"uris": ["{song}"], "position": -1}),
        (400, "POST", "playlists/{id}/items", {"uris": ["{song}"], "position": True}),
        (400, "POST", "playlists/{id}/items", {"uris": ["{song}"], "position": None}),
        (400, "PUT", "playlists/{id}/items", ["{song}"]), (400, "PUT", "playlists/{id}/items", {"uris": [None]}),
        (400, "PUT", "playlists/{id}/items", {"range_start": 0, "insert_before": 0, "range_length": True}),
        (400, "DELETE", "playlists/{id}/items", {"items": ["{song}"]}),
        (400, "DELETE", "playlists/{id}/items", {"items": [{"uri": 1}]}),
        (400, "DELETE", "playlists/{id}/items", {"items": [{"uri": "{song}"}], "snapshot_id": 1}),
        (400, "POST", "me/playlists", ["A name"]), (400, "POST", "me/playlists", {"name": "A", "public": "no"}),
        (400, "POST", "me/playlists", {"name": "A", "description": 1}), (400, "PUT", "playlists/{id}", {"name": 1}),
    ],
)  # fmt: skip
def test_what_the_contract_refuses_is_refused(
    base: str, token: str, playlist: str, songs: list[str], status: int, method: str, path: str, body: Any
) -> None:
    def filled(node: Any) -> Any:
        if isinstance(node, dict):
            return {key: filled(value) for key, value in node.items()}
        if isinstance(node, list):
            return [filled(value) for value in node]
        return songs[0] if node == "{song}" else node

    headers = {"Authorization": f"Bearer {token}"}
    url = f"{base}/spotify/v1/{path.replace('{id}', playlist)}"
    answer = requests.request(method, url, headers=headers, json=filled(body), timeout=120)
    assert answer.status_code == status == answer.json()["error"]["status"]


def test_without_a_valid_token(base: str) -> None:
    for headers in ({}, {"Authorization": "Bearer nonsense"}, {"Authorization": "Basic abc"}):
        assert requests.get(f"{base}/spotify/v1/me", headers=headers, timeout=120).status_code == 401


def test_scopes(base: str, login: Any, client: Any) -> None:
    poor = client(base, login(base, "user-top-read")["access_token"])
    assert poor.me()["id"] == "otterling"
    assert "Insufficient client scope" in str(_refused(403, poor.current_user_saved_tracks))
    _refused(403, poor.current_user_playlist_create, "No", public=False)
    _refused(403, poor.current_user_recently_played)


def test_playlist_life(sp: spotipy.Spotify, playlist: str, songs: list[str]) -> None:
    assert sp.playlist_items(playlist)["total"] == 0
    first = sp.playlist_add_items(playlist, songs[:10])["snapshot_id"]
    assert sp.playlist(playlist, fields="snapshot_id") == {"snapshot_id": first}
    assert _uris(sp, playlist) == songs[:10]
    sp.playlist_add_items(playlist, songs[10:12], position=0)
    assert _uris(sp, playlist) == songs[10:12] + songs[:10]
    sp.playlist_replace_items(playlist, songs[:6])
    assert _uris(sp, playlist) == songs[:6]
    second = sp.playlist_reorder_items(playlist, range_start=0, insert_before=6, range_length=2)["snapshot_id"]
    assert second != first
    assert _uris(sp, playlist) == songs[2:6] + songs[:2]
    sp.playlist_add_items(playlist, [songs[2]])
    sp.playlist_remove_all_occurrences_of_items(playlist, [songs[2], songs[5]])
    assert _uris(sp, playlist) == songs[3:5] + songs[:2]
    sp.playlist_replace_items(playlist, [])
    assert sp.playlist_items(playlist)["total"] == 0
    sp.playlist_change_details(playlist, name="Renamed", description="d")
    assert sp.playlist(playlist)["name"] == "Renamed"


def test_edits_against_an_earlier_snapshot(sp: spotipy.Spotify, playlist: str, songs: list[str]) -> None:
    then = sp.playlist_add_items(playlist, songs[:4])["snapshot_id"]
    sp.playlist_add_items(playlist, [songs[0], songs[7]], position=0)
    sp.playlist_remove_all_occurrences_of_items(playlist, [songs[0]], snapshot_id=then)
    assert _uris(sp, playlist) == [songs[0], songs[7], *songs[1:4]]  # the copy added since then stays
    sp.playlist_reorder_items(playlist, range_start=3, insert_before=1, snapshot_id=then)
    assert _uris(sp, playlist) == [songs[0], songs[7], songs[3], songs[1], songs[2]]
    _refused(400, sp.playlist_reorder_items, playlist, 0, 2, snapshot_id="never")


def test_playlist_refusals(sp: spotipy.Spotify, playlist: str, songs: list[str]) -> None:
    _refused(400, sp.playlist_add_items, playlist, songs[:1] * 101)
    _refused(400, sp.playlist_add_items, playlist, songs[:1], position=5)
    _refused(404, sp.playlist_add_items, playlist, ["spotify:track:" + "z" * 22])
    _refused(400, sp._put, f"playlists/{playlist}/items", payload={"uris": songs[:1], "range_start": 0})
    _refused(400, sp.playlist_reorder_items, playlist, 3, 0)
    assert sp.playlist_items(playlist)["total"] == 0
    listed = sp.current_user_playlists(limit=50)["items"]
    theirs = next(p for p in listed if p["owner"]["id"] == "heronwatch")
    assert "items" not in sp.playlist(theirs["id"])
    _refused(403, sp.playlist_items, theirs["id"])
    _refused(403, sp.playlist_add_items, theirs["id"], songs[:1])
    _refused(400, sp.current_user_playlist_create, "Both", public=True, collaborative=True)


def test_awkward_rows(sp: spotipy.Spotify) -> None:
    page, rows = sp.current_user_playlists(limit=50), []
    for listed in page["items"]:
        if listed["name"] == "Kitchen Slow Sundays":
            items = sp.playlist_items(listed["id"], limit=50)
            while items:
                rows += items["items"]
                items = sp.next(items)
    kinds = [None if r["item"] is None else "local" if r["is_local"] else r["item"]["type"] for r in rows]
    assert kinds.count(None) == kinds.count("local") == kinds.count("episode") == 1
    assert [r["item"]["is_playable"] for r in rows if r["item"] and not r["is_local"]].count(False) >= 1
    assert rows[0]["item"]["id"] == rows[-1]["item"]["id"]


def test_fields(sp: spotipy.Spotify, playlist: str, songs: list[str]) -> None:
    sp.playlist_add_items(playlist, songs[:2])
    page = sp.playlist_items(playlist, fields="total,items(added_at,item(id,album.name))")
    assert page is not None and set(page) == {"total", "items"}
    assert set(page["items"][0]) == {"added_at", "item"} and set(page["items"][0]["item"]) == {"id", "album"}
    assert sp.playlist_items(playlist, fields="items.track.name")["items"] == [{}, {}]  # the old name finds nothing
    assert "item" not in sp.playlist_items(playlist, fields="items(!item)")["items"][0]
    _refused(400, sp.playlist_items, playlist, fields="items(")


def test_library(sp: spotipy.Spotify) -> None:
    found = sp.search("rain", limit=10)["tracks"]["items"]
    fresh = next(t["id"] for t in found if not sp.current_user_saved_tracks_contains([t["id"]])[0])
    before = sp.current_user_saved_tracks(limit=1)["total"]
    sp.current_user_saved_tracks_add([fresh])
    sp.current_user_saved_tracks_add([fresh])
    assert sp.current_user_saved_tracks(limit=1)["items"][0]["track"]["id"] == fresh
    assert sp.current_user_saved_tracks_contains([fresh]) == [True]
    sp.current_user_saved_tracks_delete([fresh])
    assert sp.current_user_saved_tracks(limit=1)["total"] == before
    _refused(400, sp._put, "me/library", uris="spotify:planet:" + "a" * 22)


def test_unfollowed_playlist_leaves_the_list(sp: spotipy.Spotify, playlist: str) -> None:
    assert playlist in [p["id"] for p in sp.current_user_playlists(limit=50)["items"]]
    sp._delete("me/library", uris=f"spotify:playlist:{playlist}")
    assert playlist not in [p["id"] for p in sp.current_user_playlists(limit=50)["items"]]


def test_recently_played(sp: spotipy.Spotify) -> None:
    newest = sp.current_user_recently_played(limit=50)
    stamps = [row["played_at"] for row in newest["items"]]
    assert len(stamps) == 50 and stamps == sorted(stamps, reverse=True) and newest["next"] is None
    first = sp.current_user_recently_played(limit=20)
    second = sp.next(first)
    assert [r["played_at"] for r in first["items"] + second["items"]] == stamps[:40]
    after = sp.current_user_recently_played(limit=50, after=second["cursors"]["after"])
    assert [r["played_at"] for r in after["items"]] == stamps[:20]
    assert sp.current_user_recently_played(before=1)["items"] == []
    _refused(400, sp._get, "me/player/recently-played", after=1, before=2)


def test_top_and_following(sp: spotipy.Spotify) -> None:
    top = sp.current_user_top_artists(limit=50, time_range="long_term")
    assert top["items"][0]["genres"] and "followers" not in top["items"][0]
    assert sp.current_user_top_tracks(limit=5)["items"]
    first = sp.current_user_followed_artists(limit=3)["artists"]
    rest = sp.current_user_followed_artists(limit=50, after=first["cursors"]["after"])["artists"]
    ids = [a["id"] for a in first["items"] + rest["items"]]
    assert len(ids) == len(set(ids)) == first["total"]


def test_search(sp: spotipy.Spotify) -> None:
    liked = sp.current_user_saved_tracks(limit=50)["items"]
    for track in (row["track"] for row in liked[:15]):
        by_isrc = sp.search(f"isrc:{track['external_ids']['isrc']}", limit=10)["tracks"]["items"]
        assert track["id"] in [t["id"] for t in by_isrc]
        name, artist = track["name"].replace('"', ""), track["artists"][0]["name"].replace('"', "")
        if any(c.isalnum() for c in name) and any(c.isalnum() for c in artist):
            named = sp.search(f'track:"{name}" artist:"{artist}"', limit=10)["tracks"]["items"]
            assert track["name"] in [t["name"] for t in named]
    assert sp.search("zzzzqqq", limit=10)["tracks"]["total"] == 0


def test_search_shows_covers_after_the_original(sp: spotipy.Spotify) -> None:
    for cover in sp.search("karaoke version", limit=10)["tracks"]["items"]:
        found = sp.search(cover["name"].removesuffix(" (Karaoke Version)"), limit=10)["tracks"]["items"]
        names = [track["name"] for track in found]
        if cover["name"] in names:
            assert names.index(cover["name"]) > 0


def test_market_and_albums(sp: spotipy.Spotify) -> None:
    track = sp.current_user_saved_tracks(limit=1, market="DE")["items"][0]["track"]
    album = sp.album(track["album"]["id"])
    assert track["id"] in [t["id"] for t in album["tracks"]["items"]]
    assert album["total_tracks"] == sp.album_tracks(album["id"])["total"]
    assert sp.artist_albums(track["artists"][0]["id"], limit=10)["items"]
