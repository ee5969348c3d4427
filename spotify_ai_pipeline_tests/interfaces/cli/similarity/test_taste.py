"""`taste`: what is said once counts in the forecast, with a reason, until it is switched off."""

import json
from collections.abc import Callable

import polars as pl
import pytest
from click.testing import Result

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.app import standing_taste
from spotify_ai_pipeline.storage import datasets
from spotify_ai_pipeline.storage.workspace import Workspace

Cli = Callable[..., Result]


def test_a_wish_is_shown_before_it_counts_and_moves_the_songs_that_it_means(workspace: Workspace, cli: Cli) -> None:
    artist = workspace.lake.read(datasets.SONGS).group_by("artist").len().sort("len", "artist")["artist"][-1]
    shown = json.loads(cli("taste", f"less {artist}", "--json").stdout)
    assert not shown["counts"]
    assert shown["songs"] > 0
    assert standing_taste.factors(workspace, clock.now()).is_empty()
    said = cli("taste", f"less {artist}", "--yes").output
    assert "less of what is by" in said
    found = standing_taste.factors(workspace, clock.now())
    meant = workspace.lake.read(datasets.SONGS).filter(artist=artist)["song_id"]
    assert set(found["song_id"]) == set(meant)
    assert found["by_rules"].unique().to_list() == [0.4]
    assert found["rules"].unique().to_list() == [f"you said: less {artist}"]
    number = json.loads(cli("taste", "--json").stdout)["said"][0]["rule_id"]
    assert "switched off" in cli("taste", "--off", number).output
    assert cli("taste", "--off", number).exit_code == 2
    assert standing_taste.factors(workspace, clock.now()).is_empty()


def test_beliefs_have_evidence_and_can_be_denied(workspace: Workspace, cli: Cli) -> None:
    before = json.loads(cli("taste", "--json").stdout)["beliefs"]
    assert before
    assert all(any(sign.isdigit() for sign in one["evidence"]) for one in before)
    assert "not so, then" in cli("taste", "--not-so", 1).output
    after = json.loads(cli("taste", "--json").stdout)
    assert before[0] not in after["beliefs"]
    moved = standing_taste.factors(workspace, clock.now())
    assert moved.filter(pl.col("by_rules") < 1).height
    cli("taste", "--off", after["said"][0]["rule_id"])


@pytest.mark.parametrize(("way", "moves"), [("more", 1.6), ("less", 0.4), ("no", 0.02)])
def test_what_is_said_of_an_artist_outside_the_library_moves_candidates(
    workspace: Workspace, cli: Cli, way: str, moves: float
) -> None:
    found = workspace.lake.read(datasets.CANDIDATE_SCORES)
    strange = found.join(workspace.lake.read(datasets.SONGS), on="artist_key", how="anti")
    artist = strange.filter(pl.col("artist").str.contains(r"^[A-Z]\w+ \w+"))["artist"][0]
    said = json.loads(cli("taste", f"{way} {artist}", "--yes", "--json").stdout)
    moved = standing_taste.candidate_factors(workspace, found, None, clock.now())
    assert set(moved["song_id"]) == set(found.filter(artist=artist)["song_id"])
    assert moved["by_rules"].unique().to_list() == [moves]
    assert moved["rules"].unique().to_list() == [f"you said: {way} {artist}"]
    cli("taste", "--off", said["rule_id"])
    assert standing_taste.candidate_factors(workspace, found, None, clock.now()).is_empty()


@pytest.mark.parametrize("args", [["less zzyzx"], ["--not-so", "99"], ["--off", "9999"], ["less metal", "--off", "1"]])
def test_what_means_nothing_is_refused(cli: Cli, args: list[str]) -> None:
    assert cli("taste", *args).exit_code == 2
