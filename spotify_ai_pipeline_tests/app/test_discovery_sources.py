"""Sources over real HTTP: what each puts forward on the small world, and what happens where one is silent or in trouble."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import polars as pl
import pytest

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.app.discovery_sources import FRIENDS_SINCE, SOURCES, Asking
from spotify_ai_pipeline.clients.lastfm import LastFm
from spotify_ai_pipeline.clients.listenbrainz import ListenBrainz
from spotify_ai_pipeline.importers import ingest
from spotify_ai_pipeline.importers.detect import find
from spotify_ai_pipeline.settings import Secrets
from spotify_ai_pipeline.storage.workspace import Workspace


@pytest.fixture
def catalogue(world: Path) -> pl.DataFrame:
    return pl.read_parquet(world / "catalogue.parquet")


@pytest.fixture
def asking(connected: Workspace, world: Path, catalogue: pl.DataFrame) -> Callable[..., Asking]:
    """Gives what a source is asked with: seeds are the songs played most."""
    with (connected.root / ".env").open("a") as file:
        file.write("LISTENBRAINZ_USER=otterling\n")
    plays = pl.read_parquet(world / "plays.parquet").group_by("track_id").len().sort("len", "track_id", descending=True)
    rows = plays.head(30).join(catalogue, left_on="track_id", right_on="id", maintain_order="left")
    seeds = rows.select(
        "track_id", song_id=pl.lit("s"), artist=pl.col("artist_names").list.first(), title=pl.col("name")
    )
    tags = pl.read_parquet(world / "tags.parquet").explode("tags")["tags"].value_counts(sort=True)["tags"].head(3)
    return lambda calls=8: Asking(Workspace.open(connected.root), seeds, tags.to_list(), calls, clock.utc_now())


@pytest.mark.parametrize("name", sorted(SOURCES.keys() - {"spotify_recs", "new_releases", "files"}))
def test_every_source_names_songs_that_exist(name: str, asking: Callable[..., Asking], catalogue: pl.DataFrame) -> None:
    asked = asking()
    assert SOURCES[name].closed(asked.workspace) == ""
    found = [lead for batch in SOURCES[name].find(asked) for lead in batch]
    names = set(zip(catalogue["artist_names"].list.first(), catalogue["name"], strict=True))
    assert len(found) > 5
    assert {(lead.artist, lead.title) for lead in found} <= names
    assert all(0 < lead.strength <= 1 for lead in found)
    assert {lead.track_id for lead in found} - {None} <= set(catalogue["id"])


def calls(workspace: Workspace, service: str) -> int:
    rows = workspace.state.rows(
        "SELECT sum(calls) AS calls FROM api_calls WHERE service = ? AND kind = 'read'", (service,)
    )
    return rows[0]["calls"] or 0


@pytest.mark.parametrize(
    ("name", "service"), [("lastfm_similar", "lastfm"), ("lastfm_artists", "lastfm"), ("reccobeats", "reccobeats")]
)
def test_a_source_stays_within_its_calls_and_pays_for_nothing_twice(
    name: str, service: str, asking: Callable[..., Asking]
) -> None:
    asked = asking(8)
    before = calls(asked.workspace, service)
    first = list(SOURCES[name].find(asked))
    after = calls(asked.workspace, service)
    assert 0 < after - before <= 8
    if service == "lastfm":
        assert list(SOURCES[name].find(asked)) == first
        assert calls(asked.workspace, service) == after, "a run that was cut asks again for nothing"


def test_new_releases_are_new_and_stay_within_their_calls(
    asking: Callable[..., Asking], catalogue: pl.DataFrame
) -> None:
    asked = asking(12)
    newest = catalogue["release_date"].max()
    assert isinstance(newest, str)
    then = Asking(asked.workspace, asked.seeds, [], 12, datetime.fromisoformat(f"{newest[:10]}T00:00:00+00:00"))
    before = calls(asked.workspace, "spotify")
    found = [lead for batch in SOURCES["new_releases"].find(then) for lead in batch]
    assert calls(asked.workspace, "spotify") - before <= 12
    since = f"{then.now.year - 1}-01-01"
    released = dict(catalogue.select("id", "release_date").iter_rows())
    assert all(released[lead.track_id] > since for lead in found if lead.track_id)


def test_recommendations_that_are_closed_to_the_app_are_said_to_be(connected: Workspace) -> None:
    assert "closed" in SOURCES["spotify_recs"].closed(connected)


def test_friends_who_hide_what_they_play_are_no_error(asking: Callable[..., Asking]) -> None:
    client = LastFm.of(asking().workspace)
    assert "hushhush" in client.friends()
    assert client.played_by("hushhush", clock.utc_now() - FRIENDS_SINCE) == []


def test_the_exploration_of_a_user_without_one_is_empty(asking: Callable[..., Asking]) -> None:
    client = ListenBrainz.of(asking().workspace)
    client.user = "nobody"
    assert client.weekly_exploration() == []
    assert client.recommended(10) == []


def test_charts_from_the_inbox_are_songs_to_try_and_a_new_file_replaces_the_old(
    connected: Workspace, tmp_path: Path
) -> None:
    chart = tmp_path / "best of 2025.csv"
    chart.write_text('Position,Artist,Song\n1,Owl,"Low, Tide"\n2,,Nameless\n3,Heron,Reeds\n')
    (report,) = ingest.take_in(connected, find([chart]))
    assert (report.read, report.new, report.quarantined) == (3, 2, 1)
    chart.write_text("Position,Artist,Song\n1,Owl,Marsh\n")
    list(ingest.take_in(connected, find([chart])))
    assert ingest.charts(connected.lake)["title"].to_list() == ["Marsh"]
    asked = Asking(connected, pl.DataFrame(), [], 0, clock.utc_now())
    assert SOURCES["files"].closed(connected) == ""
    (lead,) = [lead for batch in SOURCES["files"].find(asked) for lead in batch]
    assert (lead.artist, lead.title, lead.because) == ("Owl", "Marsh", "best of 2025")


def rate(workspace: Workspace, folder: Path, *rows: tuple[str, str, int]) -> None:
    header = "RYM Album, First Name,Last Name,First Name localized, Last Name localized,Title,Release_Date,Rating\n"
    lines = [f'"{n}","","{artist}","","","{album}","2001","{given}"\n' for n, (artist, album, given) in enumerate(rows)]
    file = folder / "ratings.csv"
    file.write_text(header + "".join(lines))
    list(ingest.take_in(workspace, find([file])))


@pytest.mark.parametrize("lastfm", [True, False])
def test_an_album_rated_highly_speaks_for_its_own_songs_best_first(
    asking: Callable[..., Asking],
    catalogue: pl.DataFrame,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    lastfm: bool,
) -> None:
    first = pl.col("artist_names").list.first()
    whole = catalogue.filter(pl.len().over("album_id") >= 4, pl.col("album").n_unique().over(first) > 1)
    one, other, poor = (
        whole.select(first.alias("artist"), "album", "album_id").unique("artist").sort("artist")[:3].rows()
    )
    if not lastfm:
        monkeypatch.setattr(Secrets, "has_lastfm", False)
    asked = asking()
    rate(asked.workspace, tmp_path, (*other[:2], 8), (*one[:2], 10), (*poor[:2], 3))
    _, best, next_best, *more = SOURCES["files"].find(asked)
    assert not more, "an album that was not liked leads nowhere"
    for batch, (artist, album, key) in ((best, one), (next_best, other)):
        assert batch and {lead.title for lead in batch} <= set(catalogue.filter(pl.col("album_id") == key)["name"])
        assert {lead.artist for lead in batch} == {artist} and album in batch[0].because
        assert all(bool(lead.track_id) is not lastfm for lead in batch)
    assert best[0].strength > next_best[0].strength
    assert best[0].because.endswith("which you rated 5 of 5")
    assert calls(asked.workspace, "lastfm" if lastfm else "spotify") >= 2


def test_a_history_is_no_chart(connected: Workspace, tmp_path: Path) -> None:
    history = tmp_path / "plays.csv"
    history.write_text('"uts","utc_time","artist","artist_mbid","album","album_mbid","track","track_mbid"\n')
    assert find([history])[0].kind.NAME != "charts (CSV with the columns artist and title or album)"


def test_a_station_is_asked_once_a_day_and_may_be_gone(asking: Callable[..., Asking], world: Path) -> None:
    asked = asking()
    find = SOURCES["lastfm_stations"].find
    first = list(find(asked))
    assert list(find(asked)) == first
    assert calls(asked.workspace, "lastfm_stations") == 1

    (world / "no-stations").touch()
    asked.workspace.answers.put("lastfm stations", {f"{asked.workspace.secrets.lastfm_user}/recommended": []}, days=0)
    assert list(find(asked)) == [[]]
    assert list(find(asked)) == [[]]
    assert calls(asked.workspace, "lastfm_stations") == 2, "what is gone is not asked for again today"
