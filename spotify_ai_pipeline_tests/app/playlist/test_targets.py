"""The same writer over each target: ListenBrainz over real HTTP, and files. Spotify's own ways are in the tests beside."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spotify_ai_pipeline.app.file_playlists import FilePlaylists
from spotify_ai_pipeline.app.playlist_copies import copy_to
from spotify_ai_pipeline.app.playlist_files import FileSong
from spotify_ai_pipeline.app.playlist_places import target_name
from spotify_ai_pipeline.app.playlist_targets import open_target
from spotify_ai_pipeline.app.playlist_writer import Edited, Named, PlaylistGone, PlaylistWriter
from spotify_ai_pipeline.clients.listenbrainz_playlists import ListenBrainzPlaylists
from spotify_ai_pipeline.clients.playlist_target import PlaylistTarget, TargetRefused, songs_in
from spotify_ai_pipeline.errors import UserError
from spotify_ai_pipeline.interfaces.cli import main
from spotify_ai_pipeline.music.mix.edit_script import Replace
from spotify_ai_pipeline.storage import playlists
from spotify_ai_pipeline.storage.workspace import Workspace
from spotify_ai_pipeline_tests.app.playlist.conftest import Spot

IDS = [f"{number:08x}-0000-4000-8000-000000000000" for number in range(160)]


@dataclass
class Kept:
    """A target, and how the listener edits a list there by hand."""

    workspace: Workspace
    target: PlaylistTarget
    by_hand: Callable[[str, list[str]], None]

    @property
    def mix(self) -> Named:
        """The list of one test: others are on the same ListenBrainz."""
        return Named("mix", "AI Mix", f"Kept fresh for {self.workspace.root}.")

    @property
    def writer(self) -> PlaylistWriter:
        return PlaylistWriter(self.target, self.workspace)

    def now(self) -> list[str]:
        known = playlists.written(self.workspace.state)
        assert known is not None
        return self.target.rows(known.playlist_id).rows


def listenbrainz(spot: Spot, root: Path) -> Kept:
    user = spot.world.listener["listenbrainz_user"]
    url = f"{spot.url}/listenbrainz/1/"
    service = {"url": url, "calls_per_second": 10_000, "calls_per_day": 1_000_000}
    (root / "config.yaml").write_text(yaml.safe_dump({"services": {"listenbrainz": service}}))
    (root / ".env").write_text(f"LISTENBRAINZ_USER={user}\nLISTENBRAINZ_TOKEN={user}\n")
    workspace = Workspace.open(root)
    target = open_target(workspace)
    assert isinstance(target, ListenBrainzPlaylists)

    def by_hand(playlist_id: str, songs: list[str]) -> None:
        def call(path: str, body: Any) -> None:
            answer = requests.post(
                f"{url}playlist/{playlist_id}/item/{path}",
                json=body,
                headers={"Authorization": f"Token {user}"},
                timeout=120,
            )
            assert answer.ok, answer.text

        call("delete", {"index": 0, "count": 1_000})
        call(
            "add",
            {"playlist": {"track": [{"identifier": f"https://musicbrainz.org/recording/{one}"} for one in songs]}},
        )

    return Kept(workspace, target, by_hand)


def files(_: Spot, root: Path) -> Kept:
    workspace, folder = Workspace.open(root), root / "lists"
    target = FilePlaylists(folder, lambda ids: [FileSong(one, "An Artist", f"Song {one[:8]}", mbid=one) for one in ids])
    playlists.turn_to(workspace.state, "file")

    def by_hand(playlist_id: str, songs: list[str]) -> None:
        path = folder / f"{playlist_id}.m3u8"
        entries = {block.split("\n")[0]: block for block in path.read_text().split("#SPOTIFY-AI:")[1:]}
        path.write_text("#EXTM3U\n" + "".join(f"#SPOTIFY-AI:{entries.get(one, one + chr(10))}" for one in songs))

    return Kept(workspace, target, by_hand)


@pytest.fixture(params=[listenbrainz, files], ids=["listenbrainz", "files"])
def kept(request: pytest.FixtureRequest, spot: Spot, tmp_path: Path) -> Iterator[Kept]:
    (tmp_path / "kept").mkdir()
    yield request.param(spot, tmp_path / "kept")


def test_a_list_is_filled_changed_and_read_back(kept: Kept) -> None:
    first = kept.writer.write(kept.mix, IDS[:100])
    assert (first.before, first.after, first.missing) == ([], IDS[:100], [])
    wanted = [*IDS[100:108], *reversed(IDS[10:100])]
    second = kept.writer.write(kept.mix, wanted, decided_on=IDS[:100])
    assert (second.added, second.removed) == (8, 10)
    assert kept.now() == second.after == wanted
    again = kept.writer.write(kept.mix, wanted, decided_on=wanted)
    assert (again.before, again.after) == (wanted, wanted)


def test_an_edit_by_hand_is_seen_and_not_overwritten(kept: Kept) -> None:
    done = kept.writer.write(kept.mix, IDS[:10])
    kept.by_hand(done.playlist_id, IDS[1:10])
    with pytest.raises(Edited, match="was edited since"):
        kept.writer.write(kept.mix, IDS[5:15], decided_on=IDS[:10])
    assert kept.now() == IDS[1:10]
    assert kept.writer.write(kept.mix, IDS[5:15], decided_on=IDS[1:10]).after == IDS[5:15]


def names(kept: Kept) -> list[str]:
    return [one.name for one in kept.target.playlists(kept.target.user_id()) if one.description == kept.mix.description]


def test_a_new_title_in_the_settings_renames_the_list_and_one_given_by_hand_stays(kept: Kept) -> None:
    kept.writer.write(kept.mix, IDS[:6])
    renamed = replace(kept.mix, title="Songs: mine / ours")
    done = kept.writer.write(renamed, IDS[1:7], decided_on=IDS[:6])
    assert (done.before, done.after, kept.now()) == (IDS[:6], IDS[1:7], IDS[1:7])
    (called,) = names(kept)
    assert called in ("Songs: mine / ours", "Songs- mine - ours"), "a file has the signs that a file may have"
    known = playlists.written(kept.workspace.state)
    assert known is not None and known.playlist_id == done.playlist_id
    if isinstance(kept.target, ListenBrainzPlaylists):
        kept.target.rename(done.playlist_id, "By hand", lambda _: None)
        kept.writer.write(renamed, IDS[1:7], decided_on=IDS[1:7])
        assert names(kept) == ["By hand"]
    kept.writer.write(kept.mix, IDS[1:7], decided_on=IDS[1:7])
    assert names(kept) == ["AI Mix"], "the setting is what was said last"
    assert kept.now() == IDS[1:7]


def test_a_list_that_an_earlier_version_made_is_renamed_too(kept: Kept) -> None:
    made = kept.writer.write(kept.mix, IDS[:4]).playlist_id
    kept.workspace.state.set_fact(f"title given to playlist {made}", None)
    os.environ["SPOTIFY_AI_DATA"] = str(kept.workspace.root)
    said = CliRunner().invoke(main, ["config", "set", "spotify.playlist_name", "Morning", "--yes"])
    assert said.exit_code == 0, said.output
    kept.writer.write(replace(kept.mix, title="Morning"), IDS[:4], decided_on=IDS[:4])
    assert names(kept) == ["Morning"]


def test_a_rename_of_files_that_was_cut_off_is_finished(tmp_path: Path) -> None:
    target = FilePlaylists(tmp_path, lambda ids: [FileSong(one, "An Artist", "A Song", mbid=one) for one in ids])
    for name, description in (("New", "somebody's"), ("Old", "ours")):
        target.create_playlist(name, description)
    target.edit("Old", Replace(tuple(IDS[:3])))

    def killed(_: str) -> None:
        raise KeyboardInterrupt

    bears = list[str]()
    with pytest.raises(KeyboardInterrupt):
        target.rename("Old", "New", killed)
    target.rename("Old", "New", bears.append)
    assert bears == ["New (2)"]
    assert sorted(path.name for path in tmp_path.glob("*.m3u8")) == ["New (2).m3u8", "New.m3u8"]
    assert target.rows("New (2)").rows == IDS[:3]


def test_a_list_that_is_gone_is_asked_about_and_made_anew(kept: Kept) -> None:
    done = kept.writer.write(kept.mix, IDS[:5])
    if isinstance(kept.target, FilePlaylists):
        (kept.target.folder / "AI Mix.m3u8").unlink()
    else:
        kept.target._write(f"playlist/{done.playlist_id}/delete", {})  # pyright: ignore[reportAttributeAccessIssue]
    with pytest.raises(PlaylistGone, match="--recreate"):
        kept.writer.write(kept.mix, IDS[:6])
    assert kept.writer.recreate(kept.mix).after == IDS[:5]
    assert kept.now() == IDS[:5]


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=st.permutations(IDS[:12]), after=st.permutations(IDS[:14]), size=st.integers(1, 12))
def test_whatever_one_list_is_the_next_is_what_was_asked_for(
    kept: Kept, before: list[str], after: list[str], size: int
) -> None:
    made = kept.target.create_playlist("Any", "")
    for wanted in (before[:size], after[: 13 - size]):
        state = kept.target.edit(made, Replace(tuple(wanted)))
        assert kept.target.rows(made).rows == wanted
        assert state == kept.target.snapshot_id(made)


def test_listenbrainz_copies_a_list_to_a_linked_service_and_makes_a_new_one_each_time(
    spot: Spot, tmp_path: Path
) -> None:
    (tmp_path / "kept").mkdir()
    kept = listenbrainz(spot, tmp_path / "kept")
    with pytest.raises(UserError, match="refresh"):
        copy_to(kept.workspace, playlists.MIX, "spotify")
    songs = [track["mbid"] for track in spot.world.catalogue.get(range(60)) if track["mbid"]][:20]
    kept.writer.write(kept.mix, [*songs, IDS[0]])
    first, second = (copy_to(kept.workspace, playlists.MIX, "spotify") for _ in range(2))
    assert first != second
    for address in (first, second):
        made = spot.world.shelf.playlists[address.rsplit("/", 1)[-1]]
        rows = spot.world.shelf.items(made.id)
        tracks = spot.world.catalogue.get([spot.world.catalogue.row_of[row.track_id] for row in rows])  # pyright: ignore[reportArgumentType]
        assert ([track["mbid"] for track in tracks], made.public) == (songs, False)
    with pytest.raises(TargetRefused, match=r"link your apple_music account.*music-services.*again"):
        copy_to(kept.workspace, playlists.MIX, "apple_music")


def test_a_list_of_our_name_that_holds_songs_is_not_taken_for_ours(kept: Kept, tmp_path: Path) -> None:
    """It is the listener's, or a copy that another service made; one that is empty is what a crash left."""
    full = kept.writer.write(kept.mix, IDS[:5]).playlist_id
    elsewhere = Workspace.open(tmp_path / "elsewhere")
    made = PlaylistWriter(kept.target, elsewhere).write(kept.mix, IDS[5:9], decided_on=[])
    assert made.playlist_id != full
    assert (made.after, kept.now()) == (IDS[5:9], IDS[:5])


def test_only_listenbrainz_copies(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"config set playlist.target listenbrainz"):
        copy_to(Workspace.open(tmp_path / "home"), playlists.MIX, "spotify")


def test_what_the_listener_put_into_a_file_stays_behind_our_songs(spot: Spot, tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    kept = files(spot, tmp_path / "kept")
    done = kept.writer.write(kept.mix, IDS[:4])
    path = tmp_path / "kept" / "lists" / "AI Mix.m3u8"
    path.write_text(path.read_text() + "#EXTINF:200,Me - My Own\n/music/own.flac\n")
    kept.writer.write(kept.mix, IDS[2:6])
    assert songs_in(kept.target.rows(done.playlist_id).rows) == IDS[2:6]
    assert path.read_text().endswith("#EXTINF:200,Me - My Own\n/music/own.flac\n")
    jspf = json.loads((path.parent / "AI Mix.jspf").read_text())["playlist"]
    assert [track["identifier"] for track in jspf["track"]] == [
        [f"https://musicbrainz.org/recording/{one}"] for one in IDS[2:6]
    ]
    assert len((path.parent / "AI Mix.csv").read_text().splitlines()) == 5


def test_a_player_that_rewrites_a_file_loses_no_song_of_its_own(tmp_path: Path) -> None:
    """A file without any of our marks is the listener's: nothing in it is taken for a song of ours."""
    target = FilePlaylists(tmp_path, lambda _: [])
    (tmp_path / "Party.m3u8").write_text("\ufeff#EXTM3U\r\n#EXTINF:1,A - B\r\n/a.mp3\r\n/b.mp3\r\n")
    assert target.rows("Party").rows == ["other 0", "other 1"]
    with pytest.raises(TargetRefused, match="not there any more"):
        target.rows("Nobody")


def test_the_target_is_what_is_connected_or_what_is_chosen(tmp_path: Path) -> None:
    root = tmp_path / "home"

    def chosen(env: str, target: str = "auto") -> str:
        root.mkdir(exist_ok=True)
        (root / ".env").write_text(env)
        (root / "config.yaml").write_text(yaml.safe_dump({"playlist": {"target": target}}))
        return target_name(Workspace.open(root))

    assert chosen("") == "file"
    assert chosen("LASTFM_USER=me\nLASTFM_API_KEY=key\n") == "file"
    assert chosen("LISTENBRAINZ_USER=me\n") == "file"
    assert chosen("LISTENBRAINZ_USER=me\nLISTENBRAINZ_TOKEN=t\n") == "listenbrainz"
    assert chosen("LISTENBRAINZ_USER=me\nLISTENBRAINZ_TOKEN=t\nSPOTIFY_CLIENT_ID=app\n") == "spotify"
    assert chosen("SPOTIFY_CLIENT_ID=app\n", "file") == "file"
    chosen("", "listenbrainz")
    with pytest.raises(UserError, match="LISTENBRAINZ_TOKEN"):
        open_target(Workspace.open(root))


def test_lists_on_another_target_are_put_aside_and_come_back(tmp_path: Path) -> None:
    state = Workspace.open(tmp_path / "home").state
    playlists.remember(state, "on spotify", ["a"])
    playlists.remember(state, "a copy", ["a"], "snapshot 1")
    playlists.turn_to(state, "file")
    assert playlists.written(state) is None
    assert playlists.ours(state) == {"on spotify", "a copy"}, "no list of ours is ever the listener's"
    playlists.remember(state, "in a file", ["b"])
    assert [one.playlist_id for one in playlists.living(state)] == ["in a file"]
    playlists.turn_to(state, "spotify")
    known = playlists.written(state)
    assert known is not None
    assert (known.playlist_id, known.track_ids) == ("on spotify", ["a"])
    assert playlists.target(state) == "spotify"
