"""The listener's plays in figures: how many, of what, when, and how much is known of the songs."""

from __future__ import annotations

from typing import Any

from spotify_ai_pipeline.storage import datasets, duckdb_views
from spotify_ai_pipeline.storage.workspace import Workspace

NEEDED = (
    datasets.SONGS,
    datasets.LISTENS,
    datasets.LISTENING_STATS,
    datasets.AUDIO_FEATURES,
    datasets.TAGS,
)

SPARKS = " ▁▂▃▄▅▆▇█"


def summarize_listening(workspace: Workspace) -> dict[str, Any]:
    """The figures of `spotify-ai stats`. The first run must be through."""
    for dataset in NEEDED:
        workspace.lake.read(dataset)  # raises a clear error where the dataset was never made
    with duckdb_views.connect(workspace.lake, workspace.state) as connection:

        def rows(query: str) -> list[dict[str, Any]]:
            return connection.sql(query).pl().to_dicts()

        connection.execute("CREATE TEMP VIEW heard AS SELECT * FROM listens WHERE counts")
        connection.execute(f"SET TimeZone = '{workspace.settings.listener.timezone}'")
        lately = "FROM heard JOIN songs USING (song_id) WHERE played_at > now() - INTERVAL 30 DAY"
        hours = {
            row["hour"]: row["plays"]
            for row in rows("SELECT hour(played_at) AS hour, count(*) AS plays FROM heard GROUP BY 1")
        }
        (counts,) = rows(
            "SELECT (SELECT count(*) FROM heard) AS listens, (SELECT count(DISTINCT song_id) FROM heard) AS songs_heard,"
            " (SELECT count(*) FROM songs WHERE in_library) AS library,"
            " (SELECT count(*) FROM listening_stats WHERE staleness > 0) AS stale"
        )
        (span,) = rows(
            "SELECT min(played_at)::DATE::VARCHAR AS first, max(played_at)::DATE::VARCHAR AS last FROM heard"
        )
        (share,) = rows("SELECT avg((track_id IS NOT NULL)::INT) AS resolved FROM heard JOIN songs USING (song_id)")
        (coverage,) = rows(
            "SELECT avg((a.source IS NOT NULL)::INT) AS audio, avg((len(t.tags) > 0)::INT) AS tags FROM songs s"
            " LEFT JOIN audio_features a USING (song_id) LEFT JOIN tags t USING (song_id) WHERE s.in_library"
        )
        return {
            "counts": counts,
            **span,
            "resolved_share": share["resolved"],
            "listens_by_hour": [hours.get(hour, 0) for hour in range(24)],
            "listens_by_year": {
                row["year"]: row["plays"]
                for row in rows("SELECT year(played_at) AS year, count(*) AS plays FROM heard GROUP BY 1 ORDER BY 1")
            },
            "artists_lately": rows(
                f"SELECT artist AS name, count(*) AS plays {lately} GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 8"
            ),
            "songs_lately": rows(
                f"SELECT artist || ' — ' || title AS name, count(*) AS plays {lately}"
                " GROUP BY song_id, 1 ORDER BY 2 DESC, 1 LIMIT 8"
            ),
            "library_coverage": {"with audio features": coverage["audio"], "with tags": coverage["tags"]},
        }


def draw_spark(values: list[int]) -> str:
    """Values as a row of small bars."""
    top = max([*values, 1])
    return "".join(SPARKS[round(value / top * (len(SPARKS) - 1))] for value in values)


def format_percent(share: float | None) -> str:
    """A share in words; None is unknown, not zero."""
    return "unknown" if share is None else f"{share:.0%}"
