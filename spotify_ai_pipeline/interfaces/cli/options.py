"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path

import click

json_option = click.option("--json", "as_json", is_flag=True, help="Print as JSON, for scripts.")

history_option = click.option(
    "--history",
    type=click.Path(path_type=Path),
    required=True,
    help="Parquet file of plays: ts or uts (UTC seconds), artist, track[, ms_played].",
)
