"""`spotify-ai export`: the mix and the clusters as playlists for other programs, and all of the listener's data."""

from __future__ import annotations

import csv
import io
import json
import re
import sys
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import click
import polars as pl

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.errors import UserError
from spotify_ai_pipeline.interfaces.cli.console import console
from spotify_ai_pipeline.storage import datasets
from spotify_ai_pipeline.storage.workspace import Workspace

Songs = pl.DataFrame
"""Columns artist, title and track_id (null where a song has no Spotify id), in order."""

as_option = click.option(
    "--as", "form", type=click.Choice(["jspf", "m3u", "csv"]), default="jspf", show_default=True, help="Format."
)


@click.group()
def export() -> None:
    """Take your music elsewhere: the mix, the clusters, or everything that is kept about you."""


@export.command()
@as_option
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="File to write; default: standard output.")
def mix(form: str, out: Path | None) -> None:
    """Write the AI Mix as a playlist, in order."""
    workspace = Workspace.open()
    listed = workspace.lake.read(datasets.MIX).drop_nulls("rank").sort("rank")
    text = FORMS[form](workspace.settings.spotify.playlist_name, listed)
    if out:
        out.write_text(text, encoding="utf-8")
        console.print(f"{out}: {listed.height} songs")
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
    found = _clusters(workspace)
    out.mkdir(parents=True, exist_ok=True)
    for number, (name, songs) in enumerate(sorted(found.items()), start=1):
        stem = re.sub(r"[^\w-]+", "-", name).strip("-") or "cluster"
        (out / f"{number:02}-{stem[:60]}.{form}").write_text(FORMS[form](name, songs), encoding="utf-8")
    console.print(f"{out}: {len(found)} playlists")


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


def _jspf(title: str, songs: Songs) -> str:
    """JSPF, the JSON form of XSPF version 1, as ListenBrainz and others read it."""
    tracks = [
        {"title": row["title"], "creator": row["artist"]}
        | ({"identifier": [_link(row["track_id"])]} if row["track_id"] else {})
        for row in songs.iter_rows(named=True)
    ]
    made = f"{clock.utc_now():%Y-%m-%dT%H:%M:%SZ}"
    return (
        json.dumps({"playlist": {"title": title, "date": made, "track": tracks}}, indent=1, ensure_ascii=False) + "\n"
    )


def _m3u(title: str, songs: Songs) -> str:
    """Extended M3U in UTF-8; songs without an address are left as comments."""
    lines = ["#EXTM3U", f"#PLAYLIST:{_one_line(title)}"]
    for row in songs.iter_rows(named=True):
        lines.append(f"#EXTINF:-1,{_one_line(row['artist'])} - {_one_line(row['title'])}")
        lines.append(_link(row["track_id"]) if row["track_id"] else "# not on Spotify")
    return "\n".join(lines) + "\n"


def _csv(_: str, songs: Songs) -> str:
    wanted = [
        name for name in ("rank", "slot", "artist", "title", "track_id", "score", "reason") if name in songs.columns
    ]
    return songs.select(wanted).write_csv()


FORMS: Mapping[str, Callable[[str, Songs], str]] = {"jspf": _jspf, "m3u": _m3u, "csv": _csv}


def _clusters(workspace: Workspace) -> dict[str, Songs]:
    """Songs of each cluster by its name."""
    clusters, names = (workspace.lake.read_or_none(one) for one in (datasets.CLUSTERS, datasets.CLUSTER_NAMES))
    if clusters is None or names is None:
        raise UserError("there are no clusters yet; `spotify-ai clusters --again` makes them")
    songs = workspace.lake.read(datasets.SONGS).select("song_id", "artist", "title", "track_id")
    named = clusters.join(names.filter(level="cluster").select("cluster_id", "name"), on="cluster_id")
    joined = named.select("song_id", "name").join(songs, on="song_id").sort("name", "artist", "title")
    return {str(name): rows for (name,), rows in joined.group_by("name", maintain_order=True)}


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


def _link(track_id: str) -> str:
    return f"https://open.spotify.com/track/{track_id}"


def _one_line(text: str) -> str:
    return " ".join(text.split())
