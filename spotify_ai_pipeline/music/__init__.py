"""The knowledge of music and listening: pure functions over NumPy and Polars.

No input or output, no clock, no randomness that is not passed in. Read in this order: ``matching`` (what a song is),
``listening`` (what was played, and how fresh that is), ``activation`` (what is on the listener's mind),
``embedding`` and ``mood`` (what a song is like),
``taste_model`` (how often it will be played), ``population`` (what other listeners taught), ``said`` (what the listener said),
``ranking`` (what it is worth now), ``explain`` (why), ``mix`` (which songs make the list).
"""
