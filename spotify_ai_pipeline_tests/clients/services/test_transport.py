"""The one way out, over real HTTP, against a server that misbehaves."""

import time
from typing import Any

import httpx2
import pytest
import requests

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.clients import transport as transport_module
from spotify_ai_pipeline.clients import wire
from spotify_ai_pipeline.clients.transport import ATTEMPTS, Deferred, Transport
from spotify_ai_pipeline.settings import Service
from spotify_ai_pipeline.storage import api_ledger
from spotify_ai_pipeline_tests.conftest import Clock

RESET, CUT = -1, -2


def ledger(transport: Transport) -> dict[str, tuple[int, int]]:
    """(calls, failures) by kind."""
    return {row["kind"]: (row["calls"], row["failures"]) for row in transport.state.rows("SELECT * FROM api_calls")}


def get(transport: Transport) -> requests.Response:
    return transport.session.get(transport.service.url + "thing", params={"q": "1"})


def test_a_good_answer_is_one_call(rude: Any, transport: Transport) -> None:
    assert get(transport).json() == {"asked": 1}
    assert ledger(transport) == {"read": (1, 0)}
    method, path, headers = rude.asked[0]
    assert (method, path) == ("GET", "/thing?q=1")
    assert headers["User-Agent"].startswith("spotify-ai/")


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_busy_service_is_asked_again_and_every_attempt_counted(rude: Any, transport: Transport, status: int) -> None:
    rude.plan = [(status, None), (status, None)]
    assert get(transport).status_code == 200
    assert ledger(transport) == {"read": (3, 2)}


def test_a_service_that_stays_busy_is_left_alone(rude: Any, transport: Transport) -> None:
    rude.plan = [(503, None)] * 10
    assert get(transport).status_code == 503
    assert len(rude.asked) == ATTEMPTS
    assert ledger(transport) == {"read": (ATTEMPTS, ATTEMPTS)}


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_a_refusal_is_no_reason_to_ask_again(rude: Any, transport: Transport, status: int) -> None:
    rude.plan = [(status, None)]
    assert get(transport).status_code == status
    assert len(rude.asked) == 1


def test_an_answer_without_end_is_not_read_to_its_end(
    rude: Any, transport: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(wire.MOST_BYTES, "lastfm", 5)
    with pytest.raises(transport_module.Unreachable, match="longer than 5 bytes"):
        get(transport)
    with pytest.raises(transport_module.Unreachable, match="longer than 5 bytes"):
        httpx2.Client(transport=transport.httpx_transport).get(transport.service.url)
    assert len(rude.asked) == 2 * ATTEMPTS


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_a_write_is_not_repeated(rude: Any, transport: Transport, method: str) -> None:
    rude.plan = [(502, None)]
    assert transport.session.request(method, transport.service.url).status_code == 502
    assert len(rude.asked) == 1
    assert ledger(transport) == {"write": (1, 1)}
    rude.plan = [(RESET, None)]
    with pytest.raises(requests.ConnectionError):
        transport.session.request(method, transport.service.url)
    assert len(rude.asked) == 2


def test_a_post_that_only_reads_is_repeated(rude: Any, service: Service, transport: Transport) -> None:
    reading = Transport("lastfm", service, transport.state, safe_posts=True)
    rude.plan = [(503, None)]
    assert reading.session.post(service.url).status_code == 200
    assert ledger(reading) == {"read": (2, 1)}


def test_a_short_pause_is_waited_out(rude: Any, transport: Transport) -> None:
    rude.plan = [(429, "1")]
    waits: list[str] = []

    def watch(service: str, what: str) -> None:
        waits.append(what)

    started = time.monotonic()
    with transport_module.observed(watch):
        assert get(transport).status_code == 200
    assert time.monotonic() - started >= 1
    assert waits == ["call", "waits 1 s", "call"]
    assert transport.state.rows("SELECT * FROM cooldowns") == []


def test_a_write_that_was_told_to_wait_was_not_done_and_is_sent_again(
    rude: Any, transport: Transport, clock: Clock
) -> None:
    rude.plan = [(429, "0")]
    assert transport.session.put(transport.service.url).status_code == 200
    assert len(rude.asked) == 2


@pytest.mark.parametrize("pause", ["61", "7200"])
def test_a_long_pause_defers_and_outlives_the_process(
    rude: Any, service: Service, transport: Transport, clock: Clock, pause: str
) -> None:
    rude.plan = [(429, pause)]
    with pytest.raises(Deferred, match="lastfm is deferred until") as caught:
        get(transport)
    assert clock.slept == []
    assert caught.value.until == pytest.approx(clock.now() + float(pause), abs=5)
    another = Transport("lastfm", service, transport.state)
    with pytest.raises(Deferred):
        get(another)
    assert len(rude.asked) == 1, "no call leaves the machine before the pause is over"
    unrelated = Transport("reccobeats", service, transport.state)
    assert get(unrelated).status_code == 200


def test_a_pause_that_is_over_is_no_pause(rude: Any, transport: Transport) -> None:
    with transport.state.transaction() as connection:
        connection.execute("INSERT INTO cooldowns VALUES ('lastfm', ?, 'past')", (clock.now() - 1,))
    assert get(transport).status_code == 200


def test_short_pauses_without_end_defer(rude: Any, transport: Transport, clock: Clock) -> None:
    rude.plan = [(429, "0")] * 10
    with pytest.raises(Deferred):
        get(transport)
    assert len(rude.asked) == ATTEMPTS


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("1", 1), ("30", 30), (" 7 ", 7), ("2.5", 2.5), ("0", 1), ("-3", 1), ("86400", 86_400), ("soon", 5), ("", 5), (None, 5),
        ("nan", 5), ("inf", 604_800), ("1e300", 604_800), ("99999999999999", 604_800), ("9" * 5_000, 604_800),
        ("Sun, 09 Sep 2001 01:46:52 GMT", 12), ("Sunday, 09-Sep-01 01:46:52 GMT", 12), ("Sun Sep  9 01:46:52 2001", 12),
        ("Fri, 31 Dec 1999 23:59:59 GMT", 1), ("Fri, 31 Dec 9999 23:59:59 GMT", 604_800), ("Fri, 99 Dec 2001 23:59:59 GMT", 5),
        ("Sun, 09 Sep 99999999999 01:46:52 GMT", 5),
    ],
)  # fmt: skip
def test_a_pause_is_read_in_each_legal_form_and_bounded(said: str | None, seconds: float) -> None:
    assert transport_module.pause_of(said, 1e9) == seconds


@pytest.mark.parametrize("said", ["99999999999999", "inf", "1e300"])
def test_a_pause_without_end_ends_after_a_week(rude: Any, transport: Transport, clock: Clock, said: str) -> None:
    rude.plan = [(429, said)]
    with pytest.raises(Deferred, match="deferred until 20"):
        get(transport)
    assert api_ledger.pauses(transport.state, clock.now())["lastfm"].until <= clock.now() + 7 * 86_400
    clock.skew += 7 * 86_400 + 1
    assert get(transport).status_code == 200


@pytest.mark.parametrize("until", [1e300, float("inf"), 99_999_999_999_999.0, 9e9])
def test_an_odd_row_of_the_table_is_no_pause(transport: Transport, until: float) -> None:
    with transport.state.transaction() as connection:
        connection.execute("INSERT INTO cooldowns VALUES ('lastfm', ?, 'odd')", (until,))
    assert api_ledger.pauses(transport.state, clock.now()) == {}
    assert get(transport).status_code == 200
    assert api_ledger.clear_pauses(transport.state) == ["lastfm"]


def test_a_pause_of_one_bucket_stops_nothing_else(rude: Any, service: Service, transport: Transport) -> None:
    parts = Transport("spotify", service, transport.state, bucket_of=lambda method, path: path.split("?")[0])
    rude.plan = [(429, "86400")]
    with pytest.raises(Deferred, match=r"spotify \(thing\) is deferred until"):
        get(parts)
    with pytest.raises(Deferred):
        get(parts)
    assert parts.session.get(service.url + "other").status_code == 200
    assert parts.session.put(service.url + "other").status_code == 200
    assert len(rude.asked) == 3
    calls = {(row.service, row.kind): row.calls for row in api_ledger.usage(parts.state, clock.now())}
    assert calls == {
        ("spotify", "read"): 2, ("spotify/thing", "read"): 1, ("spotify/other", "read"): 1,
        ("spotify", "write"): 1, ("spotify/other", "write"): 1,
    }  # fmt: skip
    assert list(api_ledger.pauses(parts.state, clock.now())) == ["spotify/thing"]
    assert api_ledger.clear_pauses(parts.state) == ["spotify/thing"]
    assert get(parts).status_code == 200


def test_a_missing_pause_is_a_short_one(rude: Any, transport: Transport, monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    monkeypatch.setattr(Transport, "_wait", lambda self, seconds: waited.append(seconds))
    rude.plan = [(429, "soon"), (429, None)]
    assert get(transport).status_code == 200
    assert waited == [5.0, 5.0]


def test_the_days_budget_is_kept_by_all_processes(rude: Any, service: Service, transport: Transport) -> None:
    small = service.model_copy(update={"calls_per_day": 3})
    first, second = (Transport("lastfm", small, transport.state) for _ in range(2))
    get(first)
    get(second)
    rude.plan = [(503, None)]
    with pytest.raises(Deferred, match="budget of 3 read calls is used up") as caught:
        get(first)
    assert len(rude.asked) == 3, "an attempt that failed is an attempt too"
    assert caught.value.until % 86_400 == 0
    assert second.session.put(small.url).status_code == 200, "writes have a budget of their own"
    with pytest.raises(Deferred):
        get(second)


@pytest.mark.parametrize("trouble", [RESET, CUT])
def test_a_broken_connection_is_tried_again(rude: Any, transport: Transport, trouble: int) -> None:
    rude.plan = [(trouble, None)]
    assert get(transport).json() == {"asked": 2}
    assert ledger(transport) == {"read": (2, 1)}


def test_a_service_that_is_not_there_is_an_error_of_the_connection(service: Service, transport: Transport) -> None:
    gone = Transport("lastfm", service.model_copy(update={"url": "http://127.0.0.1:9/"}), transport.state)
    with pytest.raises(requests.ConnectionError):
        gone.session.get(gone.service.url)
    assert ledger(gone) == {"read": (ATTEMPTS, ATTEMPTS)}


def test_calls_keep_their_distance(service: Service, transport: Transport) -> None:
    slow = Transport("lastfm", service.model_copy(update={"calls_per_second": 10}), transport.state)
    started = time.monotonic()
    for _ in range(4):
        get(slow)
    assert time.monotonic() - started >= 0.29


def test_an_httpx_client_is_sent_to_the_service_whatever_it_asks_for(rude: Any, transport: Transport) -> None:
    rude.plan = [(503, None), (RESET, None)]
    with httpx2.Client(transport=transport.httpx_transport) as client:
        answer = client.post("https://ws.audioscrobbler.com/2.0/?format=xml", content=b"method=x")
    assert answer.status_code == 503, "a write is not repeated"
    with httpx2.Client(transport=transport.httpx_transport) as client:
        assert client.get("https://ws.audioscrobbler.com/2.0/?page=2").json() == {"asked": 3}
    method, path, headers = rude.asked[-1]
    assert (method, path) == ("GET", "/?page=2")
    assert headers["Host"] == httpx2.URL(rude.url).netloc.decode()
    assert ledger(transport) == {"write": (1, 1), "read": (2, 1)}
