"""What is known about music and listening: pure functions over NumPy and Polars.

No input or output, no clock, no randomness that is not passed in. Read in this order: ``matching`` (what a song is),
``listening`` (what was played, and how fresh that is), ``embedding`` and ``mood`` (what a song is like),
``ranking`` (what it is worth now), ``mix`` (which songs make the list), ``evaluation`` (whether that was right).
"""
