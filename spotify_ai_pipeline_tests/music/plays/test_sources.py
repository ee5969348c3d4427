"""The sources in the graph, on a sandbox: each of them alone and all together give the same listens."""

import json
from datetime import timedelta

import dagster as dg
import polars as pl
import pytest
import requests
import yaml

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.clients import spotify_auth
from spotify_ai_pipeline.clients.listenbrainz import ListenBrainz, ListenBrainzError
from spotify_ai_pipeline.clients.spotify import Spotify
from spotify_ai_pipeline.definitions import build_defs
from spotify_ai_pipeline.defs.automation.sensors import files_in_the_inbox
from spotify_ai_pipeline.defs.resources import WorkspaceResource
from spotify_ai_pipeline.interfaces.cli import login
from spotify_ai_pipeline.music.plays.exclusion import Rule
from spotify_ai_pipeline.sandbox.generate import generate
from spotify_ai_pipeline.sandbox.testing import running
from spotify_ai_pipeline.settings import CONFIG_FILE
from spotify_ai_pipeline.storage import datasets, exclusions
from spotify_ai_pipeline.storage.workspace import Workspace
from spotify_ai_pipeline_tests.conftest import NOW

PATHS = {
    "spotify": "spotify/v1/",
    "spotify_accounts": "accounts/",
    "lastfm": "lastfm/2.0/",
    "listenbrainz": "listenbrainz/1/",
    "listenbrainz_labs": "labs/",
}
PLAYS = 1_500
END = NOW - timedelta(days=3)
TRUTH = ["song_id", "played_at"]


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    place = tmp_path_factory.mktemp("sandbox") / "world"
    generate(place, songs=150, catalogue=600, plays=PLAYS, years=0.2, end=END)
    with running(place) as url:
        yield place, url.rstrip("/") + "/"


@pytest.fixture
def connected(workspace, world, monkeypatch):
    """A home that speaks to the sandbox, signed in; takes the names of the scrobbling services to connect."""

    def connect(*scrobblers):
        place, url = world
        listener = json.loads((place / "world.json").read_text())["listener"]
        services = {name: {"url": url + path, "calls_per_second": 10_000} for name, path in PATHS.items()}
        root = workspace.root / "_".join(["of", *scrobblers])
        root.mkdir()
        (root / CONFIG_FILE).write_text(yaml.safe_dump({"services": services}))
        monkeypatch.setenv("SPOTIFY_CLIENT_ID", "sandbox")
        monkeypatch.setenv("SPOTIFY_CLIENT_SECRET", "sandbox")
        monkeypatch.setenv("LASTFM_API_KEY", "sandbox")
        monkeypatch.setenv("LASTFM_USER", listener["lastfm_user"] if "lastfm" in scrobblers else "")
        monkeypatch.setenv("LISTENBRAINZ_USER", listener["listenbrainz_user"] if "listenbrainz" in scrobblers else "")
        fresh = Workspace.open(root)
        auth = spotify_auth.oauth(fresh)
        login.accept(
            auth, requests.get(auth.get_authorize_url(), allow_redirects=False, timeout=120).headers["Location"]
        )
        fresh.state.set_fact("first_month", f"{END - timedelta(days=80):%Y-%m}")
        return fresh

    return connect


def materialize(workspace, *assets):
    defs = build_defs(workspace)
    graph = defs.resolve_asset_graph()
    partitions = graph.get(dg.AssetKey("scrobbles")).partitions_def.get_partition_keys()
    tags = {"dagster/asset_partition_range_start": partitions[0], "dagster/asset_partition_range_end": partitions[-1]}
    job = dg.define_asset_job("chosen", selection=dg.AssetSelection.assets(*assets))
    chosen = dg.Definitions(
        assets=[asset for asset in defs.assets if isinstance(asset, dg.AssetsDefinition)],
        jobs=[job],
        resources=defs.resources,
        executor=dg.in_process_executor,
    )
    with dg.DagsterInstance.ephemeral() as instance:
        result = chosen.resolve_job_def("chosen").execute_in_process(instance=instance, tags=tags)
    assert result.success
    return result


EVERYTHING = (
    "spotify_library", "scrobbles", "listenbrainz_listens", "recent_plays", "history_imports",
    "plays", "song_members", "song_links", "songs", "listens", "activations", "listening_stats",
)  # fmt: skip


def listens_of(workspace):
    return workspace.lake.read(datasets.LISTENS).sort(TRUTH)


def test_all_sources_together_give_the_listens_of_one_alone(connected, world):
    apart = {}
    for scrobblers in (("lastfm",), ("listenbrainz",), ("lastfm", "listenbrainz")):
        workspace = connected(*scrobblers)
        materialize(workspace, *EVERYTHING)
        apart[scrobblers] = listens_of(workspace)
    alone, other, together = apart.values()
    assert (
        alone.height
        == PLAYS
        == pl.read_parquet(world[0] / "plays.parquet").filter(pl.col("ms_played") >= 30_000).height
    )
    assert together.select(TRUTH).equals(alone.select(TRUTH))
    assert other.select(TRUTH).equals(alone.select(TRUTH))
    assert together["sources"].list.len().value_counts().sort("sources").rows() == [(2, PLAYS - 50), (3, 50)]
    stats = workspace.lake.read(datasets.LISTENING_STATS)
    assert stats["plays"].sum() == PLAYS

    since, until = (together["played_at"].quantile(share) for share in (0.3, 0.7))
    exclusions.exclude(workspace.state, Rule("span", since=since, until=until), "a party")
    materialize(workspace, "listens", "activations", "listening_stats")
    kept = listens_of(workspace)
    hit = kept["played_at"].is_between(since, until, closed="left")
    assert kept.height == PLAYS and kept["excluded"].equals(hit.alias("excluded"))
    counted = workspace.lake.read(datasets.LISTENING_STATS)
    assert counted["plays"].sum() == PLAYS - hit.sum()
    last = kept.filter(~hit)["played_at"].max()
    assert counted["last_played"].max() == last
    exclusions.undo(workspace.state, 1)
    materialize(workspace, "listens", "activations", "listening_stats")
    assert (
        workspace.lake.read(datasets.LISTENING_STATS)
        .drop("activation", "days_quiet")
        .equals(stats.drop("activation", "days_quiet"))
    )


def test_an_account_that_is_connected_later_is_read_from_its_first_month(connected):
    workspace = connected("listenbrainz")
    materialize(workspace, "scrobbles")
    known = workspace.lake.partitions(datasets.SCROBBLES)
    assert known and max(known) < f"{END - timedelta(days=80):%Y-%m}"
    assert workspace.lake.read(datasets.SCROBBLES).is_empty()


def test_B1_what_spotify_remembers_is_added_once(connected):
    workspace = connected()
    materialize(workspace, "recent_plays")
    first = workspace.lake.read(datasets.RECENT_PLAYS)
    materialize(workspace, "recent_plays")
    assert first.height == 50 and workspace.lake.read(datasets.RECENT_PLAYS).sort("played_at").equals(
        first.sort("played_at")
    )
    assert not exclusions.gaps(workspace.state, "spotify_recent")


def test_B5_a_gap_is_recorded_when_the_page_does_not_reach_back(connected):
    workspace = connected()
    page = Spotify.of(workspace).recently_played()
    old = page.head(1).with_columns(pl.col("played_at") - timedelta(days=3))
    workspace.lake.write(old, datasets.RECENT_PLAYS, "2000-01-01")
    materialize(workspace, "recent_plays")
    assert exclusions.gaps(workspace.state, "spotify_recent") == [(old["played_at"][0], page["played_at"].min())]
    assert workspace.lake.read(datasets.RECENT_PLAYS).height == 51


def test_B4_listenbrainz_pages_overlap_and_nothing_is_lost_or_doubled(connected, world, monkeypatch):
    workspace = connected("listenbrainz")
    monkeypatch.setattr("spotify_ai_pipeline.clients.listenbrainz.LISTENS_A_CALL", 40)
    client = ListenBrainz.of(workspace)
    first = client.first_listen()
    assert first is not None
    frame = client.listens(first, clock.utc_now())
    truth = pl.read_parquet(world[0] / "plays.parquet").filter(pl.col("ms_played") >= 30_000)["started"]
    assert sorted(frame["played_at"].dt.epoch("s").to_list()) == sorted(truth.to_list())
    (calls,) = workspace.state.rows("SELECT calls FROM api_calls WHERE service = 'listenbrainz'")
    assert calls["calls"] <= 1 + 1.1 * PLAYS / 39


def test_an_unknown_listenbrainz_user_is_said_in_one_line(connected):
    workspace = connected("listenbrainz")
    client = ListenBrainz.of(workspace)
    client.user = "nobody"
    with pytest.raises(ListenBrainzError, match="LISTENBRAINZ_USER"):
        client.first_listen()


def test_a_second_reading_of_listenbrainz_asks_for_the_last_months_alone(connected):
    workspace = connected("listenbrainz")
    materialize(workspace, "listenbrainz_listens")
    before = workspace.lake.read(datasets.LISTENBRAINZ_LISTENS)
    with workspace.state.transaction() as connection:
        connection.execute("DELETE FROM api_calls")
    materialize(workspace, "listenbrainz_listens")
    assert workspace.lake.read(datasets.LISTENBRAINZ_LISTENS).equals(before)
    assert sum(row["calls"] for row in workspace.state.rows("SELECT calls FROM api_calls")) <= 4


def test_readers_of_listens_get_what_counts(workspace, played):
    listens = played(("a", 0, {}), ("b", 1, {})).with_columns(counts=pl.Series([True, False]))
    workspace.lake.write(listens, datasets.LISTENS)
    seen = []

    @dg.asset
    def reader(listens: pl.DataFrame) -> None:
        seen.append(listens["song_id"].to_list())

    defs = build_defs(workspace)
    graph = [asset for asset in defs.assets or () if isinstance(asset, dg.AssetsDefinition)]
    assert dg.materialize([reader, *graph], selection=[reader], resources=defs.resources).success
    assert seen == [["a"]]


def test_no_news_in_the_inbox_is_no_run(workspace, monkeypatch):
    def tick():
        return files_in_the_inbox(workspace=WorkspaceResource(root=str(workspace.root)))

    assert isinstance(tick(), dg.SkipReason)
    workspace.inbox.mkdir()
    (workspace.inbox / "a.json").write_text("[]")
    assert isinstance(tick(), dg.SkipReason)  # still being copied
    monkeypatch.setattr("spotify_ai_pipeline.defs.automation.sensors.SETTLED_SECONDS", -1)
    first, second = tick(), tick()
    assert isinstance(first, dg.RunRequest) and isinstance(second, dg.RunRequest)
    assert first.run_key == second.run_key
