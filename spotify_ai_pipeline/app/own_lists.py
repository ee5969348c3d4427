"""Lists of the listener's own: words understood, and the songs of the library with all that a list may ask of them."""

from __future__ import annotations

import textwrap
from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime

import polars as pl

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.app.mood_requests import by_claude, cluster_names, meaning
from spotify_ai_pipeline.app.standing_taste import known_artists, known_songs
from spotify_ai_pipeline.clients.claude_permission import LISTS
from spotify_ai_pipeline.errors import UserError
from spotify_ai_pipeline.music.embedding import blend
from spotify_ai_pipeline.music.embedding import index as indexes
from spotify_ai_pipeline.music.lists.columns import with_columns
from spotify_ai_pipeline.music.lists.recipe import Recipe
from spotify_ai_pipeline.music.lists.words import OF_MINE, TEMPLATES, Understood, understand_list
from spotify_ai_pipeline.music.mood.lexicon import AXES
from spotify_ai_pipeline.storage import datasets, own_lists
from spotify_ai_pipeline.storage.embedding_model import embedding_model
from spotify_ai_pipeline.storage.own_lists import OwnList
from spotify_ai_pipeline.storage.workspace import Workspace

LONGEST_TITLE = 60


def title_of(words: str) -> str:
    """Gives what a list is called that ``words`` ask for: the words, cut between two of them where they are many."""
    title = textwrap.shorten(words, LONGEST_TITLE, placeholder="…")
    return title[:1].upper() + title[1:]


def understand(workspace: Workspace, text: str) -> Understood:
    """Gives what ``text`` asks for; where the layers leave words over, Claude reads these (``claude.lists``).

    Raises ``UserError`` where nothing of it is understood.
    """
    if not text:
        return Understood(Recipe(where=[OF_MINE]), [])
    model = embedding_model(workspace.lake)
    now = clock.utc_now().astimezone(workspace.settings.listener.zone)
    tags = model.tags.vocabulary if model else ()
    found = understand_list(text, now, tags, cluster_names(workspace), known_artists(workspace), meaning())
    if found.unknown and model is not None:
        wish, by, _ = by_claude(workspace, ", ".join(found.unknown), model, LISTS)
        found = found.with_wish(wish, by) if wish else found
    if not found.says_something:
        raise UserError(
            f"{text!r}: I understand nothing of it. Say it as in 'deep cuts of my most played artists, unheard for a year' or"
            f" 'calm 90s songs, most played', or name one of: {', '.join(TEMPLATES)}"
        )
    return found


def choose(workspace: Workspace, text: str) -> OwnList:
    """The list that ``text`` names: by its number, its title or a part of it. Raises ``UserError``."""
    there, wanted = own_lists.every(workspace.state), text.strip().casefold()
    for named in (
        [own for own in there if str(own.list_id) == wanted],
        [own for own in there if own.title.casefold() == wanted],
        [own for own in there if wanted and wanted in own.title.casefold()],
    ):
        if len(named) == 1:
            return named[0]
        if named:
            some = "; ".join(f"{own.list_id} {own.title}" for own in named)
            raise UserError(f"{text!r}: several lists have this in their name ({some}); name one by its number")
    known = "; ".join(f"{own.list_id} {own.title}" for own in there)
    raise UserError(
        f"{text!r}: no such list; there are {known}"
        if known
        else 'no list yet; `spotify-ai list add "forgotten favourites"`'
    )


def refuse_taken(workspace: Workspace, title: str, but: int = 0) -> None:
    """Raises ``UserError`` where a list other than number ``but`` has the title."""
    there = own_lists.every(workspace.state)
    if any(own.title.casefold() == title.casefold() and own.list_id != but for own in there):
        raise UserError(f"{title!r}: a list of yours has this title; give another with --title")


def edit(workspace: Workspace, own: OwnList, **changes: object) -> OwnList:
    """Keeps ``changes`` of a list, which is due at once."""
    changed = replace(own, **changes)  # pyright: ignore[reportArgumentType]
    refuse_taken(workspace, changed.title, own.list_id)
    own_lists.change(workspace.state, changed)
    own_lists.ask(workspace.state, changed)
    return changed


def described_songs(workspace: Workspace, now: float) -> pl.DataFrame:
    """Every song with all that a list may ask of it at ``now`` (UTC seconds), but for what depends on the list's own songs."""
    lake, at = workspace.lake, datetime.fromtimestamp(now, UTC)
    songs = known_songs(workspace).drop("plays")
    more = lake.read(datasets.SONGS).select("song_id", "artist_key", "in_library", "added_at")
    stats = lake.read(datasets.LISTENING_STATS).select(
        "song_id", "plays", "recent_plays", "first_played", "days_quiet", "staleness"
    )
    parts = [more, stats, lake.read(datasets.SONG_SCORES).select("song_id", "expected")]
    rated = lake.read_or_none(datasets.SONG_RATINGS)
    ratings = pl.DataFrame(schema=datasets.SONG_RATINGS.schema) if rated is None else rated
    parts.append(ratings.select("song_id", "rating").unique("song_id"))
    for part in parts:
        songs = songs.join(part, on="song_id", how="left", maintain_order="left")
    listens = lake.scan(datasets.LISTENS).filter("counts").select("song_id", "played_at").collect()
    audio = lake.read_or_none(datasets.AUDIO_FEATURES)
    sound = pl.DataFrame(schema={"song_id": pl.String, **dict.fromkeys(AXES, pl.Float64)}) if audio is None else audio
    known = songs.with_columns(pl.col("plays", "recent_plays").fill_null(0))
    return with_columns(known, listens, sound, at)


def with_similarity(
    workspace: Workspace, songs: pl.DataFrame, recipe: Recipe, size: int, barred: Collection[str] = ()
) -> pl.DataFrame:
    """``songs`` with their ``nearness`` to the songs that the recipe names, and their ``step`` on the way between its two; null
    where it names none. No song that is ``barred`` is a step."""
    empty = songs.with_columns(nearness=pl.lit(None, pl.Float64), step=pl.lit(None, pl.Int64))
    if not (recipe.like or recipe.unlike or recipe.between):
        return empty
    order = workspace.lake.read(datasets.SONG_INDEX)["song_id"]
    index = indexes.from_bytes(workspace.lake.read_blob(datasets.SONG_INDEX, indexes.FILE))
    row_of = {song: row for row, song in enumerate(order)}
    named = [*recipe.like, *recipe.unlike, *recipe.between]
    if unknown := [song for song in named if song not in row_of]:
        raise UserError(f"{', '.join(unknown)}: its sound is unknown; `spotify-ai refresh --features` looks it up")
    if recipe.between:
        key = dict(songs.select("song_id", "artist_key").iter_rows())
        free = songs.filter(recipe.met() & ~pl.col("song_id").is_in(list(barred)))["song_id"]
        start, end = (row_of[song] for song in recipe.between)
        allowed = {row_of[song] for song in free if song in row_of}
        rows = blend.way(index, start, end, size, [key.get(song) for song in order], allowed)
        way = pl.DataFrame({"song_id": order[rows], "step": range(1, len(rows) + 1)})
        return empty.drop("step").join(way, on="song_id", how="left", maintain_order="left")
    target = towards(index, [row_of[song] for song in recipe.like], [row_of[song] for song in recipe.unlike])
    near, found = indexes.search(index, target[None], len(order))
    close = pl.DataFrame({"song_id": order[found[0]], "nearness": 100 * near[0].astype(float)})
    close = close.filter(~pl.col("song_id").is_in(recipe.unlike))
    return empty.drop("nearness").join(close, on="song_id", how="left", maintain_order="left")


def towards(index: indexes.Index, like: list[int], unlike: list[int]) -> indexes.Vectors:
    """The direction of the songs in rows ``like`` away from those in rows ``unlike``."""
    import numpy as np

    width = index.d
    vectors = [
        np.array([indexes.vector_of(index, row) for row in rows], np.float32).reshape(-1, width)
        for rows in (like, unlike)
    ]
    return blend.towards(*vectors)
