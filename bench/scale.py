"""Time and peak memory of every asset for a library of any size: `python bench/scale.py [--songs N] [--listens N]`.

A made-up listener's library and scrobbles are written into a lake as ingest leaves them, and what providers of features
would have said once `songs` is there; they, labs and the sources of discovery are switched off. Then every asset that
speaks to no service is made through Dagster, each in a process of its own, whose peak RSS is the figure. `--only ASSET`
makes one asset anew in a folder that an earlier run left (`--folder`), or the first time in a new one.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import resource
import socket
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

import numpy as np
import polars as pl
import requests
import yaml

from spotify_ai_pipeline.clients import spotify_auth
from spotify_ai_pipeline.interfaces.cli import login, sandbox
from spotify_ai_pipeline.interfaces.cli.demo import PREFIXES, UNHURRIED
from spotify_ai_pipeline.storage import datasets
from spotify_ai_pipeline.storage.lake import Dataset
from spotify_ai_pipeline.storage.workspace import Workspace

YEARS, DAY = 12, 86_400
BY_SERVICES = {
    "applied_verdicts", "spotify_library", "scrobbles", "listenbrainz_listens", "recent_plays", "spotify_playlist",
    "adventure_playlist", "playlist_snapshots", "trials_on_lists",
}  # fmt: skip
"""Assets whose time is that of the services and that do not grow with the library, but with what is new."""
SYLLABLES = ("ka lo mi ren tor va sel du pin gar he os li mar to ne bru shi an wel").split()  # noqa: SIM905
say = print
OFF = {
    "listener": {"name": "scale", "timezone": "UTC"},
    "features": {"audio_providers": [], "tag_providers": []},
    "identity": {"labs_songs_per_run": 0, "searches_per_run": 0},
    "discovery": {"calls_per_source": 0, "searches_per_run": 0},
}


def words(rng: np.random.Generator, count: int) -> np.ndarray:
    parts = rng.choice(SYLLABLES, (count * 2, 3))
    lengths = rng.integers(2, 4, count * 2)
    made = {"".join(row[:length]) for row, length in zip(parts, lengths, strict=True)}
    return np.array(sorted(made))[rng.permutation(len(made))][:count]


def names(rng: np.random.Generator, vocabulary: np.ndarray, count: int, least: int, most: int) -> list[str]:
    chosen, lengths = rng.choice(vocabulary, (count, most)), rng.integers(least, most + 1, count)
    return [" ".join(row[:length]).title() for row, length in zip(chosen, lengths, strict=True)]


def _cast(frame: pl.DataFrame, dataset: Dataset) -> pl.DataFrame:
    return frame.select(pl.col(name).cast(kind) for name, kind in dataset.schema.items())


def write_ingest(root: Path, songs: int, listens: int) -> None:
    """The library and the scrobbles: a tenth as many artists as songs, the greatest with 180 of 8,000 songs and 1,800 of
    800,000; one song in twenty on two releases, one play in ten of a song in no list, one in thirty under another spelling; few
    songs played often, in sittings of twelve."""
    from spotify_ai_pipeline.defs.ingest.other_plays import NOTHING
    from spotify_ai_pipeline.importers.ingest import IMPORTED
    from spotify_ai_pipeline.music.plays.records import PLAY

    rng, workspace = np.random.default_rng(1), Workspace.open(root)
    known = songs + songs // 10
    artist = np.array(names(rng, words(rng, 3_000), songs // 10, 1, 3))[
        (rng.pareto(1, known) * 50 * (songs / 8_000) ** 0.5).astype(int) % (songs // 10)
    ]
    number = pl.int_range(known, eager=True)
    track = pl.DataFrame(
        {"title": names(rng, words(rng, 4_000), known, 1, 5), "artist": artist, "album_no": rng.integers(0, 12, known)}
    ).with_columns(
        track_id=pl.select(pl.format("t{}", number.cast(pl.String).str.zfill(21))).to_series(),
        isrc=pl.select(pl.format("XX{}", number.cast(pl.String).str.zfill(10))).to_series(),
        album=pl.format("{} {}", "artist", "album_no"),
        duration_ms=pl.Series(rng.integers(120_000, 400_000, known)),
        release_date=pl.format("{}", pl.Series(rng.integers(1965, 2026, known))),
    )
    end = datetime.now(UTC).replace(minute=0, second=0, microsecond=0).timestamp()
    start = end - YEARS * 365 * DAY
    mine = track.head(songs)
    twice = mine.sample(songs // 20, seed=1).with_columns(
        track_id=pl.format("u{}", pl.col("track_id").str.slice(1)), album=pl.format("{} (Deluxe)", "album")
    )
    lists = pl.concat([mine, twice])
    place = np.arange(lists.height)
    liked = int(songs * 0.6)
    list_no = np.where(place < liked, -1, (place - liked) // 200)
    library = lists.with_columns(
        list_id=pl.when(pl.Series(list_no) < 0)
        .then(pl.lit("liked"))
        .otherwise(pl.format("list{}", pl.Series(list_no))),
        list_name=pl.when(pl.Series(list_no) < 0)
        .then(pl.lit("Liked Songs"))
        .otherwise(pl.format("List {}", pl.Series(list_no))),
        snapshot_id=pl.lit("s"),
        position=pl.Series(np.where(list_no < 0, place, (place - liked) % 200)),
        added_at=pl.Series((rng.uniform(start, end - DAY, lists.height) * 1e3).astype(np.int64)).cast(
            pl.Datetime("ms", "UTC")
        ),
        artists=pl.concat_list("artist"),
    )
    workspace.lake.write(_cast(library, datasets.SPOTIFY_LIBRARY), datasets.SPOTIFY_LIBRARY)

    sittings = np.sort(rng.uniform(start, end - DAY, listens // 12 + 1))
    at = np.sort((sittings[:, None] + 240 * np.arange(12)).ravel()[:listens])
    outside = rng.random(listens) < 0.1
    popular = (rng.pareto(1.1, listens) * songs / 50).astype(np.int64)
    heard = np.where(outside, songs + popular % (known - songs), popular % songs)
    other = rng.random(listens) < 1 / 30
    plays = track[heard].select(
        played_at=pl.Series((at * 1e3).astype(np.int64)).cast(pl.Datetime("ms", "UTC")),
        artist="artist",
        title=pl.when(pl.Series(other)).then(pl.format("{} - Remastered 2011", "title")).otherwise("title"),
        album="album",
        track_mbid=pl.lit(None, pl.String),
        artist_mbid=pl.lit(None, pl.String),
    )
    for month in plays.with_columns(month=pl.col("played_at").dt.strftime("%Y-%m")).partition_by("month"):
        workspace.lake.write(month.select(*datasets.SCROBBLES.schema), datasets.SCROBBLES, month["month"][0])
    for source, schema in {"listenbrainz_listens": PLAY, "recent_plays": PLAY, "history_imports": IMPORTED}.items():
        workspace.lake.write(pl.DataFrame(schema=schema), datasets.REGISTER[source], NOTHING)


@contextmanager
def connected(root: Path) -> Iterator[None]:
    """A sandbox with a small world, and the home at ``root`` signed in there: assets may ask, and are told little."""
    with tempfile.TemporaryDirectory() as scratch, socket.socket() as probe:
        world = Path(scratch) / "world"
        apart(generate_small, world)
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        urls = {
            name: {"url": f"http://127.0.0.1:{port}/{path}", "calls_per_second": UNHURRIED}
            for name, path in PREFIXES.items()
        }
        (root / "config.yaml").write_text(yaml.safe_dump(OFF | {"services": urls}))
        (root / ".env").write_text("SPOTIFY_CLIENT_ID=sandbox\nSPOTIFY_CLIENT_SECRET=sandbox\n")
        with sandbox.running(world, port):
            apart(sign_in, root)
            yield


def generate_small(world: Path) -> None:
    from spotify_ai_pipeline.sandbox.generate import generate

    generate(world, songs=100, catalogue=200, plays=1_000, years=0.2)


def sign_in(root: Path) -> None:
    auth = spotify_auth.oauth(Workspace.open(root))
    login.accept(auth, requests.get(auth.get_authorize_url(), allow_redirects=False, timeout=30).headers["Location"])


def write_features(root: Path) -> None:
    """What providers said: audio of seven songs in ten, tags of eight in ten, three to five of them from an artist's genre."""
    from spotify_ai_pipeline.clients.reccobeats import AUDIO_FEATURES
    from spotify_ai_pipeline.defs.features.audio_features import SHARES

    rng, workspace = np.random.default_rng(2), Workspace.open(root)
    schema = datasets.TAGS.schema
    songs = workspace.lake.read(datasets.SONGS).select("song_id", "track_id", "artist_key")
    genre = (songs["artist_key"].hash(1) % 40).to_numpy()
    centres = rng.uniform(0.15, 0.85, (40, len(AUDIO_FEATURES)))
    values = np.clip(centres[genre] + rng.normal(0, 0.12, (songs.height, len(AUDIO_FEATURES))), 0, 1)
    scales = {"loudness": (-40, 40), "tempo": (60, 120), "key": (0, 11), "mode": (0, 1)}
    columns = {}
    for place, name in enumerate(AUDIO_FEATURES):
        low, span = scales.get(name, (0, 1)) if name not in SHARES else (0, 1)
        column = low + span * values[:, place]
        columns[name] = np.round(column) if name in ("key", "mode") else column
    audio = pl.DataFrame(columns).with_columns(
        songs["song_id"], songs["track_id"], source=pl.lit("reccobeats"), retry_at=pl.lit(None, schema["retry_at"])
    )
    unknown = pl.Series(rng.random(songs.height) < 0.3)
    later = pl.lit(datetime(2100, 1, 1, tzinfo=UTC)).cast(schema["retry_at"])
    audio = audio.with_columns(
        *(pl.when(unknown).then(None).otherwise(pl.col(name)).alias(name) for name in (*AUDIO_FEATURES, "source")),
        retry_at=pl.when(unknown).then(later),
    )
    workspace.lake.write(_cast(audio, datasets.AUDIO_FEATURES), datasets.AUDIO_FEATURES)
    long = pl.DataFrame(
        {
            "place": np.repeat(np.arange(songs.height), 5),
            "tag": (np.repeat(genre, 5) * 7 + rng.integers(0, 12, songs.height * 5)) % 300,
            "weight": rng.uniform(0.05, 1, songs.height * 5),
        }
    )
    listed = (
        long.unique(["place", "tag"], keep="first", maintain_order=True)
        .with_columns(tag=pl.format("tag {}", "tag"))
        .group_by("place", maintain_order=True)
        .agg(tags=pl.struct("tag", "weight"))
    )
    silent = pl.Series(rng.random(songs.height) < 0.2)
    tags = listed.select(
        songs["song_id"],
        tags=pl.when(silent).then(pl.lit([], schema["tags"])).otherwise("tags"),
        source=pl.when(~silent).then(pl.lit("lastfm")),
        retry_at=pl.when(silent).then(later),
    )
    workspace.lake.write(_cast(tags, datasets.TAGS), datasets.TAGS)


def make(root: Path, asset: str) -> dict[str, float]:
    """Makes one asset from the lake as it is; gives seconds, rows and the peak of this process in MB."""
    import dagster as dg

    from spotify_ai_pipeline.definitions import build_defs

    defs = build_defs(Workspace.open(root))
    job = defs.resolve_implicit_global_asset_job_def()
    start, used = time.perf_counter(), time.process_time()
    result = job.execute_in_process(
        asset_selection=[dg.AssetKey(asset)],
        instance=dg.DagsterInstance.ephemeral(),
        run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        raise_on_error=True,
    )
    seconds, cpu = time.perf_counter() - start, time.process_time() - used
    made = result.asset_materializations_for_node(asset)
    rows = [each.metadata["dagster/row_count"].value for each in made if "dagster/row_count" in each.metadata]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    return {"seconds": seconds, "cpu": cpu, "peak_mb": peak, "rows": float(sum(rows))}  # type: ignore[arg-type]


def in_order(root: Path) -> list[str]:
    from spotify_ai_pipeline.definitions import build_defs

    graph = build_defs(Workspace.open(root)).resolve_asset_graph()
    keys = [key.to_user_string() for key in graph.toposorted_asset_keys]
    return [key for key in keys if key not in BY_SERVICES]


def apart(action, *args):
    with ProcessPoolExecutor(1, multiprocessing.get_context("fork")) as processes:
        return processes.submit(action, *args).result()


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--songs", type=int, default=80_000)
    arguments.add_argument("--listens", type=int, default=1_000_000)
    arguments.add_argument("--folder", type=Path, help="kept afterwards; default: a temporary one")
    arguments.add_argument("--only", nargs="*", help="assets to make anew in --folder")
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="spotify-ai-scale-") as scratch, ExitStack() as stack:
        root = (given.folder or Path(scratch)).absolute()
        os.environ["SPOTIFY_AI_DATA"] = str(root)
        import_module("spotify_ai_pipeline.definitions")  # once, for all the processes that are forked from this one
        root.mkdir(parents=True, exist_ok=True)
        stack.enter_context(connected(root))
        if not given.only or not (root / "lake").exists():
            apart(write_ingest, root, given.songs, given.listens)
        say(f"{'asset':22} {'rows':>12} {'seconds':>9} {'CPU s':>8} {'peak MB':>8}", flush=True)
        taken = 0.0
        for asset in given.only or apart(in_order, root):
            try:
                found = apart(make, root, asset)
            except Exception as error:
                say(f"{asset:22} failed: {type(error).__name__}: {str(error)[:300]}", flush=True)
                continue
            taken += found["seconds"]
            say(
                f"{asset:22} {found['rows']:12,.0f} {found['seconds']:9.1f} {found['cpu']:8.1f} {found['peak_mb']:8,.0f}",
                flush=True,
            )
            if asset == "songs":
                apart(write_features, root)
        say(f"{'all':22} {'':12} {taken:9.1f}")


if __name__ == "__main__":
    main()
