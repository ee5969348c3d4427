"""Discovery: what each source puts forward for a listener's seeds, a batch a call, over the clients of the services.

Each source is a generator of batches of leads: what came before a service asked for a pause is not lost. ``calls`` is how many
calls it may make; answers that are kept are asked for again for nothing, so that a run that was cut goes on where it stopped.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import polars as pl

from spotify_ai_pipeline.app.spotify_capabilities import capable
from spotify_ai_pipeline.app.spotify_ids import FOR_THE_MIX
from spotify_ai_pipeline.clients.lastfm import LastFm
from spotify_ai_pipeline.clients.lastfm_stations import LastFmStations
from spotify_ai_pipeline.clients.listenbrainz import ListenBrainz
from spotify_ai_pipeline.clients.reccobeats import SEEDS_A_CALL, ReccoBeats
from spotify_ai_pipeline.clients.sign_in import SIGNED_IN_STATE, sign_in_state
from spotify_ai_pipeline.clients.spotify import Spotify
from spotify_ai_pipeline.importers import ingest
from spotify_ai_pipeline.music.discovery.leads import Lead
from spotify_ai_pipeline.music.identity.linking import Offer
from spotify_ai_pipeline.music.identity.ratings import STARS, stars
from spotify_ai_pipeline.storage import datasets
from spotify_ai_pipeline.storage.workspace import Workspace

SONGS_AN_ARTIST = 5
RECENT_RELEASE = timedelta(days=60)
CALLS_AN_ARTIST = 4
"""Calls that the new releases of one artist take at most: whose track, which albums, two of them."""
FRIENDS_SINCE = timedelta(days=7)
LOVED = 4.0
"""Stars of five from which a rated album's songs are worth a try."""
SONGS_AN_ALBUM = 20
RECOMMENDED = 100


@dataclass(frozen=True)
class Asking:
    """The listener as a source is asked for them: ``seeds`` (song_id, artist, title, track_id) in the order of the
    draw, the listener's ``tags``, heaviest first, and how many calls may be made."""

    workspace: Workspace
    seeds: pl.DataFrame
    tags: Sequence[str]
    calls: int
    now: datetime

    @property
    def artists(self) -> list[str]:
        return self.seeds["artist"].unique(maintain_order=True).to_list()


Batches = Iterator[list[Lead]]


def lastfm_similar(asking: Asking) -> Batches:
    """Songs heard by those who hear the seeds: a call a seed."""
    client = LastFm.of(asking.workspace)
    for seed in asking.seeds.head(asking.calls).iter_rows(named=True):
        near = client.similar_tracks(seed["artist"], seed["title"])
        because = seed["artist"]
        yield [
            Lead(song.artist, song.title, 0.8 * (song.match or 0.5), because, mbid=song.mbid, seed=seed["song_id"])
            for song in near
        ]


def lastfm_artists(asking: Asking) -> Batches:
    """The best known songs of three artists like each artist of the seeds: four calls an artist."""
    client = LastFm.of(asking.workspace)
    for artist in asking.artists[: asking.calls // 4]:
        batch = list[Lead]()
        for other, match in client.similar_artists(artist)[:3]:
            songs = client.top_tracks(other)[:SONGS_AN_ARTIST]
            batch += [Lead(song.artist, song.title, 0.6 * match, artist, mbid=song.mbid) for song in songs]
        yield batch


def lastfm_friends(asking: Asking) -> Batches:
    """Asks what friends played this week, surer with each friend: a call, and one a friend."""
    client = LastFm.of(asking.workspace)
    friends: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for friend in client.friends()[: max(asking.calls - 1, 0)]:
        for name in client.played_by(friend, asking.now - FRIENDS_SINCE):
            friends[name][friend] += 1
    yield [
        Lead(*name, min(0.15 + 0.2 * len(by) + 0.05 * by.total(), 0.9), friend)
        for name, by in friends.items()
        for friend in by
    ]


def lastfm_stations(asking: Asking) -> Batches:
    """Reads what Last.fm's own page plays for the listener: a call a day, of a station that no document promises."""
    found = LastFmStations.of(asking.workspace).songs()
    yield [Lead(artist, title, 0.4) for artist, title in found]


def listenbrain(asking: Asking) -> Batches:
    """ListenBrainz' recommendations by collaborative filtering: two calls."""
    client = ListenBrainz.of(asking.workspace)
    scores = dict(client.recommended(2 * RECOMMENDED))
    best = max(scores.values(), default=1.0) or 1.0
    named = client.recordings(list(scores))
    yield [
        Lead(song.artist, song.title, 0.2 + 0.6 * max(scores[mbid], 0) / best, mbid=mbid)
        for mbid, song in named.items()
    ]


def listenbrainz_exploration(asking: Asking) -> Batches:
    """The weekly exploration playlist: two calls."""
    found = ListenBrainz.of(asking.workspace).weekly_exploration()
    yield [Lead(song.artist, song.title, 0.5, mbid=song.mbid) for song in found if song.artist and song.title]


def listenbrainz_radio(asking: Asking) -> Batches:
    """Recordings with the listener's tags: two calls a tag, for five tags at most."""
    client = ListenBrainz.of(asking.workspace)
    for tag in asking.tags[: min(asking.calls // 2, 5)]:
        named = client.recordings(client.radio(tag, 30))
        yield [Lead(song.artist, song.title, 0.3, tag, mbid=mbid) for mbid, song in named.items()]


def reccobeats(asking: Asking) -> Batches:
    """Tracks that sound like the seeds: a call for two seeds of one artist or two."""
    client, seeds = ReccoBeats.of(asking.workspace), asking.seeds.filter(pl.col("track_id").is_not_null())
    for pair in seeds.head(2 * asking.calls).iter_slices(2):
        offers = client.recommendations(pair["track_id"].to_list(), 20)
        yield _ranked(offers, 0.5, pair["artist"][0], pair["song_id"][0])


def spotify_recs(asking: Asking) -> Batches:
    """Spotify's recommendations: a call for five seeds."""
    client = Spotify.of(asking.workspace)
    for five in asking.seeds.filter(pl.col("track_id").is_not_null()).head(5 * asking.calls).iter_slices(SEEDS_A_CALL):
        offers = client.recommendations(five["track_id"].to_list(), 50)
        yield _ranked(offers, 0.6, five["artist"][0], five["song_id"][0])


def new_releases(asking: Asking) -> Batches:
    """Songs of the last two months by artists of the seeds: a call or two an artist, and one an album that is new."""
    client = Spotify.of(asking.workspace)
    left = min(asking.calls, client.calls_left() - FOR_THE_MIX)
    since = f"{asking.now - RECENT_RELEASE:%Y-%m-%d}"
    playable = asking.seeds.filter(pl.col("track_id").is_not_null()).unique("artist", maintain_order=True)
    for artist, track_id in playable.select("artist", "track_id").iter_rows():
        if left < CALLS_AN_ARTIST:
            return
        artist_id = client.artist_id(track_id)
        fresh = [album for album in client.newest_albums(artist_id) if album.released >= since] if artist_id else []
        left -= 2 + len(fresh[:2])
        for album in fresh[:2]:
            songs = client.album_tracks(album.album_id)[:SONGS_AN_ARTIST]
            yield [Lead(song.artists[0], song.title, 0.6, artist, song.track_id) for song in songs]


def files(asking: Asking) -> Batches:
    """Songs of the charts in the inbox; the songs of albums there, and of albums that the listener rated highly, best first: a
    call an album, two where Last.fm does not know it."""
    charts = ingest.charts(asking.workspace.lake)
    songs = charts.filter(pl.col("title").is_not_null())
    yield [Lead(row["artist"], row["title"], 0.4, row["list"]) for row in songs.iter_rows(named=True)]
    calls = _Calls(asking.calls)
    for artist, album, strength, because in _albums(charts, ingest.ratings(asking.workspace.lake)):
        if not calls.left:
            return
        yield [
            Lead(name, title, strength, because, track_id)
            for name, title, track_id in _songs_of_album(asking.workspace, artist, album, calls)[:SONGS_AN_ALBUM]
        ]


def _albums(charts: pl.DataFrame, ratings: pl.DataFrame) -> Iterator[tuple[str, str, float, str]]:
    """(artist, album, strength, because) of the albums that the listener rated highly, best first, and of those in charts."""
    albums = ratings.filter(pl.col("title").is_null()).drop_nulls(["album", "rating"])
    loved = albums.with_columns(stars()).filter(pl.col("stars") >= LOVED)
    best_first = loved.sort("stars", descending=True, maintain_order=True)
    for artist, album, given in best_first.select("artist", "album", "stars").iter_rows():
        yield artist, album, 0.1 + 0.1 * given, f"{album}, which you rated {given:g} of {STARS}"
    for artist, album, name in (
        charts.filter(pl.col("title").is_null()).select("artist", "album", "list").drop_nulls().iter_rows()
    ):
        yield artist, album, 0.4, name


@dataclass
class _Calls:
    left: int


def _songs_of_album(workspace: Workspace, artist: str, album: str, calls: _Calls) -> list[tuple[str, str, str | None]]:
    """(artist, title, Spotify id) of an album's songs, from Last.fm, which costs none of Spotify's day, else from Spotify."""
    if workspace.secrets.has_lastfm:
        calls.left -= 1
        if found := LastFm.of(workspace).album_songs(artist, album):
            return [(song.artist, song.title, None) for song in found]
    if calls.left > 0 and sign_in_state(workspace) == SIGNED_IN_STATE:
        client = Spotify.of(workspace)
        if client.calls_left() > FOR_THE_MIX:
            calls.left -= 1
            return [(song.artists[0], song.title, song.track_id) for song in client.songs_of_album(artist, album)]
    return []


def _ranked(offers: Sequence[Offer], strength: float, because: str, seed: str) -> list[Lead]:
    """Leads that count less the later they come."""
    return [
        Lead(
            offer.artists[0],
            offer.title,
            strength * (1 - place / (2 * len(offers))),
            because,
            offer.track_id,
            seed=seed,
        )
        for place, offer in enumerate(offers)
        if offer.artists
    ]


def _lastfm(workspace: Workspace) -> str:
    return "" if workspace.secrets.has_lastfm else "Last.fm is not connected"


def _listenbrainz(workspace: Workspace) -> str:
    return "" if workspace.secrets.has_listenbrainz else "ListenBrainz is not connected"


def _spotify(workspace: Workspace) -> str:
    return "" if workspace.secrets.has_spotify else "Spotify is not connected"


def _recommendations(workspace: Workspace) -> str:
    closed = "" if capable(workspace, "recommendations") else "closed to this Spotify app"
    return _spotify(workspace) or closed


def _dropped(workspace: Workspace) -> str:
    there = ingest.charts(workspace.lake).height or ingest.ratings(workspace.lake).height
    return "" if there else f"no chart or rating was laid into {workspace.inbox}"


def _tagged(workspace: Workspace) -> str:
    seeds = workspace.lake.read_or_none(datasets.DISCOVERY_SEEDS)
    silent = seeds is not None and not seeds["listener_tags"].list.len().max()
    return "no tag of your songs is known" if silent else ""


def _open(_: Workspace) -> str:
    return ""


@dataclass(frozen=True)
class Source:
    """A source: how it is asked, and why it cannot be, empty where it can."""

    find: Callable[[Asking], Batches]
    closed: Callable[[Workspace], str]
    kind: str
    """The service behind it, for the UI."""
    patience: int = 1
    """Runs in a row without a lead that raise an alert: some have nothing to say for days."""


SOURCES: Mapping[str, Source] = {
    "lastfm_similar": Source(lastfm_similar, _lastfm, "lastfm"),
    "lastfm_artists": Source(lastfm_artists, _lastfm, "lastfm"),
    "lastfm_friends": Source(lastfm_friends, _lastfm, "lastfm", patience=3),
    "lastfm_stations": Source(lastfm_stations, _lastfm, "lastfm", patience=14),
    "listenbrain": Source(listenbrain, _listenbrainz, "listenbrainz"),
    "listenbrainz_exploration": Source(listenbrainz_exploration, _listenbrainz, "listenbrainz"),
    "listenbrainz_radio": Source(listenbrainz_radio, _tagged, "listenbrainz"),
    "reccobeats": Source(reccobeats, _open, "reccobeats"),
    "spotify_recs": Source(spotify_recs, _recommendations, "spotify"),
    "new_releases": Source(new_releases, _spotify, "spotify", patience=14),
    "files": Source(files, _dropped, "csv"),
}
"""Every source by its switch in the settings (discovery.sources)."""


def moment(now: float) -> datetime:
    return datetime.fromtimestamp(now, UTC)
