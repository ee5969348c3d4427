"""The plan's sketch of a refresh, as the peer of the benchmark: SQLAlchemy rows in SQLite, one COUNT a song, embeddings as JSON.

Written anew after the plan's models and functions, in their structure: the schema has the keys that the plan gives it and no
index besides, staleness asks the database for each song, scores are computed a song at a time in Python.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import listener
import numpy as np
from sqlalchemy import JSON, ForeignKey, create_engine, insert
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship

from spotify_ai_pipeline.storage import datasets

CONFIG = {"window_days": 30, "lambda": 0.05, "min_plays": 5, "mood_songs": 20, "decay": 0.85, "size": 100, "spacing": 4}
CORE, EXPLORATION = 0.7, 0.2
TASTE, MOOD, FRESHNESS, NOISE = 0.4, 0.4, 0.2, 0.1


class Base(DeclarativeBase):
    pass


class Song(Base):
    __tablename__ = "songs"

    spotify_id: Mapped[str] = mapped_column(primary_key=True)
    title: Mapped[str]
    artist: Mapped[str]
    embedding: Mapped[list[float]] = mapped_column(JSON)
    total_plays: Mapped[int] = mapped_column(default=0)
    recent_plays_30d: Mapped[int] = mapped_column(default=0)
    skip_rate: Mapped[float] = mapped_column(default=0.0)
    staleness_score: Mapped[float] = mapped_column(default=0.0)
    in_liked_songs: Mapped[bool] = mapped_column(default=False)
    is_approved: Mapped[bool] = mapped_column(default=True)
    is_blacklisted: Mapped[bool] = mapped_column(default=False)


class ListenEvent(Base):
    __tablename__ = "listen_events"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    spotify_id: Mapped[str] = mapped_column(ForeignKey("songs.spotify_id"))
    timestamp: Mapped[datetime]
    song: Mapped[Song] = relationship()


def update_staleness(db: Session, now: datetime) -> None:
    since = now - timedelta(days=CONFIG["window_days"])
    for song in db.query(Song).all():
        recent = db.query(ListenEvent).filter(
            ListenEvent.spotify_id == song.spotify_id, ListenEvent.timestamp >= since
        ).count()  # fmt: skip
        song.recent_plays_30d = recent
        song.staleness_score = 1.0 - np.exp(-CONFIG["lambda"] * recent) if recent >= CONFIG["min_plays"] else 0.0
    db.commit()


def mood_vector(db: Session) -> np.ndarray:
    latest = db.query(ListenEvent).order_by(ListenEvent.timestamp.desc()).limit(CONFIG["mood_songs"]).all()
    weights = np.array([CONFIG["decay"] ** age for age in range(len(latest))])
    return np.average([np.array(listen.song.embedding) for listen in latest], axis=0, weights=weights / weights.sum())


def taste_score(song: Song) -> float:
    score = 0.5 + 0.15 * song.in_liked_songs
    if song.total_plays > 0:
        score += min(0.15, 0.05 * np.log1p(song.total_plays))
    if song.skip_rate > 0.5:
        score -= 0.2
    return float(np.clip(score, 0.0, 1.0))


def score(song: Song, mood: np.ndarray) -> float:
    vector = np.array(song.embedding)
    match = np.dot(vector, mood) / (np.linalg.norm(vector) * np.linalg.norm(mood) + 1e-8)
    parts = TASTE * taste_score(song) + MOOD * (match + 1) / 2 + FRESHNESS * (1.0 - song.staleness_score)
    return float(parts + np.random.uniform(0, NOISE))


def spaced(songs: Sequence[Song]) -> list[Song]:
    """Each song at the first place where its artist may come; greedily, as the plan leaves the how open."""
    waiting, order = list(songs), list[Song]()
    while waiting:
        near = {song.artist for song in order[-CONFIG["spacing"] :]}
        order.append(waiting.pop(next((i for i, song in enumerate(waiting) if song.artist not in near), 0)))
    return order


def generate(db: Session, now: datetime) -> list[str]:
    update_staleness(db, now)
    mood = mood_vector(db)
    eligible = db.query(Song).filter(Song.is_blacklisted.is_(False), Song.is_approved.is_(True)).all()
    scored = sorted(((song, score(song, mood)) for song in eligible), key=lambda pair: pair[1], reverse=True)
    core = [song for song, _ in scored[: int(CONFIG["size"] * CORE)]]
    pool = [song for song, worth in scored if song not in core and song.recent_plays_30d <= 2 and worth > 0.3]
    chosen = core + random.sample(pool, min(int(CONFIG["size"] * EXPLORATION), len(pool)))
    return [song.spotify_id for song in spaced(chosen)]


def refresh(folder: Path) -> float:
    """Seconds of one refresh by the sketch for the listener in ``folder``, after its database was filled."""
    lake = listener.lake(folder)
    songs, listens = lake.read(datasets.SONGS), lake.read(datasets.LISTENS)
    counted = songs.join(listens.group_by("song_id").len(), on="song_id", how="left", maintain_order="left")
    vectors = lake.read(datasets.SONG_EMBEDDINGS)["vector"].to_list()
    ids = dict(zip(songs["song_id"], songs["track_id"], strict=True))
    engine = create_engine(f"sqlite:///{folder / 'sketch.db'}", json_serializer=json.dumps)
    Base.metadata.create_all(engine)
    rows = zip(counted.iter_rows(named=True), vectors, strict=True)
    with Session(engine) as db:
        db.execute(
            insert(Song),
            [
                {"spotify_id": row["track_id"], "title": row["title"], "artist": row["artist"], "embedding": vector,
                 "total_plays": row["len"] or 0}
                for row, vector in rows
            ],
        )  # fmt: skip
        db.execute(
            insert(ListenEvent),
            [{"spotify_id": ids[s], "timestamp": at} for s, at in listens.select("song_id", "played_at").iter_rows()],
        )
        db.commit()
    with Session(engine) as db:
        start = time.perf_counter()
        made = generate(db, datetime.fromtimestamp(listener.NOW, UTC))
        taken = time.perf_counter() - start
    assert len(made) == round(CONFIG["size"] * (CORE + EXPLORATION))
    return taken
