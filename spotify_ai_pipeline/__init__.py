"""Spotify AI: one listener's music, managed. The floors of the house are drawn in docs/architecture.md."""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
"""The matrices here are long and narrow: threads would wait for each other longer than they work (training took three times
the processor's seconds on two cores), and sums would depend on how many there are. NumPy reads this as it is imported."""
os.environ.setdefault("POLARS_MAX_THREADS", "1")
"""A refresh asks hundreds of small questions: handing them from thread to thread took a fifth of its processor time, and twenty
megabytes. The machine's other core is left to others; whoever has many and a great library sets the number."""
