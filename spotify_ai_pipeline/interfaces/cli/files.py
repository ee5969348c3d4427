"""Files that a person names."""

from __future__ import annotations

from pathlib import Path

import click
import polars as pl

from spotify_ai_pipeline.errors import UserError

history_option = click.option(
    "--history",
    type=click.Path(path_type=Path),
    required=True,
    help="Parquet file of plays: ts or uts (UTC seconds), artist, track[, ms_played].",
)


def read_parquet(file: Path) -> pl.DataFrame:
    """The table in ``file``; raises ``UserError`` where there is none."""
    try:
        return pl.read_parquet(file)
    except FileNotFoundError:
        raise UserError(f"{file}: there is no such file") from None
    except (pl.exceptions.PolarsError, OSError) as error:
        raise UserError(f"{file}: cannot be read as Parquet ({str(error).splitlines()[0]})") from None
