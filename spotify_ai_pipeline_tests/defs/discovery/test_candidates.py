"""Candidates keep the Spotify ids that were found before, whatever a service says today."""

from datetime import UTC, datetime, timedelta
from typing import Any, cast

import polars as pl

from spotify_ai_pipeline.clients.listenbrainz_labs import LabsError
from spotify_ai_pipeline.defs.discovery.candidates import ASK_AGAIN_AFTER, LINKS, _linked

NOW = datetime(2026, 5, 1, tzinfo=UTC)


class Silent:
    """Labs and Spotify's search at once, both out of order."""

    def by_recording(self, mbids):
        return {}

    def by_name(self, names):
        raise LabsError("ListenBrainz labs gave no answer")

    def client(self):
        raise LabsError("no search either")


def test_an_outage_keeps_every_id_and_every_time_that_was_known():
    songs = pl.DataFrame(
        [("a", "Ada", "Ash", None, "own"), ("b", "Ada", "Birch", None, None), ("c", "Ada", "Cedar", None, None)],
        schema=["song_id", "artist", "title", "mbid", "track_id"],
        schema_overrides={"mbid": pl.String},
        orient="row",
    )
    before = NOW - timedelta(days=1)
    long_ago = NOW - ASK_AGAIN_AFTER - timedelta(days=1)
    known = pl.DataFrame(
        [("b", "found", "labs", before, None), ("c", None, None, long_ago, long_ago)], schema=LINKS, orient="row"
    )
    silent = cast(Any, Silent())
    linked, trouble = _linked(songs, known, silent, silent, 10, NOW)
    assert linked.select("song_id", "track_id", "link").rows() == [
        ("a", "own", "source"), ("b", "found", "labs"), ("c", None, None),
    ]  # fmt: skip
    assert linked["labs_asked_at"].to_list() == [None, before, long_ago]
    assert str(trouble) == "ListenBrainz labs gave no answer"
