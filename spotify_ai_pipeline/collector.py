"""Python's collector of garbage, which looks for circles after 700 new objects.

Libraries are imported and Dagster works by the hundred thousand objects, few of them in circles: looking so often took a fifth of
the time.
"""

import gc

NEW_OBJECTS = 50_000


def look_seldom() -> None:
    """Lets the collector look after ``NEW_OBJECTS`` new objects, in this process."""
    gc.set_threshold(NEW_OBJECTS)
