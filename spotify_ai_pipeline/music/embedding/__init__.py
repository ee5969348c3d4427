"""A song's likeness, as a vector.

``blocks`` are its parts, ``model`` learns them, infers what is missing and joins them, ``index`` finds the nearest.
"""

from spotify_ai_pipeline.music.embedding.feature_blocks import AUDIO_COLUMNS

__all__ = ["AUDIO_COLUMNS"]
