"""Playlist: the decision (mix), its effect (spotify_playlist), and what to ask the listener next (suggestions)."""

from collections import Counter
from collections.abc import Mapping

import dagster as dg
import polars as pl

from spotify_ai_pipeline.assets.deferral import note
from spotify_ai_pipeline.assets.groups import OWNERS, PLAYLIST
from spotify_ai_pipeline.assets.ingest import LIBRARY_READ_AT
from spotify_ai_pipeline.assets.plots import bar_chart
from spotify_ai_pipeline.assets.resources import HomeResource, SpotifyResource
from spotify_ai_pipeline.music import mix as mixing
from spotify_ai_pipeline.music.ranking import EXPLORATION, SLOTS
from spotify_ai_pipeline.services.spotify import Spotify
from spotify_ai_pipeline.services.transport import Deferred
from spotify_ai_pipeline.settings import Playlist
from spotify_ai_pipeline.storage import playlists, queue
from spotify_ai_pipeline.storage.home import Home

DESCRIPTION = "Kept fresh by Spotify AI from what you listen to."
QUESTIONS = 10
"""Questions kept waiting for the listener."""

NEW, KEPT, OUT = "new", "kept", "out"


@dg.asset(group_name=PLAYLIST, kinds={"polars", "parquet"}, owners=OWNERS, code_version="1")
def mix(home: HomeResource, song_scores: pl.DataFrame, spotify_library: pl.DataFrame) -> dg.MaterializeResult:
    """The decision: the songs of the list in order, each with slot, score parts and reason; and those that leave it.

    ``change`` is new, kept or out; songs that are out have no rank. Edits by hand since the last refresh are respected: what
    the listener added stays, what they removed does not come back for a while. ``on_list`` holds the Spotify ids under which
    a song is on the list now: it stays under the first of them.
    """
    settings = home.settings.playlist
    last = playlists.written(home.state)
    read_at = home.state.fact(LIBRARY_READ_AT) or 0.0
    there = on_spotify(last, read_at, song_scores, spotify_library)
    current = list(there)
    edits = hand_edits(last, read_at, current, song_scores, queue.standing(home.state, home.now()))
    queue.say(home.state, edits, "playlist")
    verdicts = queue.standing(home.state, home.now())
    pinned = {song for song, verdict in verdicts.items() if verdict in queue.HOLDING}
    banned = set(verdicts) - pinned
    at_home = pl.col("in_library") | pl.col("song_id").is_in(list(pinned))
    candidates = song_scores.filter(at_home | pl.col("song_id").is_in(current)).with_columns(
        score=pl.when(at_home).then(
            "score"
        )  # what left the library leaves the list, last come first gone, within the cap
    )
    loyalty = mixing.loyalty(home.settings.cycling)
    chosen = mixing.select(candidates, current, settings, pinned=pinned, banned=banned, loyalty=loyalty)
    if is_short(chosen.height, len(current), settings):
        home.state.raise_alert("mix", f"the mix came out with {chosen.height} songs; the playlist was left as it is")
    order = mixing.sequence(chosen["artist_key"].to_list(), settings.min_artist_spacing)
    listed = chosen[order].with_columns(
        rank=pl.int_range(1, pl.len() + 1), change=pl.when("is_new").then(pl.lit(NEW)).otherwise(pl.lit(KEPT))
    )
    gone = song_scores.filter(pl.col("song_id").is_in(current) & ~pl.col("song_id").is_in(chosen["song_id"].to_list()))
    leaving = gone.with_columns(rank=pl.lit(None, pl.Int64), change=pl.lit(OUT), reason=_why_out(banned))
    columns = [
        "rank",
        "slot",
        "title",
        "artist",
        "score",
        "taste",
        "mood",
        "freshness",
        "reason",
        "change",
        "song_id",
        "track_id",
    ]
    ids = pl.DataFrame(
        {"song_id": current, "on_list": list(there.values())},
        schema={"song_id": pl.String, "on_list": pl.List(pl.String)},
    )
    table = (
        pl.concat([listed.select(columns), leaving.select(columns)])
        .join(ids, on="song_id", how="left", maintain_order="left")
        .with_columns(track_id=pl.col("on_list").list.first().fill_null(pl.col("track_id")))
    )
    counts = Counter(listed["slot"].to_list())
    return dg.MaterializeResult(
        value=table,
        metadata={
            "songs on the list": listed.height,
            "new": int((listed["change"] == NEW).sum()),
            "out": leaving.height,
            "edits by hand": len(edits),
            "songs by slot": bar_chart(list(SLOTS), [counts[slot] for slot in SLOTS], "songs by slot"),
        },
    )


@dg.asset_check(asset=mix, blocking=True, description="The list has its size, no song twice, and moves within the cap.")
def mix_is_sound(home: HomeResource, mix: pl.DataFrame) -> dg.AssetCheckResult:
    settings = home.settings.playlist
    listed = mix.drop_nulls("rank")
    first_fill = (listed["change"] == NEW).all()
    new = int((listed["change"] == NEW).sum())
    doubled = listed.height - listed["song_id"].n_unique()
    within = first_fill or new <= mixing.change_cap(settings)
    short = is_short(listed.height, mix.height - new, settings)
    return dg.AssetCheckResult(
        passed=doubled == 0 and within and not short and listed.height <= settings.target_size,
        metadata={"songs": listed.height, "doubled": doubled, "new": new, "cap": mixing.change_cap(settings)},
    )


@dg.asset(
    group_name=PLAYLIST, kinds={"spotify"}, owners=OWNERS, code_version="1", op_tags={"spotify_ai/writer": "playlist"}
)
def spotify_playlist(
    context: dg.AssetExecutionContext, home: HomeResource, spotify: SpotifyResource, mix: pl.DataFrame
) -> dg.MaterializeResult:
    """The effect: the mix on Spotify, in one call, read back afterwards. The only asset that writes to Spotify.

    An empty decision keeps the list that is there. A list that was edited since the decision is left alone.
    """
    try:
        playlist_id, before, after = _write(spotify.client(), home.home, mix)
    except Deferred as pause:
        raise dg.Failure(note(context, home, pause), allow_retries=False) from None
    note(context, home, None)
    added, removed = len(set(after) - set(before)), len(set(before) - set(after))
    outcome = "unchanged" if before == after else "refreshed" if before else "filled"
    playlists.log_refresh(home.state, context.run_id, added, removed, outcome)
    home.state.resolve_alert("mix")
    link = f"https://open.spotify.com/playlist/{playlist_id}"
    return dg.MaterializeResult(
        value=pl.DataFrame(
            {"position": range(1, len(after) + 1), "track_id": after},
            schema={"position": pl.Int64, "track_id": pl.String},
        ),
        metadata={"playlist": dg.MetadataValue.url(link), "added": added, "removed": removed, "outcome": outcome},
    )


@dg.asset_check(
    asset=spotify_playlist,
    additional_ins={"mix": dg.AssetIn()},
    description="What Spotify reads back is what was decided, song for song.",
)
def playlist_is_the_mix(spotify_playlist: pl.DataFrame, mix: pl.DataFrame) -> dg.AssetCheckResult:
    wanted = mix.drop_nulls("rank").sort("rank")["track_id"].to_list()
    found = spotify_playlist["track_id"].to_list()
    return dg.AssetCheckResult(passed=wanted == found, metadata={"wanted": len(wanted), "found": len(found)})


@dg.asset(group_name=PLAYLIST, kinds={"sqlite"}, owners=OWNERS, code_version="1")
def suggestions(home: HomeResource, song_scores: pl.DataFrame, mix: pl.DataFrame) -> dg.MaterializeResult:
    """Dormant songs worth bringing back that are not on the list: the questions that `spotify-ai next` asks."""
    listed = mix.drop_nulls("rank")["song_id"].to_list()
    worth = song_scores.filter(
        (pl.col("slot") == EXPLORATION)
        & pl.col("in_library")
        & (pl.col("plays") > 0)
        & ~pl.col("song_id").is_in(listed)
    ).sort("score", descending=True)
    shown = worth.head(5 * QUESTIONS).select("song_id", "track_id", "title", "artist", "score", "reason")
    asked = queue.propose(home.state, "resurface", shown.iter_rows(named=True), QUESTIONS)
    return dg.MaterializeResult(
        value=shown.head(QUESTIONS), metadata={"new questions": asked, "waiting": queue.pending(home.state)}
    )


def _write(client: Spotify, home: Home, mix: pl.DataFrame) -> tuple[str, list[str], list[str]]:
    """(the playlist's id, its Spotify ids before, its Spotify ids as read back after): nothing is written where the decision
    is empty, is there already, or was made for a list that has been edited since."""
    target = mix.drop_nulls("rank").sort("rank")["track_id"].to_list()
    if not target:
        raise dg.Failure("the mix is empty: the playlist was left as it is; song_scores says why", allow_retries=False)
    playlist_id = _find_or_create(client, home)
    before = client.track_ids(playlist_id)
    decided_on = set(mix["on_list"].explode().drop_nulls())
    if before != target and set(before) != decided_on:
        raise dg.Failure(
            "the playlist was edited since this mix was decided; run the refresh again to respect the edit",
            allow_retries=False,
        )
    if before != target:
        playlists.intend(home.state, target)
        client.replace_items(playlist_id, target)
    after = client.track_ids(playlist_id)
    playlists.remember(home.state, playlist_id, after)
    return playlist_id, before, after


def is_short(songs: int, current: int, settings: Playlist) -> bool:
    """Whether a list of so many songs is worse than the ``current`` number: empty, or shorter than one refresh may leave it."""
    return songs == 0 or songs < min(current, settings.target_size) - mixing.change_cap(settings)


def on_spotify(
    last: playlists.Written | None, read_at: float, song_scores: pl.DataFrame, library: pl.DataFrame
) -> dict[str, list[str]]:
    """The songs on our playlist now, in order, each with the Spotify ids under which it is there; empty before the first fill.

    A library that was read before our last write knows an older list: then what we wrote counts.
    """
    if last is None:
        return {}
    if read_at > last.written_at:
        track_ids = library.filter(pl.col("list_id") == last.playlist_id).sort("position")["track_id"].to_list()
    else:
        track_ids = last.track_ids
    return _by_song(track_ids, song_scores)


def hand_edits(
    last: playlists.Written | None,
    read_at: float,
    current: list[str],
    song_scores: pl.DataFrame,
    verdicts: Mapping[str, str],
) -> list[queue.Said]:
    """What the listener did to the list since we wrote it: songs they added are to keep, songs they took off to remove, and
    a removed song that is on the list again was put back.

    A list that is gone or empty is no edit of a hundred songs: it is filled anew. Nor is one that was read before our write.
    """
    if last is None or not last.track_ids or not current or read_at <= last.written_at:
        return []
    ours = list(_by_song(last.track_ids, song_scores))
    if last.intended and current == list(_by_song(last.intended, song_scores)):
        ours = current  # our last write took place, though it was cut off before it could be read back
    added = [song for song in current if song not in ours or verdicts.get(song) == "remove"]
    removed = [song for song in ours if song not in current]
    edits = [(song, "keep") for song in added] + [(song, "remove") for song in removed]
    return [queue.Said(song, verdict, f"hand:{last.written_at}:{song}:{verdict}") for song, verdict in edits]


def _by_song(track_ids: list[str], song_scores: pl.DataFrame) -> dict[str, list[str]]:
    song_of = dict(song_scores.select("track_ids", "song_id").explode("track_ids").iter_rows())
    songs: dict[str, list[str]] = {}
    for track in track_ids:
        if track in song_of:
            songs.setdefault(song_of[track], []).append(track)
    return songs


def _find_or_create(client: Spotify, home: Home) -> str:
    """The playlist by its stored id; else the listener's own one of the configured name; else a new one."""
    owned = {row.playlist_id: row.name for row in client.playlists(client.user_id()) if row.readable}
    stored = playlists.written(home.state)
    if stored and stored.playlist_id in owned:
        return stored.playlist_id
    name = home.settings.spotify.playlist_name
    playlist_id = next((found for found, called in owned.items() if called == name), None) or client.create_playlist(
        name, DESCRIPTION
    )
    playlists.remember(home.state, playlist_id, [])
    return playlist_id


def _why_out(banned: set[str]) -> pl.Expr:
    by_hand = pl.col("song_id").is_in(list(banned))
    return (
        pl.when(by_hand).then(pl.lit("you took it off")).otherwise(pl.format("made room: {}", "reason")).alias("reason")
    )
