"""The mix: which songs make a list, how far one refresh may move it, and in what order they play.

``shares``: how many songs each slot holds. ``habit``: how many one artist may have. ``select``: which songs come and go.
``returning``: how long a song that left stays away.
``credits`` and ``sequence``: the order. ``edits``: what the listener did to the list by hand. ``decide``: all of it.
"""

from spotify_ai_pipeline.music.mix.returning import Left, changes_left, departures, resting
from spotify_ai_pipeline.music.mix.select import select
from spotify_ai_pipeline.music.mix.sequence import sequence
from spotify_ai_pipeline.music.mix.shares import change_cap, loyalty, quotas

__all__ = [
    "Left",
    "change_cap",
    "changes_left",
    "departures",
    "loyalty",
    "quotas",
    "resting",
    "select",
    "sequence",
]
