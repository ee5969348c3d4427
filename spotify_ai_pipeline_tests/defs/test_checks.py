"""Asset checks: each passes on what is sound and fails on what would otherwise be silent."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl
import pytest

from spotify_ai_pipeline.defs.features import embeddings
from spotify_ai_pipeline.defs.identity import songs as identity_defs
from spotify_ai_pipeline.defs.ingest import library
from spotify_ai_pipeline.defs.playlist import mix as playlist_defs
from spotify_ai_pipeline.defs.playlist import playlist
from spotify_ai_pipeline.defs.resources import WorkspaceResource
from spotify_ai_pipeline.defs.taste import song_scores
from spotify_ai_pipeline.errors import UserError
from spotify_ai_pipeline.storage import datasets

AT = datetime(2024, 1, 1, tzinfo=UTC)
SONGS = pl.DataFrame(
    {
        "song_id": ["a", "b"],
        "track_id": ["t1", None],
        "track_ids": [["t1", "t2"], []],
        "keys": [["k1"], ["k2"]],
    },
    schema_overrides={"track_id": pl.String, "track_ids": pl.List(pl.String)},
)
LISTENS = pl.DataFrame({"song_id": ["a", "b"], "played_at": [AT, AT]})


def verdict(check: Any, *frames: Any) -> bool:
    result = check(*frames)
    assert isinstance(result, dg.AssetCheckResult)
    return bool(result.passed)


@pytest.fixture
def connected_home(tmp_path: Path) -> WorkspaceResource:
    """A home that names an app of Spotify."""
    (tmp_path / ".env").write_text("SPOTIFY_CLIENT_ID=app\n")
    return WorkspaceResource(root=str(tmp_path))


def test_an_empty_library_is_told_of_and_stops_nothing(connected_home: WorkspaceResource, tmp_path: Path) -> None:
    assert verdict(library.library_is_not_empty, connected_home, SONGS)
    result: Any = library.library_is_not_empty(connected_home, SONGS.head(0))
    assert (result.passed, result.severity) == (False, dg.AssetCheckSeverity.WARN)
    without = WorkspaceResource(root=str(tmp_path / "another"))
    assert verdict(library.library_is_not_empty, without, SONGS.head(0)), "nobody expects a library on Spotify"


def test_without_any_song_one_sentence_says_what_to_do(tmp_path: Path) -> None:
    nothing = [datasets.SPOTIFY_LIBRARY.empty().lazy(), datasets.PLAYS.empty().lazy()]
    known = [datasets.SONG_MEMBERS.empty(), datasets.SONG_LINKS.empty()]
    with pytest.raises(UserError, match="spotify-ai setup") as caught:
        identity_defs.songs(WorkspaceResource(root=str(tmp_path)), *nothing, *known)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "change",
    [
        {"song_id": ["a", "a"]},
        {"track_ids": [["t1"], ["t1"]]},
        {"keys": [["k1"], ["k1"]]},
    ],
)
def test_a_doubled_song_id_or_spelling_fails(change: dict[str, list[Any]]) -> None:
    assert verdict(identity_defs.songs_are_unique, SONGS)
    assert not verdict(
        identity_defs.songs_are_unique, SONGS.with_columns(**{k: pl.Series(v) for k, v in change.items()})
    )


def test_listens_that_are_mostly_unresolved_fail(connected_home: WorkspaceResource) -> None:
    assert verdict(identity_defs.listens_are_resolved, connected_home, LISTENS, SONGS), "half of them is enough"
    more = pl.concat([LISTENS, LISTENS.tail(1)])
    assert not verdict(identity_defs.listens_are_resolved, connected_home, more, SONGS)
    assert verdict(identity_defs.listens_are_resolved, connected_home, LISTENS.head(0), SONGS), (
        "no listens yet is no error"
    )


def vectors(*rows: list[float], songs: list[str] | None = None) -> pl.DataFrame:
    names = songs or [f"s{number}" for number in range(len(rows))]
    return pl.DataFrame({"song_id": names, "vector": pl.Series(list(rows), dtype=pl.Array(pl.Float32, 2))})


def test_vectors_of_another_length_nan_or_doubled_fail() -> None:
    assert verdict(embeddings.embeddings_are_sound, vectors([1, 0], [0.6, 0.8]))
    assert not verdict(embeddings.embeddings_are_sound, vectors([1, 0], [0.6, 0.9]))
    assert not verdict(embeddings.embeddings_are_sound, vectors([1, 0], [0, 1], songs=["a", "a"]))


def test_a_vector_with_nan_fails() -> None:
    assert not verdict(embeddings.embeddings_are_sound, vectors([1, 0], [float("nan"), 1]))


def test_a_lost_listen_fails() -> None:
    stats = pl.DataFrame({"song_id": ["a", "b"], "plays": [1, 1]})
    assert verdict(song_scores.stats_count_every_listen, stats, LISTENS)
    assert not verdict(song_scores.stats_count_every_listen, stats, LISTENS.head(1))


def mix(new: int, kept: int = 85, out: int = 0, may_change: int = 15) -> pl.DataFrame:
    changes = ["new"] * new + ["kept"] * kept + ["out"] * out
    ranks = [*range(1, new + kept + 1), *[None] * out]
    names = [f"s{number}" for number in range(len(changes))]
    there = [None if change == "new" else [name] for change, name in zip(changes, names, strict=True)]
    columns = {"song_id": names, "track_id": names, "rank": ranks, "change": changes, "on_list": there}
    schema = dict.fromkeys(columns, pl.String) | {"rank": pl.Int64, "on_list": pl.List(pl.String)}
    return pl.DataFrame(columns, schema=schema).with_columns(may_change=pl.lit(may_change, pl.Int64))


def test_a_mix_that_is_empty_too_long_doubled_or_over_the_cap_fails(tmp_path: Path) -> None:
    workspace = WorkspaceResource(root=str(tmp_path / "home"))
    assert verdict(playlist_defs.mix_is_sound, workspace, mix(15, out=15))
    assert verdict(playlist_defs.mix_is_sound, workspace, mix(100, kept=0)), "the first fill is whole"
    assert not verdict(playlist_defs.mix_is_sound, workspace, mix(16, kept=84))
    assert verdict(playlist_defs.mix_is_sound, workspace, mix(50, kept=50, may_change=50)), "a mood was asked for"
    assert not verdict(playlist_defs.mix_is_sound, workspace, mix(51, kept=49, may_change=50))
    assert not verdict(playlist_defs.mix_is_sound, workspace, mix(0, kept=101))
    assert not verdict(playlist_defs.mix_is_sound, workspace, mix(0, kept=0, out=100))
    doubled = mix(0, kept=100).with_columns(song_id=pl.lit("same"))
    assert not verdict(playlist_defs.mix_is_sound, workspace, doubled)


def test_a_playlist_that_reads_back_otherwise_fails(tmp_path: Path) -> None:
    workspace = WorkspaceResource(root=str(tmp_path / "home"))
    decided = mix(2, kept=1, out=1)
    back = pl.DataFrame({"position": [1, 2, 3], "track_id": ["s0", "s1", "s2"]})
    assert verdict(playlist.playlist_is_the_mix, workspace, back, decided)
    assert not verdict(playlist.playlist_is_the_mix, workspace, back.head(2), decided)
    assert not verdict(playlist.playlist_is_the_mix, workspace, back[::-1], decided)
