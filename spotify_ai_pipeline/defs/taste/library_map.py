"""The map of the library: songs that sound alike lie near each other."""

import base64
from datetime import datetime

import dagster as dg
import polars as pl

from spotify_ai_pipeline.defs.groups import TASTE
from spotify_ai_pipeline.defs.io_manager import WithBlobs
from spotify_ai_pipeline.defs.registered_asset import Derived, registered_asset
from spotify_ai_pipeline.defs.resources import WorkspaceResource
from spotify_ai_pipeline.defs.taste.map import page, picture
from spotify_ai_pipeline.storage import datasets

LIGHT_PNG, DARK_PNG, PAGE = "map-light.png", "map-dark.png", "map.html"


def _day(workspace: WorkspaceResource) -> object:
    """Songs fade on the map by the days since their last play: once a day is enough."""
    today = datetime.fromtimestamp(workspace.now(), workspace.settings.listener.zone).date()
    return today, workspace.settings.listener.name


@registered_asset(derived=Derived(_day, aside=["listening_stats"]), group_name=TASTE, kinds={"matplotlib", "html"})
def library_map(
    context: dg.AssetExecutionContext,
    workspace: WorkspaceResource,
    clusters: pl.DataFrame,
    cluster_names: pl.DataFrame,
    songs: pl.DataFrame,
    audio_features: pl.DataFrame,
    listening_stats: pl.DataFrame,
) -> dg.MaterializeResult:
    """A picture of the library in light and dark, and a page with every song to hover, search and listen to; both are kept
    beside the table of what is on them. `spotify-ai map` opens the page."""
    on_it = (
        clusters.select("song_id", "cluster_id", "parent_cluster_id", "x", "y")
        .join(songs.select("song_id", "track_id", "title", "artist"), on="song_id", maintain_order="left")
        .join(
            audio_features.select("song_id", "energy").unique("song_id"),
            on="song_id",
            how="left",
            maintain_order="left",
        )
        .join(listening_stats.select("song_id", "days_quiet"), on="song_id", how="left", maintain_order="left")
    )
    title = f"The library of {workspace.settings.listener.name}"
    names = dict(cluster_names.select("cluster_id", "name").iter_rows())
    blobs = {
        LIGHT_PNG: picture.draw(on_it, names, title, picture.LIGHT),
        DARK_PNG: picture.draw(on_it, names, title, picture.DARK),
        PAGE: page.render(on_it, cluster_names, title).encode(),
    }
    small = base64.b64encode(picture.preview(on_it, names, title, picture.DARK)).decode()
    return dg.MaterializeResult(
        value=WithBlobs(on_it, blobs),
        metadata={
            "map": dg.MetadataValue.md(f"![{title}](data:image/jpeg;base64,{small})"),
            "page": "spotify-ai map writes it where you say and opens it",
            "kept in": str(workspace.lake.folder(datasets.LIBRARY_MAP)),
            "songs": on_it.height,
        },
    )
