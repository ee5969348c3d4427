"""`similar` and `find`: the nearest songs, with reasons and links."""

import json
from collections import Counter
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from click.testing import Result

from spotify_ai_pipeline.storage import datasets
from spotify_ai_pipeline.storage.workspace import Workspace

Cli = Callable[..., Result]


def test_the_nearest_songs_come_with_reasons_and_links(workspace: Workspace, cli: Cli) -> None:
    songs = workspace.lake.read(datasets.SONGS).join(workspace.lake.read(datasets.SONG_EMBEDDINGS), on="song_id")
    song = songs.row(3, named=True)
    said = cli("similar", f"{song['artist']} - {song['title']}", "--json")
    assert said.exit_code == 0, said.output
    found = json.loads(said.stdout)
    assert found["song"]["song_id"] == song["song_id"]
    near = np.array([row["near"] for row in found["songs"]])
    assert len(near) == 10
    assert (np.diff(near) <= 0).all()
    assert song["song_id"] not in {row["song_id"] for row in found["songs"]}
    cosines = songs["vector"].to_numpy() @ np.array(song["vector"])
    assert near[0] == pytest.approx(np.sort(cosines)[-2], abs=1e-3)
    assert max(Counter(row["artist"] for row in found["songs"]).values()) <= 3
    assert all(row["why"] for row in found["songs"])
    assert all(
        row["link"] is None
        or row["link"].startswith(("https://open.spotify.com/track/", "https://musicbrainz.org/recording/"))
        for row in found["songs"]
    )
    shown = cli("similar", song["song_id"], "--limit", 3)
    assert len(shown.output.splitlines()) >= 5
    assert found["songs"][0]["title"] in shown.output


def test_a_title_that_several_songs_bear_is_asked_back(workspace: Workspace, cli: Cli) -> None:
    songs = workspace.lake.read(datasets.SONGS)
    title = songs.group_by("title").len().sort("len", "title", descending=True)["title"][0]
    said = cli("similar", title)
    assert said.exit_code == 2
    assert "songs have this name, such as" in said.stderr
    assert said.stderr.count("\n") == 1


def test_a_name_with_a_slip_is_suggested(workspace: Workspace, cli: Cli) -> None:
    song = workspace.lake.read(datasets.SONGS).row(0, named=True)
    said = cli("similar", f"{song['artist']} - {song['title'][:-2]}qzx")
    assert said.exit_code == 2
    assert "did you mean" in said.stderr
    assert song["title"].lower() in said.stderr.lower()


def test_words_find_songs_that_sound_so(workspace: Workspace, cli: Cli) -> None:
    audio = workspace.lake.read(datasets.AUDIO_FEATURES)
    energy = dict(audio.drop_nulls("energy").select("song_id", "energy").iter_rows())

    def mean(words: str) -> float:
        found = json.loads(cli("find", words, "--json").stdout)["songs"]
        return float(np.mean([energy[row["song_id"]] for row in found if row["song_id"] in energy]))

    usual = float(np.mean(list(energy.values())))
    assert mean("calm quiet acoustic") < usual - 0.1
    assert mean("loud and energetic") > usual + 0.1
    heard = json.loads(cli("find", "calm zzyzx", "--json").stdout)
    assert (heard["understood"], heard["not understood"]) == (["calm"], ["zzyzx"])


def test_a_tag_finds_songs_that_bear_it(workspace: Workspace, cli: Cli) -> None:
    words = workspace.lake.read(datasets.TAGS).explode("tags").unnest("tags").drop_nulls("tag")
    styles = words.filter(~pl.col("tag").str.contains(r"^\d0s$"))  # songs of a decade sound in every way
    tag = styles.group_by("tag").len().filter(pl.col("len") > 5).sort("len", "tag")["tag"][0]
    found = json.loads(cli("find", tag, "--json", "--limit", 5).stdout)["songs"]
    bearing = set(words.filter(tag=tag)["song_id"])
    assert sum(row["song_id"] in bearing for row in found) >= 3


def test_words_that_mean_nothing_are_refused_with_others_to_try(cli: Cli) -> None:
    said = cli("find", "zzyzx")
    assert (said.exit_code, said.stdout) == (2, "")
    assert "none of these words is understood; the nearest moods are: " in said.stderr


def test_before_the_first_run_it_is_said_what_to_do(cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    monkeypatch.setenv("SPOTIFY_AI_DATA", str(tmp_path / "new"))
    for command in (("similar", "x"), ("find", "calm"), ("mood",), ("mood", "calm")):
        said = cli(*command)
        assert said.exit_code == 2
        assert "spotify-ai refresh" in said.stderr


def test_a_way_leads_from_one_song_to_another(workspace: Workspace, cli: Cli) -> None:
    songs = workspace.lake.read(datasets.SONG_INDEX)["song_id"]
    said = cli("similar", "--from", songs[0], "--to", songs[9], "--limit", 6, "--json")
    assert said.exit_code == 0, said.output
    found = json.loads(said.stdout)["songs"]
    assert [found[0]["song_id"], found[-1]["song_id"]] == [songs[0], songs[9]]
    assert 3 <= len(found) <= 6
    assert all(row["why"] for row in found[1:])
    assert all(one["artist"] != two["artist"] for one, two in pairwise(found[:-1]))
    assert "the same" in cli("similar", "--from", songs[0], "--to", songs[0]).output
    for wrong in (("similar",), ("similar", songs[0], "--to", songs[1]), ("similar", "--from", songs[0])):
        assert "give SONG" in cli(*wrong).output


def test_songs_like_some_and_unlike_another(workspace: Workspace, cli: Cli) -> None:
    table = workspace.lake.read(datasets.SONG_EMBEDDINGS)
    vector_of = dict(zip(table["song_id"], table["vector"].to_numpy(), strict=True))
    one, two, three = table["song_id"][[0, 5, 9]]
    both = json.loads(cli("find", "--like", one, "--like", two, "--json").stdout)["songs"]
    away = json.loads(cli("find", "--like", one, "--like", two, "--unlike", three, "--json").stdout)["songs"]
    assert not {one, two, three} & {row["song_id"] for row in away}
    near = [np.mean([vector_of[row["song_id"]] @ vector_of[three] for row in rows]) for rows in (both, away)]
    assert near[1] < near[0]
    assert all(row["why"] for row in both)
    assert "give WORDS" in cli("find", "calm", "--like", one).output
