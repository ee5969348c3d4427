"""Looking: the mix, and the listening behind it."""

from __future__ import annotations

from typing import Any

import click

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.interfaces.cli.console import console, plain, print_json, table
from spotify_ai_pipeline.interfaces.views import mix_view
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

json_option = click.option("--json", "as_json", is_flag=True, help="Print as JSON, for scripts.")


@click.command()
@json_option
def mix(as_json: bool) -> None:
    """Show the AI Mix as last decided, with the slot, score parts and reason of each song."""
    workspace = Workspace.open()
    if as_json:
        print_json(mix_view.mix_as_data(workspace))
    else:
        mix_view.mix_table(workspace)


@click.command()
@json_option
def stats(as_json: bool) -> None:
    """Show your listening in figures: how much, which artists and songs lately, at which hours."""
    workspace = Workspace.open()
    found = listening(workspace)
    if as_json:
        print_json(found)
        return
    counts = found["counts"]
    console.print(
        f"[bold]{counts['listens']:,}[/] listens of {counts['songs_heard']:,} songs, {found['first']} to {found['last']}; "
        f"{counts['library']:,} songs in the library; {percent(found['resolved_share'])} of listens have a Spotify id"
    )
    hours = found["listens_by_hour"]
    console.print(f"by hour ({workspace.settings.listener.timezone}), 0 to 23: {spark(hours)}")
    console.print(f"by year: {', '.join(f'{year} {count:,}' for year, count in found['listens_by_year'].items())}")
    for title, rows in (
        ("artists of the last 30 days", found["artists_lately"]),
        ("songs of the last 30 days", found["songs_lately"]),
    ):
        shown = table("plays", title, right=("plays",))
        for row in rows:
            shown.add_row(str(row["plays"]), plain(row["name"]))
        console.print(shown)
    coverage = ", ".join(f"{name} {percent(share)}" for name, share in found["library_coverage"].items())
    console.print(f"of the library: {coverage}; stale now: {counts['stale']:,} songs")


def listening(workspace: Workspace) -> dict[str, Any]:
    """The figures that `stats` shows."""
    for dataset in NEEDED:
        workspace.lake.read(dataset)  # a clear error before the first run is through
    with duckdb_views.connect(workspace.lake, workspace.state) as connection:

        def rows(query: str) -> list[dict[str, Any]]:
            return connection.sql(query).pl().to_dicts()

        connection.execute("CREATE TEMP VIEW heard AS SELECT * FROM listens WHERE counts")
        connection.execute(f"SET TimeZone = '{workspace.settings.listener.timezone}'")
        now = f"TIMESTAMPTZ '{clock.utc_now():%Y-%m-%d %H:%M:%S+00}'"
        lately = f"FROM heard JOIN songs USING (song_id) WHERE played_at > {now} - INTERVAL 30 DAY"
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


def spark(values: list[int]) -> str:
    """Values as a row of small bars."""
    top = max([*values, 1])
    return "".join(SPARKS[round(value / top * (len(SPARKS) - 1))] for value in values)


def percent(share: float | None) -> str:
    """A share in words; None is unknown, not zero."""
    return "unknown" if share is None else f"{share:.0%}"
