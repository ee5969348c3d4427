"""ListenBrainz, ReccoBeats, and the page about the sandbox itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest
import requests

USER = "otterling"


@pytest.fixture(scope="module")
def catalogue(made: Path) -> pl.DataFrame:
    return pl.read_parquet(made / "catalogue.parquet")


@pytest.fixture(scope="module")
def get(base: str) -> Any:
    return lambda path, **query: requests.get(f"{base}{path}", params=query, timeout=120)


def test_listens_walk_back_to_the_first(get: Any, made: Path) -> None:
    plays = pl.read_parquet(made / "plays.parquet").filter(pl.col("ms_played") >= 30_000)
    seen: list[int] = []
    query: dict[str, int] = {}
    while listens := get(f"/listenbrainz/1/user/{USER}/listens", count=1000, **query).json()["payload"]["listens"]:
        seen += [row["listened_at"] for row in listens]
        query = {"max_ts": seen[-1]}
    assert seen == sorted(seen, reverse=True)
    # Listens in the second at the border of two pages are lost, as on the real service: both bounds are exclusive.
    assert len(plays) - 6 <= len(seen) <= len(plays)
    assert set(seen) == set(plays["started"].to_list())


def test_listens_bounds(get: Any) -> None:
    url = f"/listenbrainz/1/user/{USER}/listens"
    assert get(url).json()["payload"]["count"] == 25
    newest = [row["listened_at"] for row in get(url, count=10).json()["payload"]["listens"]]
    inside = get(url, min_ts=newest[-1], max_ts=newest[0]).json()["payload"]["listens"]
    assert all(newest[-1] < row["listened_at"] < newest[0] for row in inside)
    forward = get(url, min_ts=newest[-1], count=2).json()["payload"]["listens"]
    assert sorted(row["listened_at"] for row in forward)[0] == min(at for at in newest if at > newest[-1])
    assert get(url, min_ts=5, max_ts=4).status_code == 400
    assert get("/listenbrainz/1/user/nobody/listens").status_code == 404
    answer = get(f"/listenbrainz/1/user/{USER}/listen-count")
    assert answer.json()["payload"]["count"] == 3000
    assert int(answer.headers["X-RateLimit-Remaining"]) > 0 and "X-RateLimit-Reset-In" in answer.headers


def test_recording_metadata(base: str, catalogue: pl.DataFrame) -> None:
    url = f"{base}/listenbrainz/1/metadata/recording/"
    mbids = catalogue["mbid"].drop_nulls().unique(maintain_order=True).head(50).to_list()
    unknown = "00000000-0000-4000-8000-000000000000"
    body = {"recording_mbids": [*mbids, unknown], "inc": "artist tag release"}
    found = requests.post(url, json=body, timeout=120).json()
    assert set(found) == set(mbids)
    refused = requests.post(url, json={"recording_mbids": [*mbids, "None"]}, timeout=120)
    assert (refused.status_code, refused.json()["error"]) == (400, "Recording mbid None is not valid.")
    tags = found[mbids[0]]["tag"]
    assert tags["artist"][0].keys() >= {"tag", "count", "artist_mbid"} and "recording" in tags
    assert set(found[mbids[0]]) == {"recording", "artist", "tag", "release"}
    assert requests.post(url, json={"recording_mbids": mbids * 30}, timeout=120).status_code == 400
    assert requests.post(url, json={"recording_mbids": mbids, "inc": "moon"}, timeout=120).status_code == 400
    assert requests.post(url, data="{", timeout=120).status_code == 400


def test_recommended_recordings_are_unheard(get: Any, catalogue: pl.DataFrame, made: Path) -> None:
    url = f"/listenbrainz/1/cf/recommendation/user/{USER}/recording"
    payload = get(url, count=10).json()["payload"]
    mbids = [row["recording_mbid"] for row in payload["mbids"]]
    assert len(mbids) == payload["count"] <= payload["total_mbid_count"]
    heard = pl.read_parquet(made / "plays.parquet").filter(pl.col("ms_played") >= 30_000)["track_id"]
    unheard = catalogue.filter(pl.col("mbid").is_in(mbids)).filter(~pl.col("id").is_in(heard.unique().to_list()))
    assert set(unheard["mbid"].to_list()) == set(mbids)


def test_audio_features(get: Any, catalogue: pl.DataFrame) -> None:
    url = "/reccobeats/v1/audio-features"
    rows = catalogue.head(40)
    content = get(url, ids=",".join(rows["id"].to_list())).json()["content"]
    known = rows.filter(pl.col("reccobeats_id").is_not_null())
    assert {row["href"].rsplit("/", 1)[1] for row in content} == set(known["id"].to_list())
    assert len(known) < 40 and all(0 <= row["energy"] <= 1 and "time_signature" not in row for row in content)
    twins = catalogue.filter(pl.col("reccobeats_id").is_not_null() & (pl.len().over("isrc") > 1))
    isrc = twins.group_by("isrc").len().filter(pl.col("len") > 1)["isrc"].sort()[0]
    assert len(get(url, ids=isrc).json()["content"]) == 2
    assert get(url, ids=known["reccobeats_id"][0]).json()["content"][0]["isrc"] == known["isrc"][0]
    assert get(url, ids="unknown").json() == {"content": []}
    assert get(url, ids=",".join(catalogue["id"].head(41).to_list())).status_code == 400


def test_track_recommendation(get: Any, catalogue: pl.DataFrame) -> None:
    url = "/reccobeats/v1/track/recommendation"
    seeds = catalogue.filter(pl.col("reccobeats_id").is_not_null())["id"].head(3).to_list()
    content = get(url, seeds=",".join(seeds), size=10).json()["content"]
    ids = [row["href"].rsplit("/", 1)[1] for row in content]
    assert len(set(ids)) == 10 and not set(ids) & set(seeds)
    assert get(url, seeds=",".join(seeds)).status_code == 400
    assert get(url, seeds="unknown", size=5).status_code == 404


def test_about(get: Any) -> None:
    before = get("/sandbox").json()
    get("/reccobeats/v1/audio-features", ids="x")
    after = get("/sandbox").json()
    assert after["listener"]["lastfm_user"] == USER and Path(after["world"]).is_dir()
    assert after["calls"]["reccobeats"] == before["calls"]["reccobeats"] + 1
