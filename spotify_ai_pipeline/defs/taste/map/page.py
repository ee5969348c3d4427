"""The map as one page of HTML that opens from a file: data, style and script inside, nothing from the network."""

from __future__ import annotations

import json
from html import escape
from importlib.resources import files

import polars as pl

from spotify_ai_pipeline.defs.taste.map.picture import colours, on_paper

NO_TRACK = ""


def render(songs: pl.DataFrame, names: pl.DataFrame, title: str) -> str:
    """The page for ``songs`` (title, artist, track_id, x, y, cluster_id, parent_cluster_id, energy, days_quiet; null where
    unknown) and ``names`` (cluster_id, name, description)."""
    songs = songs.with_columns(**on_paper(songs))
    clusters = songs["cluster_id"].unique().sort().to_list()
    place = {cluster: index for index, cluster in enumerate(clusters)}
    family = dict(songs.select("cluster_id", "parent_cluster_id").iter_rows())
    called = {row["cluster_id"]: row for row in names.iter_rows(named=True)}
    shade = colours(songs)
    data = {
        "clusters": [
            {
                "name": called[cluster]["name"] if cluster in called else str(cluster),
                "about": called[cluster]["description"] if cluster in called else "",
                "family": called[family[cluster]]["name"] if family[cluster] in called else "",
                "colour": shade[family[cluster]],
            }
            for cluster in clusters
        ],
        "title": songs["title"].fill_null("").to_list(),
        "artist": songs["artist"].fill_null("").to_list(),
        "track": songs["track_id"].fill_null(NO_TRACK).to_list(),
        "x": songs["x"].cast(pl.Float64).round(3).to_list(),
        "y": songs["y"].cast(pl.Float64).round(3).to_list(),
        "cluster": [place[cluster] for cluster in songs["cluster_id"].to_list()],
        "energy": songs["energy"].cast(pl.Float64).round(2).to_list(),
        "quiet": songs["days_quiet"].cast(pl.Float64).round(0).to_list(),
    }
    template = files("spotify_ai_pipeline.defs.taste.map").joinpath("page.html").read_text(encoding="utf-8")
    return template.replace("{{title}}", escape(title)).replace("{{data}}", _for_script(data))


def _for_script(data: object) -> str:
    """JSON that cannot end the script element it stands in, whatever a song is called."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return (
        text.replace("<", "\\u003c")
        .replace(">", "\\u003e")
        .replace("&", "\\u0026")
        .replace("\u2028", "\\u2028")
        .replace("\u2029", "\\u2029")
    )
