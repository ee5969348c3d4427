"""The model of the embeddings, as it was kept beside them when they were last made."""

from __future__ import annotations

from spotify_ai_pipeline.music.embedding.model import MODEL_FILE, Model
from spotify_ai_pipeline.storage import datasets
from spotify_ai_pipeline.storage.lake import Lake


def embedding_model(lake: Lake) -> Model | None:
    """The model; None before the first embeddings, and where its layout is of an older version."""
    kept = lake.blob_or_none(datasets.SONG_EMBEDDINGS, MODEL_FILE)
    return Model.from_bytes(kept) if kept else None
