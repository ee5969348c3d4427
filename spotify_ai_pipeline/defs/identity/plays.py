"""Plays of all sources in one table."""

from collections import Counter
from collections.abc import Iterator

import polars as pl

from spotify_ai_pipeline.defs.groups import IDENTITY
from spotify_ai_pipeline.defs.io_manager import Pieces
from spotify_ai_pipeline.defs.registered_asset import Derived, registered_asset
from spotify_ai_pipeline.defs.resources import WorkspaceResource
from spotify_ai_pipeline.music.plays.records import LASTFM, gather, spans


@registered_asset(derived=Derived(), group_name=IDENTITY, kinds={"polars", "parquet"})
def plays(
    workspace: WorkspaceResource,
    scrobbles: pl.LazyFrame,
    listenbrainz_listens: pl.LazyFrame,
    recent_plays: pl.LazyFrame,
    history_imports: pl.LazyFrame,
) -> Pieces:
    """All that the sources tell of plays, in one table: one row a play and source, as it was spelled there."""
    told = [scrobbles.with_columns(source=pl.lit(LASTFM.name)), listenbrainz_listens, recent_plays, history_imports]
    by_source = Counter[str]()

    def in_time() -> Iterator[pl.DataFrame]:
        for span in spans(pl.concat([table.select("played_at") for table in told]).collect()["played_at"]):
            table = gather([source.filter(span).collect() for source in told])
            by_source.update(dict(table.group_by("source").len().iter_rows()))
            yield table

    return Pieces(in_time(), by_source)
