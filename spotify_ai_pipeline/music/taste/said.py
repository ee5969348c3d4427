"""Said: what the listener said of songs, as evidence of how much they will play them.

The plan's order holds, all else equal: a favourite above a liked song above any other, and a higher rating above a lower one. No
public history tells of likes and plays together, so the factors are set and not fitted: small enough that plays overrule
them, large enough that they decide between songs that were played alike.
"""

from __future__ import annotations

import polars as pl

from spotify_ai_pipeline.music.identity.ratings import ALBUM

FAVOURITE, LIKED, LISTED = 1.6, 1.3, 1.1
"""Factors of a song on the favourites list, of a liked one, and of one on another list of the listener's."""

A_STAR = 1.25
"""Factor of each star of five above ``USUAL_STARS``, and the inverse below."""
USUAL_STARS = 3.0

VERDICTS = {"more": 1.6, "approve": 1.4, "keep": 1.2, "later": 0.7}
"""Factors of the verdicts that stand; the others keep a song off every list."""


JUST_ADDED, FADES_DAYS = 0.3, 14.0
"""What a song that is liked or listed gains more on the day it was added, and the days in which that halves."""


def factor() -> pl.Expr:
    """The factor of the forecast of a song with the columns ``best``, ``liked``, ``lists``, ``rating`` (stars of five, null
    where unrated) and ``verdict`` (null where none stands)."""
    standing = (
        pl.when("best")
        .then(FAVOURITE)
        .when("liked")
        .then(LIKED)
        .when(pl.col("lists").list.len() > 0)
        .then(LISTED)
        .otherwise(1.0)
    )
    stars = pl.lit(A_STAR).pow(pl.col("rating").fill_null(USUAL_STARS) - USUAL_STARS)
    verdict = pl.col("verdict").replace_strict(VERDICTS, default=1.0, return_dtype=pl.Float64)
    return (standing * stars * verdict).alias("by_said")


def lately() -> pl.Expr:
    """The factor by how lately a liked or listed song came into the library: ``days_added``, null where unknown."""
    halves = pl.col("days_added").clip(lower_bound=0) / FADES_DAYS
    chosen = pl.col("best") | pl.col("liked") | (pl.col("lists").list.len() > 0)
    return pl.when(chosen).then(1 + JUST_ADDED * pl.lit(0.5).pow(halves)).fill_null(1.0).alias("by_day")


def words() -> pl.Expr:
    """Gives what was said of a song, in words; null where nothing was. ``of`` says whether the song was rated or its
    album."""
    rated = pl.when(pl.col("of") == ALBUM).then(pl.lit("its album rated")).otherwise(pl.lit("rated"))
    said = (
        pl.when("best").then(pl.lit("a favourite of yours")).when("liked").then(pl.lit("liked")),
        pl.when(pl.col("rating").is_not_null()).then(pl.format("{} {} of 5", rated, pl.col("rating").round(1))),
        pl.col("verdict").replace_strict(
            {"more": "you asked for more like it", "approve": "approved by you", "keep": "you put it on the list"},
            default=None,
            return_dtype=pl.String,
        ),
    )
    whole = pl.concat_str(*said, separator=", ", ignore_nulls=True)
    return pl.when(whole != "").then(whole).alias("said")
