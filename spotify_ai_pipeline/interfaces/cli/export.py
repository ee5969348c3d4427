"""`spotify-ai export`: the mix and the clusters as playlists for other programs, and all of the listener's data."""

from __future__ import annotations

import csv
import io
import json
import re
import sys
import zipfile
from pathlib import Path

import click
import polars as pl

from spotify_ai_pipeline.app.playlist_files import FORMS
from spotify_ai_pipeline.app.playlist_targets import describe_songs
from spotify_ai_pipeline.errors import UserError
from spotify_ai_pipeline.interfaces.cli.console import console
from spotify_ai_pipeline.interfaces.cli.options import Group
from spotify_ai_pipeline.interfaces.views import mix_view
from spotify_ai_pipeline.interfaces.views.wording import count_of
from spotify_ai_pipeline.storage import datasets
from spotify_ai_pipeline.storage.workspace import Workspace

as_option = click.option(
    "--as", "form", type=click.Choice(list(FORMS)), default="jspf", show_default=True, help="Format."
)


@click.group(cls=Group)
def export() -> None:
    """Take your music elsewhere: the mix, the clusters, or everything that is kept about you."""


@export.command()
@as_option
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="File to write; default: standard output.")
def mix(form: str, out: Path | None) -> None:
    """Write the AI Mix as a playlist, in order.

    JSPF names songs by their MusicBrainz recordings, as ListenBrainz takes them, and by their address on Spotify where no
    recording is known. M3U8 names your own files where features.audio_folder holds them.
    """
    workspace = Workspace.open()
    listed = mix_view.read_songs(workspace)["track_id"].to_list()
    text = FORMS[form](workspace.settings.spotify.playlist_name, describe_songs(workspace)(listed))
    if out:
        out.write_text(text, encoding="utf-8")
        console.print(f"{out}: {count_of(len(listed), 'song')}")
    else:
        sys.stdout.write(text)


@export.command()
@as_option
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="Folder for one file a cluster."
)
def clusters(form: str, out: Path) -> None:
    """Write each cluster of your songs as a playlist of its own."""
    workspace = Workspace.open()
    found, describe = _clusters(workspace), describe_songs(workspace)
    out.mkdir(parents=True, exist_ok=True)
    for number, (name, songs) in enumerate(sorted(found.items()), start=1):
        stem = re.sub(r"[^\w-]+", "-", name).strip("-") or "cluster"
        (out / f"{number:02}-{stem[:60]}.{form}").write_text(FORMS[form](name, describe(songs)), encoding="utf-8")
    console.print(f"{out}: {count_of(len(found), 'playlist')}")


@export.command(name="all")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="Zip archive to write.")
def everything(out: Path) -> None:
    """Write all that is kept about you as CSV files in a zip archive: listens, answers, and what was made of them.

    It holds no token and no key. To restore data, use `spotify-ai backup`.
    """
    workspace = Workspace.open()
    if out.exists():
        raise UserError(f"{out} exists already; choose another name")
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive, console.status(f"writing {out}"):
        for dataset in workspace.lake.datasets():
            archive.writestr(f"{dataset.layer}/{dataset.name}.csv", _flat(workspace.lake.read(dataset)).write_csv())
        for (table,) in workspace.state.rows("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"):
            archive.writestr(f"state/{table}.csv", _table(workspace, table))
        archive.writestr("settings.json", json.dumps(workspace.settings.flat, indent=1, ensure_ascii=False))
        names = len(archive.namelist())
    out.chmod(0o600)
    console.print(f"{out}: {names} files, {out.stat().st_size / 1e6:,.1f} MB")


def _clusters(workspace: Workspace) -> dict[str, list[str]]:
    """The ids of the songs of each cluster by its name."""
    clusters, names = (workspace.lake.read_or_none(one) for one in (datasets.CLUSTERS, datasets.CLUSTER_NAMES))
    if clusters is None or names is None:
        raise UserError("there are no clusters yet; `spotify-ai clusters --again` makes them")
    songs = workspace.lake.read(datasets.SONGS).select("song_id", "artist", "title")
    named = clusters.join(names.filter(level="cluster").select("cluster_id", "name"), on="cluster_id")
    joined = named.select("song_id", "name").join(songs, on="song_id").sort("name", "artist", "title")
    grouped = joined.group_by("name", maintain_order=True)
    return {str(name): rows["song_id"].to_list() for (name,), rows in grouped}


def _flat(frame: pl.DataFrame) -> pl.DataFrame:
    """Nested columns as JSON text: CSV has no other way to hold them."""
    nested = [name for name, kind in frame.schema.items() if kind.is_nested()]
    return frame.with_columns(
        pl.Series(
            name,
            [json.dumps(value, default=list, ensure_ascii=False) for value in frame[name].to_list()],
            dtype=pl.String,
        )
        for name in nested
    )


def _table(workspace: Workspace, table: str) -> str:
    cursor = workspace.state.connection.execute(f'SELECT * FROM "{table}"')
    sink = io.StringIO()
    writer = csv.writer(sink)
    writer.writerow([column[0] for column in cursor.description])
    writer.writerows(tuple(row) for row in cursor)
    return sink.getvalue()
