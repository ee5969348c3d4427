"""The services as the pipeline speaks to them: real clients, real HTTP, the sandbox at the other end."""

import json
import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.app.library_reader import _liked
from spotify_ai_pipeline.clients import spotify_auth
from spotify_ai_pipeline.clients.lastfm import LastFm, LastFmError
from spotify_ai_pipeline.clients.listenbrainz import ListenBrainz
from spotify_ai_pipeline.clients.listenbrainz_playlists import ListenBrainzPlaylists
from spotify_ai_pipeline.clients.paging import Incomplete
from spotify_ai_pipeline.clients.reccobeats import AUDIO_FEATURES, ReccoBeats
from spotify_ai_pipeline.clients.spotify import PAGE, Spotify
from spotify_ai_pipeline.clients.spotify_playlists import SpotifyError
from spotify_ai_pipeline.errors import UserError
from spotify_ai_pipeline.storage import datasets
from spotify_ai_pipeline.storage.workspace import Workspace

SHORTEST_MS = 30_000


def calls(workspace: Workspace, service: str) -> int:
    return sum(
        row["calls"] for row in workspace.state.rows("SELECT calls FROM api_calls WHERE service = ?", (service,))
    )


def table(world: Path, name: str) -> pl.DataFrame:
    return pl.read_parquet(world / f"{name}.parquet")


def liked(client: Spotify) -> pl.DataFrame:
    return _liked(client, datasets.SPOTIFY_LIBRARY.empty())


def test_the_token_is_its_owners_alone(connected: Workspace) -> None:
    assert stat.S_IMODE(connected.token_file.stat().st_mode) == 0o600
    token = json.loads(connected.token_file.read_text())
    spotify_auth.TokenFile(connected.token_file).save_token_to_cache(token | {"expires_at": 0})
    assert stat.S_IMODE(connected.token_file.stat().st_mode) == 0o600
    assert not list(connected.root.glob("*.new"))


def test_an_expired_token_is_renewed_and_kept(connected: Workspace) -> None:
    token = json.loads(connected.token_file.read_text())
    connected.token_file.write_text(json.dumps(token | {"expires_at": 0}))
    assert Spotify.of(connected).user_id()
    assert json.loads(connected.token_file.read_text())["access_token"] != token["access_token"]


def test_a_token_that_was_taken_back_is_said_in_one_line(connected: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    token = json.loads(connected.token_file.read_text())
    connected.token_file.write_text(json.dumps(token | {"expires_at": 0, "refresh_token": "revoked"}))
    with pytest.raises(spotify_auth.SignInBusy, match="try again later"):
        Spotify.of(connected).user_id()
    monkeypatch.setattr(spotify_auth, "BELIEVED_AFTER", 0.0)
    with pytest.raises(UserError, match="spotify-ai login"):
        Spotify.of(connected).user_id()


def test_without_a_token_the_remedy_is_named(tmp_path: Path) -> None:
    with pytest.raises(SpotifyError, match="spotify-ai login"):
        Spotify.of(Workspace.open(tmp_path / "home"))


def test_liked_songs_are_those_of_the_world_newest_first(connected: Workspace, world: Path) -> None:
    found = liked(Spotify.of(connected))
    wanted = table(world, "likes")
    assert found.schema == pl.Schema(datasets.SPOTIFY_LIBRARY.schema)
    assert set(found["track_id"]) == set(wanted["track_id"])
    assert found["added_at"].is_sorted(descending=True)
    known = found.join(table(world, "catalogue"), left_on="track_id", right_on="id")
    assert known.height == found.height
    for ours, theirs in (("title", "name"), ("duration_ms", "duration_ms_right"), ("isrc", "isrc_right")):
        assert known[ours].equals(known[theirs], check_names=False)
    assert known["artist"].equals(known["artist_names"].list.first(), check_names=False)


def test_a_second_look_at_the_liked_songs_takes_one_page(connected: Workspace) -> None:
    client = Spotify.of(connected)
    known = liked(client)
    before = calls(connected, "spotify")
    again = _liked(client, known)
    assert calls(connected, "spotify") - before == 1
    assert again.equals(known)


@pytest.mark.parametrize("place", [0, PAGE + 5])
def test_a_song_that_is_liked_no_more_is_gone(connected: Workspace, place: int) -> None:
    client = Spotify.of(connected)
    known = liked(client)
    stale = pl.concat([known, known[place].with_columns(track_id=pl.lit("x" * 22))])
    assert _liked(client, stale).equals(known)


def test_playlists_are_read_by_their_owner_alone(connected: Workspace, world: Path) -> None:
    client = Spotify.of(connected)
    lists = client.playlists(client.user_id())
    wanted = {row["id"]: row for row in table(world, "playlists").to_dicts()}
    assert {row.playlist_id for row in lists} == set(wanted)
    assert not all(row.readable for row in lists), "the world has a followed playlist"
    for row in lists:
        known = wanted[row.playlist_id]
        assert row.readable == (known["owner_id"] == client.user_id() or known["collaborative"])
        if not row.readable:
            continue
        items = table(world, "playlist_items").filter(playlist_id=row.playlist_id)
        songs, others = client.playlist_items(row)
        assert songs["track_id"].to_list() == items.filter(kind="track")["track_id"].to_list()
        assert songs.height + others == items.height


def test_a_playlist_is_replaced_whole_and_read_back_in_order(connected: Workspace, world: Path) -> None:
    client = Spotify.of(connected)
    made = client.create_playlist("Mine", "words")
    assert client.track_ids(made) == []
    songs = table(world, "catalogue").filter("playable")["id"].head(100).to_list()
    first = client.replace_items(made, songs)
    assert client.track_ids(made) == songs
    assert client.replace_items(made, songs[::-1][:40]) != first
    assert client.track_ids(made) == songs[::-1][:40]


@pytest.mark.parametrize("size", [0, 101])
def test_more_or_less_than_one_call_can_carry_is_not_sent(connected: Workspace, size: int) -> None:
    with pytest.raises(ValueError, match="1 to 100"):
        Spotify.of(connected).replace_items("p", ["t"] * size)


def test_what_spotify_refuses_is_said_in_one_line(connected: Workspace) -> None:
    with pytest.raises(SpotifyError, match="HTTP 4") as caught:
        Spotify.of(connected).track_ids("0" * 22)
    assert "\n" not in str(caught.value)


def scrobbled(world: Path) -> pl.DataFrame:
    return table(world, "plays").filter(pl.col("ms_played") >= SHORTEST_MS).sort("started")


def test_the_scrobbles_of_a_month_are_those_of_the_world(connected: Workspace, world: Path) -> None:
    heard = scrobbled(world)
    middle = datetime.fromtimestamp(heard["started"][heard.height // 2], UTC)
    start = middle.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    end = (start + timedelta(days=32)).replace(day=1)
    found = LastFm.of(connected).scrobbles(start, end)
    wanted = heard.filter((pl.col("started") >= start.timestamp()) & (pl.col("started") < end.timestamp()))
    assert found.schema == pl.Schema(datasets.SCROBBLES.schema)
    assert wanted.height > 200, "more than a page"
    assert found["played_at"].dt.epoch("s").to_list() == wanted["started"].to_list()
    assert sorted(found["title"]) == sorted(wanted["track"])
    assert sorted(found["artist"]) == sorted(wanted["artist"])


def test_a_window_holds_its_first_second_and_not_its_last(connected: Workspace, world: Path) -> None:
    seconds = scrobbled(world)["started"]
    at = datetime.fromtimestamp(seconds[100], UTC)
    span, client = timedelta(days=3), LastFm.of(connected)
    before, after, whole = (
        client.scrobbles(*window).height for window in ((at - span, at), (at, at + span), (at - span, at + span))
    )
    assert before + after == whole
    assert client.scrobbles(at, at + timedelta(seconds=1)).height == int((seconds == seconds[100]).sum())


def test_what_is_playing_now_is_no_scrobble(connected: Workspace, world: Path) -> None:
    assert json.loads((world / "world.json").read_text())["now_playing"]
    now = clock.utc_now()
    found = LastFm.of(connected).scrobbles(now - timedelta(days=2), now + timedelta(days=1))
    wanted = scrobbled(world).filter(pl.col("started") >= (now - timedelta(days=2)).timestamp())
    assert found.height == wanted.height


def test_the_first_scrobble_takes_two_calls(connected: Workspace, world: Path) -> None:
    first = LastFm.of(connected).first_scrobble()
    assert first is not None
    assert int(first.timestamp()) == scrobbled(world)["started"][0]
    assert calls(connected, "lastfm") == 2


def test_artists_have_tags_and_strangers_none(connected: Workspace, world: Path) -> None:
    client = LastFm.of(connected)
    artist = scrobbled(world)["artist"].mode().sort()[0]
    found = client.artist_tags(artist)
    assert found
    assert all(0 <= weight <= 1 and tag == tag.casefold() for tag, weight in found.items())
    assert client.artist_tags("nobody has this name") == {}


def test_an_unknown_listener_is_said_in_one_line(connected: Workspace) -> None:
    env = connected.root / ".env"
    env.write_text(env.read_text().replace("LASTFM_USER=", "LASTFM_USER=not-"))
    stranger = LastFm.of(Workspace.open(connected.root))
    with pytest.raises(LastFmError, match=r"user\.getRecentTracks.*LASTFM_USER") as caught:
        stranger.first_scrobble()
    assert "\n" not in str(caught.value)
    assert "sandbox" not in str(caught.value), "the key stays out of it"


def test_without_a_key_the_remedy_is_named(tmp_path: Path) -> None:
    with pytest.raises(LastFmError, match="LASTFM_USER and LASTFM_API_KEY"):
        LastFm.of(Workspace.open(tmp_path / "home"))


def test_audio_features_come_by_id_forty_a_call(connected: Workspace, world: Path) -> None:
    tracks = table(world, "catalogue").head(100)
    found: dict[str, dict[str, Any]] = {}
    for asked, features in ReccoBeats.of(connected).audio_features(tracks["id"].to_list()):
        assert len(asked) <= 40
        found |= features
    assert calls(connected, "reccobeats") == 3
    known = tracks.filter(pl.col("reccobeats_id").is_not_null())
    assert 0 < known.height < 100
    assert set(found) == set(known["id"])
    for row in known.to_dicts():
        for name in AUDIO_FEATURES:
            assert found[row["id"]].get(name) == pytest.approx(row[name])


def test_tags_of_recordings_are_weights_up_to_one(connected: Workspace, world: Path) -> None:
    recordings = table(world, "catalogue")["mbid"].drop_nulls().unique().sort().to_list()
    found = ListenBrainz.of(connected).recording_tags(recordings)
    assert calls(connected, "listenbrainz") == -(-len(recordings) // 1_000)
    assert set(found) <= set(recordings)
    weights = [weight for tags in found.values() for level in tags for weight in level.values()]
    assert weights
    assert 0 < min(weights) <= max(weights) <= 1
    assert ListenBrainz.of(connected).recording_tags([]) == {}


FEEDBACK = {"recording_mbid": "", "created": 1_700_000_000, "track_metadata": {"artist_name": "A", "track_name": "T"}}
LISTED = {"playlist": {"identifier": "https://listenbrainz.org/playlist/1", "title": "One", "creator": "someone"}}
LOVED_TRACK = (
    '<track><name>T</name><artist><name>A</name></artist><date uts="1700000000"/></track>'
    '<track><name>U</name><artist><name>A</name></artist><date uts="1700000001"/></track>'
)


@pytest.mark.parametrize(
    ("said", "read"),
    [
        (json.dumps({"feedback": [FEEDBACK]}), lambda home: ListenBrainz.of(home).loved()),
        (json.dumps({"playlists": [LISTED]}), lambda home: ListenBrainzPlaylists.of(home).playlists("someone")),
        (
            f'<lfm status="ok"><lovedtracks total="900">{LOVED_TRACK}</lovedtracks></lfm>',
            lambda home: LastFm.of(home).loved(datasets.LOVED_SONGS.empty()),
        ),
    ],
    ids=["loved", "playlists", "loved on Last.fm"],
)
def test_a_list_that_sends_one_page_again_and_again_is_not_whole(
    rude: Any, tmp_path: Path, said: str, read: Callable[[Workspace], object]
) -> None:
    home = Workspace.open(tmp_path / "home")
    services = {name: {"url": rude.url, "calls_per_second": 10_000} for name in ("listenbrainz", "lastfm")}
    (home.root / "config.yaml").write_text(yaml.safe_dump({"services": services}))
    keys = "LISTENBRAINZ_USER=someone\nLISTENBRAINZ_TOKEN=x\nLASTFM_USER=someone\nLASTFM_API_KEY=x\n"
    (home.root / ".env").write_text(keys)
    rude.said = said
    with pytest.raises(Incomplete, match="again and again"):
        read(Workspace.open(home.root))
    assert sum("validate-token" not in path for _, path, _ in rude.asked) == 2
