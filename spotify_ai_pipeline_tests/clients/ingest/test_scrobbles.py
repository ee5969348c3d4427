"""Scrobbles: all of them, once each, month by month; and the tick that looks for new ones."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from spotify_ai_pipeline.app import scrobble_partitions
from spotify_ai_pipeline.app.scrobble_partitions import RANGE_END, RANGE_START
from spotify_ai_pipeline.clients import lastfm, spotify, transport
from spotify_ai_pipeline.clients.lastfm import LastFm, LastFmError
from spotify_ai_pipeline.defs.automation.scrobble_tick import scrobble_tick
from spotify_ai_pipeline.defs.degraded import DEFERRED
from spotify_ai_pipeline.defs.ingest import library
from spotify_ai_pipeline.defs.ingest.scrobbles import ScrobblesOptions, scrobbles_asset
from spotify_ai_pipeline.defs.io_manager import LakeIOManager
from spotify_ai_pipeline.defs.resources import LastFmResource, SpotifyResource, WorkspaceResource
from spotify_ai_pipeline.sandbox.generate import generate
from spotify_ai_pipeline.sandbox.testing import running
from spotify_ai_pipeline.storage import datasets
from spotify_ai_pipeline.storage.workspace import Workspace

FIRST, LAST = "2023-12", "2025-06"
WEEK = timedelta(days=7)
NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Killed(BaseException):
    pass


def row(uts: int, title: str = "Song", attributes: str = "") -> str:
    date = "" if attributes else f'<date uts="{uts}">x</date>'
    return f'<track{attributes}><artist mbid="">A</artist><name>{title}</name><mbid/><album mbid="">B</album>{date}</track>'


def page(*rows: str, user: str = "ann", total: int | None = None) -> str:
    count = sum("uts=" in entry for entry in rows) if total is None else total
    head = f'<recenttracks user="{user}" page="1" perPage="200" total="{count}" totalPages="{math.ceil(count / 200)}">'
    return f'<?xml version="1.0"?><lfm status="ok">{head}{"".join(rows)}</recenttracks></lfm>'


def failure(code: int, said: str = "no") -> str:
    return f'<?xml version="1.0"?><lfm status="failed"><error code="{code}">{said}</error></lfm>'


@pytest.fixture
def scripted(tmp_path: Path) -> Iterator[Callable[..., LastFm]]:
    """A Last.fm that answers with the given (status, body) in turn, the last one for ever."""
    answers: list[tuple[int, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            status, body = answers.pop(0) if len(answers) > 1 else answers[0]
            self.send_response(status)
            self.send_header("Content-Length", str(len(body.encode())))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()

    def make(*script: tuple[int, str]) -> LastFm:
        answers[:] = script
        root = tmp_path / "scripted"
        root.mkdir(exist_ok=True)
        url = f"http://127.0.0.1:{server.server_port}/2.0/"
        (root / "config.yaml").write_text(f"services:\n  lastfm:\n    url: {url}\n    calls_per_second: 10000\n")
        (root / ".env").write_text("LASTFM_API_KEY=key\nLASTFM_USER=Ann\n")
        return LastFm.of(Workspace(root))

    yield make
    server.shutdown()
    server.server_close()


def truth(world: Path) -> pl.DataFrame:
    plays = pl.read_parquet(world / "plays.parquet").filter(pl.col("ms_played") >= 30_000).sort("started")
    return plays.select(pl.from_epoch("started").dt.truncate("1mo").alias("month"), "started")


def read_all(workspace: Workspace, *, now: datetime = NOW, last: str = LAST) -> None:
    client, month = LastFm.of(workspace), FIRST
    while month <= last:
        frame = scrobble_partitions.read_month(client, workspace.lake, month, WEEK, now)
        if frame is not None:
            workspace.lake.write(frame, datasets.SCROBBLES, month)
        month = f"{scrobble_partitions.window(month)[1]:%Y-%m}"


def test_every_scrobble_comes_once(sandbox: Any, workspace: Workspace) -> None:
    read_all(workspace)
    found = workspace.lake.read(datasets.SCROBBLES)
    assert (found["played_at"].dt.epoch("s")).to_list() == truth(sandbox.folder)["started"].to_list()
    assert found["artist"].null_count() == 0


def test_a_hundred_thousand_scrobbles_cost_their_pages(tmp_path: Path) -> None:
    generate(
        tmp_path / "world", songs=400, catalogue=1200, plays=100_000, years=1.5, end=datetime(2025, 6, 20, tzinfo=UTC)
    )
    sizes = truth(tmp_path / "world").group_by("month").len()["len"].to_list()
    fewest = sum(max(1, math.ceil(size / 200)) for size in sizes)
    with running(tmp_path / "world") as url:
        root = tmp_path / "home"
        root.mkdir()
        (root / "config.yaml").write_text(
            f"services:\n  lastfm:\n    url: {url}/lastfm/2.0/\n    calls_per_second: 10000\n"
        )
        (root / ".env").write_text("LASTFM_API_KEY=key\nLASTFM_USER=otterling\n")
        workspace, calls = Workspace(root), 0

        def count(_service: str, what: str) -> None:
            nonlocal calls
            calls += what == "call"

        with transport.observed(count):
            read_all(workspace)
    assert workspace.lake.read(datasets.SCROBBLES).height == sum(sizes) >= 100_000
    assert fewest <= calls <= 1.05 * fewest


def test_B1_what_plays_now_is_no_scrobble(scripted: Callable[..., LastFm]) -> None:
    client = scripted((200, page(row(0, "Now", ' nowplaying="true"'), total=0)))
    for _ in range(2):
        assert client.scrobbles(NOW - WEEK, NOW).is_empty()
    assert client.newest_scrobble() is None
    client = scripted((200, page(row(0, "Now", ' nowplaying="true"'), row(1_700_000_000, "Before"))))
    assert client.scrobbles(NOW - WEEK, NOW)["title"].to_list() == ["Before"]


def test_B4_a_page_that_drifts_or_comes_twice_is_asked_for_again(
    sandbox: Any, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lastfm, "PAGE", 20)
    window = scrobble_partitions.window("2024-05")
    wanted = LastFm.of(workspace).scrobbles(*window)
    assert wanted.height > 60
    for seed, kind in enumerate(["duplicate", "drift"] * 4):
        sandbox.fail(seed=seed, rate=0.3, most=4, kinds=[kind], path="/lastfm")
        assert_frame_equal(LastFm.of(workspace).scrobbles(*window), wanted)


def test_B4_a_scrobble_that_comes_late_while_paging_is_read_too(
    scripted: Callable[..., LastFm], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lastfm, "PAGE", 2)

    def pages(*uts: int) -> list[tuple[int, str]]:
        rows = [row(1_700_000_000 + second, f"at {second}") for second in sorted(uts, reverse=True)]
        head = page(total=len(uts)).replace(
            f'totalPages="{math.ceil(len(uts) / 200)}"', f'totalPages="{-(-len(uts) // 2)}"'
        )
        return [
            (200, head.replace("</recenttracks>", "".join(rows[start : start + 2]) + "</recenttracks>"))
            for start in range(0, len(rows), 2)
        ]

    before, after = pages(10, 20, 30, 40), pages(10, 15, 20, 30, 40)
    script = [before[0], *[after[1]] * 3, *after]  # the total changes, insists, and all is read from the first page
    client = scripted(*script)
    found = client.scrobbles(datetime(2023, 1, 1, tzinfo=UTC), NOW)
    assert found["title"].to_list() == ["at 10", "at 15", "at 20", "at 30", "at 40"]


@pytest.mark.parametrize("answer", [(200, failure(8)), (200, failure(11)), (503, failure(16)), (400, failure(29))])
@pytest.mark.parametrize("wrapped", [None, (400, "<html>Bad Gateway</html>"), (400, failure(0)), (500, "")])
def test_breakdowns_are_asked_again_however_they_are_wrapped(
    scripted: Callable[..., LastFm], answer: tuple[int, str], wrapped: tuple[int, str] | None
) -> None:
    client = scripted(answer, wrapped or answer, (200, page(row(1_700_000_000))))
    assert client.scrobbles(NOW - WEEK, NOW).height == 1


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((403, failure(17, "Login: User required to be logged in")), "history is private"),
        ((403, failure(10, "Invalid API key")), "check LASTFM_API_KEY"),
        ((404, failure(6, "User not found")), "check LASTFM_USER"),
        ((200, failure(8, "Operation failed")), "try again later"),
    ],
)
def test_a_refusal_is_one_clear_line(scripted: Callable[..., LastFm], answer: tuple[int, str], said: str) -> None:
    client = scripted(answer)
    with pytest.raises(LastFmError, match=said) as error:
        client.newest_scrobble()
    assert "\n" not in str(error.value) and "key=" not in str(error.value)


def test_an_answer_for_somebody_else_is_not_taken(scripted: Callable[..., LastFm]) -> None:
    other = (200, page(row(1_700_000_000, "Theirs"), user="another"))
    client = scripted(other, (200, page(row(1_700_000_000, "Mine"), user="ANN")))
    assert client.scrobbles(NOW - WEEK, NOW)["title"].to_list() == ["Mine"]
    with pytest.raises(LastFmError, match="another listener than Ann"):
        scripted(other).scrobbles(NOW - WEEK, NOW)


def test_finished_months_are_not_asked_for_again(sandbox: Any, workspace: Workspace) -> None:
    read_all(workspace)
    before = sandbox.calls("lastfm")
    read_all(Workspace(workspace.root))
    assert sandbox.calls("lastfm") == before
    again = scrobble_partitions.read_month(LastFm.of(workspace), workspace.lake, FIRST, WEEK, NOW, again=True)
    assert again is not None and sandbox.calls("lastfm") > before


def test_a_backfill_that_was_killed_goes_on_at_its_month(sandbox: Any, workspace: Workspace) -> None:
    seen = 0

    def kill(_service: str, what: str) -> None:
        nonlocal seen
        seen += what == "call"
        if seen == 9:
            raise Killed

    start = sandbox.calls("lastfm")
    with transport.observed(kill), pytest.raises(Killed):
        read_all(workspace)
    kept = workspace.lake.partitions(datasets.SCROBBLES)
    assert (
        kept
        and scrobble_partitions.first_open(workspace.lake, FIRST, WEEK, NOW)
        == f"{scrobble_partitions.window(kept[-1])[1]:%Y-%m}"
    )
    read_all(Workspace(workspace.root))
    sizes = truth(sandbox.folder).group_by("month").len()["len"].to_list()
    assert workspace.lake.read(datasets.SCROBBLES).height == sum(sizes)
    assert sandbox.calls("lastfm") - start <= sum(max(1, math.ceil(size / 200)) for size in sizes) + 2


def written_at(workspace: Workspace, month: str, moment: datetime) -> None:
    """Makes the month's version look as if it had been read at ``moment``."""
    pointer = Path(str(workspace.lake.folder(datasets.SCROBBLES, month))) / "current.json"
    version = workspace.lake.current(datasets.SCROBBLES, month)
    assert version is not None
    pointer.write_text(pointer.read_text().replace(version.created_at, moment.isoformat()))


def test_late_scrobbles_of_the_overlap_are_found_and_nothing_doubles(sandbox: Any, workspace: Workspace) -> None:
    start, end = scrobble_partitions.window("2025-03")
    whole = LastFm.of(workspace).scrobbles(start, end)
    read_on = datetime(2025, 3, 20, tzinfo=UTC)
    late = pl.col("played_at").is_between(read_on - timedelta(days=3), read_on - timedelta(days=2))
    workspace.lake.write(whole.filter((pl.col("played_at") < read_on) & ~late), datasets.SCROBBLES, "2025-03")
    written_at(workspace, "2025-03", read_on)
    assert whole.filter(late).height
    before = sandbox.calls("lastfm")
    found = scrobble_partitions.read_month(LastFm.of(workspace), workspace.lake, "2025-03", WEEK, NOW)
    assert found is not None
    assert_frame_equal(found, whole)
    assert sandbox.calls("lastfm") - before == 1


@pytest.mark.parametrize(("days_after", "final"), [(6, False), (8, True)])
def test_a_month_is_final_when_read_long_enough_after_its_end(
    workspace: Workspace, days_after: int, final: bool
) -> None:
    workspace.lake.write(
        LastFm.of(workspace).scrobbles(*scrobble_partitions.window("2025-03")), datasets.SCROBBLES, "2025-03"
    )
    written_at(workspace, "2025-03", datetime(2025, 4, 1, tzinfo=UTC) + timedelta(days=days_after))
    assert (scrobble_partitions.unread_since(workspace.lake, "2025-03", WEEK) is None) == final


def resources(workspace: Workspace) -> dict[str, Any]:
    place = WorkspaceResource(root=str(workspace.root))
    return {
        "workspace": place,
        "io_manager": LakeIOManager(workspace=place),
        "lastfm": LastFmResource(workspace=place),
        "spotify": SpotifyResource(workspace=place),
    }


def run(
    workspace: Workspace,
    instance: dg.DagsterInstance,
    *assets: dg.AssetsDefinition,
    config: dg.RunConfig | None = None,
    **tags: str,
) -> dg.ExecuteInProcessResult:
    return dg.materialize(
        assets, resources=resources(workspace), instance=instance, tags=tags, run_config=config, raise_on_error=False
    )


def test_a_deferred_library_keeps_what_is_known_and_says_so(sandbox: Any, workspace: Workspace, clock: Any) -> None:
    with dg.instance_for_test() as instance:
        assert run(workspace, instance, library.spotify_library).success
        known = workspace.lake.read(datasets.SPOTIFY_LIBRARY)
        sandbox.fail(rate=1, kinds=["429_day"], path="/spotify")
        result = run(workspace, instance, library.spotify_library)
        assert result.success
        (event,) = result.get_asset_materialization_events()
        assert "deferred until" in str(event.materialization.metadata["deferred"].value)
        stored = instance.get_run_by_id(result.run_id)
        assert stored is not None and stored.tags[DEFERRED] == "spotify"
        assert_frame_equal(workspace.lake.read(datasets.SPOTIFY_LIBRARY), known)
        (alert,) = workspace.state.rows("SELECT message FROM alerts")
        assert "spotify_library is not up to date" in alert["message"]
        sandbox.fail()
        clock.skew += 86_500
        assert run(workspace, instance, library.spotify_library).success
        assert workspace.state.rows("SELECT * FROM alerts") == []


def test_D13_a_source_that_yields_next_to_nothing_raises_an_alert(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = spotify._row
    with dg.instance_for_test() as instance:
        monkeypatch.setattr(spotify, "_row", lambda row: read(row) if row and "track" in row else None)  # liked alone
        assert run(workspace, instance, library.spotify_library).success
        (alert,) = workspace.state.rows("SELECT name, message FROM alerts")
        assert alert["name"] == library.YIELD and "only 0 of" in alert["message"]


def test_D10_a_listener_without_scrobbles_is_no_error(scripted: Callable[..., LastFm]) -> None:
    client = scripted((200, page()))
    assert client.first_scrobble() is None and client.newest_scrobble() is None
    assert client.scrobbles(NOW - WEEK, NOW).is_empty()


def test_deferred_scrobbles_keep_known_months_and_leave_no_hole(sandbox: Any, workspace: Workspace, clock: Any) -> None:
    scrobbles = scrobbles_asset(FIRST)
    span: dict[str, Any] = {RANGE_START: "2025-05", RANGE_END: "2025-06"}
    with dg.instance_for_test() as instance:
        sandbox.fail(rate=1, kinds=["429_day"], path="/lastfm")
        assert not run(workspace, instance, scrobbles, **span).success  # nothing to go on with
        sandbox.fail()
        clock.skew += 86_500
        assert run(workspace, instance, scrobbles, **span).success
        written_at(workspace, "2025-06", datetime(2025, 6, 25, tzinfo=UTC))
        known = workspace.lake.read(datasets.SCROBBLES)
        sandbox.fail(rate=1, kinds=["429_day"], path="/lastfm")
        result = run(workspace, instance, scrobbles, **span)
        assert result.success
        assert_frame_equal(workspace.lake.read(datasets.SCROBBLES), known)
        assert "deferred until" in str(
            result.get_asset_materialization_events()[0].materialization.metadata["deferred"].value
        )


def test_an_option_of_the_run_reads_finished_months_again(sandbox: Any, workspace: Workspace) -> None:
    scrobbles = scrobbles_asset(FIRST)
    span: dict[str, Any] = {RANGE_START: "2025-03", RANGE_END: "2025-04"}
    again = dg.RunConfig(ops={"scrobbles": ScrobblesOptions(read_again=True)})
    with dg.instance_for_test() as instance:
        assert run(workspace, instance, scrobbles, **span).success
        before = sandbox.calls("lastfm")
        assert run(workspace, instance, scrobbles, **span).success and sandbox.calls("lastfm") == before
        assert run(workspace, instance, scrobbles, **span, config=again).success
        assert sandbox.calls("lastfm") >= before + 2


def tick(workspace: Workspace, instance: dg.DagsterInstance) -> Any:
    made = {name: resource for name, resource in resources(workspace).items() if name in ("workspace", "lastfm")}
    with dg.build_sensor_context(instance=instance, resources=made) as context:
        return scrobble_tick(context)


def test_the_tick_is_one_call_and_no_news_no_run(sandbox: Any, workspace: Workspace) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        before = sandbox.calls()
        assert "never read" in str(tick(workspace, instance).skip_message) and sandbox.calls() == before
        read_all(workspace)
        before = sandbox.calls()
        assert "no news" in str(tick(workspace, instance).skip_message)
        assert sandbox.calls() - before == 1


def test_news_start_a_run_of_the_months_that_changed(sandbox: Any, workspace: Workspace) -> None:
    read_all(workspace, last="2025-04")
    with dg.DagsterInstance.ephemeral() as instance:
        request = tick(workspace, instance)
        assert request.tags == {RANGE_START: "2025-04", RANGE_END: "2025-06"}
        instance.add_run(dg.DagsterRun(job_name="fill_history", run_id="0" * 8, status=dg.DagsterRunStatus.STARTED))
        assert "under way" in str(tick(workspace, instance).skip_message)


@pytest.mark.parametrize("kind", ["500", "429_day", "malformed", "reset"])
def test_the_tick_sits_out_an_outage(sandbox: Any, workspace: Workspace, kind: str) -> None:
    read_all(workspace, last=FIRST)
    sandbox.fail(rate=1, kinds=[kind])
    with dg.DagsterInstance.ephemeral() as instance:
        assert "cannot ask now" in str(tick(workspace, instance).skip_message)
