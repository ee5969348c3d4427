"""The register: every dataset that the lake holds, with its layer, its columns and what each column says.

No dataset is named by a string anywhere else. From here come the blocking schema check of every asset, the descriptions of
columns in the UI, and the list that `spotify-ai sql` prints. The layer is a folder of the lake; it is not the asset's group.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from spotify_ai_pipeline.music.tables import ACTIVATION, CARD, LEADS, LINKS, MEMBERS, PLAY, WEIGHTS
from spotify_ai_pipeline.music.tables import CLUSTERS as CLUSTERING
from spotify_ai_pipeline.music.tables import TRIALS as ON_TRIAL
from spotify_ai_pipeline.storage.columns import (
    A_DECISION,
    A_LIST,
    A_SONG,
    AUDIO,
    COUNT,
    FLAG,
    FROM_PROVIDER,
    GLOSSARY,
    NUMBER,
    TEXT,
    TEXTS,
    TIME,
    VECTOR,
    WEIGHTED_TAGS,
)
from spotify_ai_pipeline.storage.lake import Dataset, Schema

MONTH, DAY, FILE = "month", "day", "file"
"""What a partition of a dataset is: a calendar month (UTC), a day (UTC), or the digest of an imported file."""


def described(dataset: Dataset) -> dict[str, str]:
    """Gives what each column of ``dataset`` says; empty where its name says all."""
    return {column: dataset.notes.get(column) or GLOSSARY.get(column, "") for column in dataset.schema}


# ingest
SPOTIFY_LIBRARY = Dataset(
    "ingest",
    "spotify_library",
    "One row an item of the liked songs and of the owned or collaborative playlists.",
    {
        "list_id": TEXT, "list_name": TEXT, "snapshot_id": TEXT, "position": COUNT, "added_at": TIME, "track_id": TEXT,
        "title": TEXT, "artist": TEXT, "artists": TEXTS, "album": TEXT, "isrc": TEXT, "duration_ms": COUNT,
        "release_date": TEXT,
    },
    notes={
        "list_id": "Spotify id of the playlist, or liked",
        "list_name": "Name of the playlist",
        "snapshot_id": "Spotify's version of the playlist; null for liked songs",
    },
)  # fmt: skip
OUR_LISTS = Dataset(
    "ingest",
    "our_lists",
    "One row an item of our own lists where they are kept elsewhere than on Spotify.",
    {"list_id": TEXT, "track_id": TEXT, "position": COUNT, "snapshot_id": TEXT},
    notes={
        "list_id": "Id of the list where it is kept",
        "track_id": "The id that the song is on the list under",
        "snapshot_id": "The state of the list",
    },
)
LOVED_SONGS = Dataset(
    "ingest",
    "loved_songs",
    "One row a song that the listener loved on Last.fm or ListenBrainz.",
    {"source": TEXT, "artist": TEXT, "title": TEXT, "mbid": TEXT, "loved_at": TIME},
    notes={"loved_at": "When it was loved; null where the service does not say"},
)
SCROBBLES = Dataset(
    "ingest",
    "scrobbles",
    "One row a play that Last.fm knows, as it was spelled there.",
    {"played_at": TIME, "artist": TEXT, "title": TEXT, "album": TEXT, "track_mbid": TEXT, "artist_mbid": TEXT},
    partitioned_by=MONTH,
    notes={"artist_mbid": "MusicBrainz id of the artist, as the service says it"},
)
LISTENBRAINZ_LISTENS = Dataset(
    "ingest", "listenbrainz_listens", "One row a listen that ListenBrainz knows.", PLAY, partitioned_by=MONTH
)
RECENT_PLAYS = Dataset(
    "ingest", "recent_plays", "One row a play of those that Spotify remembered.", PLAY, partitioned_by=DAY
)
HISTORY_IMPORTS = Dataset(
    "ingest",
    "history_imports",
    "One row a play that an imported file tells of.",
    {**PLAY, "stamped_at": TIME, "nth": COUNT},
    partitioned_by=FILE,
    notes={"nth": "Which of several equal rows of the file this is, from 0"},
)
RATINGS = Dataset(
    "ingest",
    "ratings",
    "One row an album or song that the listener rated, as it was spelled there.",
    {
        "rym_id": TEXT, "artist": TEXT, "artist_alias": TEXT, "title": TEXT, "album": TEXT, "year": COUNT,
        "rating": NUMBER, "best": COUNT,
    },
    notes={
        "rym_id": "Id of the album on RateYourMusic; null for other ratings",
        "artist_alias": "The artist's name in another script, where the file has one",
        "title": "Title of the song; null where the album was rated",
        "album": "Title of the album; null where a song was rated",
        "year": "Year of release",
        "rating": "The rating, above 0 up to best; null where the listener gave none",
        "best": "The best rating that there is: 10 on RateYourMusic (half stars)",
    },
)  # fmt: skip
RATING_IMPORTS = Dataset(
    "ingest",
    "rating_imports",
    "One row a rating that an imported file tells of.",
    RATINGS.schema,
    partitioned_by=FILE,
    notes=RATINGS.notes,
)
LIBRARY_IMPORTS = Dataset(
    "ingest",
    "library_imports",
    "One row an item of a list of the listener's library, from a file.",
    SPOTIFY_LIBRARY.schema,
    partitioned_by=FILE,
    notes=SPOTIFY_LIBRARY.notes,
)
CHARTS = Dataset(
    "ingest",
    "charts",
    "One row an entry of an imported chart.",
    {"list": TEXT, "position": COUNT, "artist": TEXT, "title": TEXT, "album": TEXT},
    partitioned_by=FILE,
    notes={"list": "Name of the chart"},
)
QUARANTINE = Dataset(
    "ingest",
    "quarantine",
    "One row a record that could not be read, and why.",
    {"file": TEXT, "line": COUNT, "reason": TEXT},
    partitioned_by=FILE,
    notes={"file": "Name of the file", "line": "Line of the file, from 1"},
)
APPLIED_VERDICTS = Dataset(
    "discovery",
    "applied_verdicts",
    "One row a verdict that was brought about by the last run.",
    {"outcome": TEXT},
    notes={"outcome": "The song, the verdict, and what was done"},
)

# identity
SONG_RATINGS = Dataset(
    "identity",
    "song_ratings",
    "One row a song that the listener rated, itself or by its album.",
    {"song_id": TEXT, "rating": NUMBER, "of": TEXT, "rated": TEXT},
    notes={
        "rating": "Stars of five",
        "of": "What was rated: song or album; the song's own rating counts where there are both",
        "rated": "Title of the song or album that was rated",
    },
)
PLAYS = Dataset("identity", "plays", "One row a play and source.", PLAY)
SONG_MEMBERS = Dataset(
    "identity",
    "song_members",
    "One row a Spotify id or spelling, with the song that it belongs to and why.",
    MEMBERS,
    notes={
        "kind": "track or spelling",
        "member": "The Spotify id, or the key of the spelling",
        "rule": "The rule that joined it",
        "score": "How alike the names are, 0 to 100",
        "near": "The song that it nearly joined",
        "near_evidence": "What speaks for the near song",
        "near_score": "How alike the near song is, 0 to 100",
    },
)
SONG_LINKS = Dataset(
    "identity",
    "song_links",
    "One row a song that is in no list, with the Spotify id that was found for it.",
    LINKS,
    notes={"key": "Key of the spelling that was asked about"},
)
SONGS = Dataset(
    "identity",
    "songs",
    "One row a song: every Spotify id and every spelling of it together.",
    {
        **A_SONG, "artists": TEXTS, "album": TEXT, "isrc": TEXT, "duration_ms": COUNT, "release_date": TEXT,
        "track_ids": TEXTS, "added_at": TIME, "liked": FLAG, "best": FLAG, "lists": TEXTS, "in_library": FLAG,
        "keys": TEXTS, "mbid": TEXT, "artist_key": TEXT,
    },
    notes={"keys": "Keys of all spellings"},
)  # fmt: skip
LISTENS = Dataset(
    "identity",
    "listens",
    "One row a listen, whatever sources tell of it.",
    {
        "song_id": TEXT, "source": TEXT, "played_at": TIME, "played_track_id": TEXT, "ms_played": COUNT, "ended_by": TEXT,
        "device": TEXT, "playlist_id": TEXT, "private": FLAG, "sources": TEXTS, "completion": NUMBER, "skipped": FLAG,
        "skip_confidence": NUMBER, "excluded": FLAG, "counts": FLAG,
    },
    notes={
        "played_track_id": "Spotify id that was played, where a source knows it",
        "skipped": "The song was skipped; null where unknown",
        "skip_confidence": "How sure that is, 0 to 1",
    },
)  # fmt: skip

# features
AUDIO_FEATURES = Dataset(
    "features",
    "audio_features",
    "One row a song with the audio features that its provider says or measured.",
    {"song_id": TEXT, "track_id": TEXT, **dict.fromkeys(AUDIO, NUMBER), **FROM_PROVIDER},
    notes={
        **dict.fromkeys(AUDIO[:7], "0 to 1"),
        "loudness": "Mean loudness in decibels",
        "tempo": "Beats a minute",
        "key": "Pitch class, 0 is C; -1 where none was found",
        "mode": "1 is major, 0 is minor",
    },
)
TAGS = Dataset(
    "features",
    "tags",
    "One row a song with what people call it.",
    {"song_id": TEXT, "tags": WEIGHTED_TAGS, **FROM_PROVIDER},
)
LYRICS = Dataset(
    "features",
    "lyrics",
    "One row a song with a vector of its words.",
    {"song_id": TEXT, "instrumental": FLAG, "vector": pl.Array(pl.Float32(), 384), **FROM_PROVIDER},
    notes={"instrumental": "The song has no words"},
)
CLAP = Dataset(
    "features",
    "clap",
    "One row a song with a vector of its sound.",
    {"song_id": TEXT, "vector": pl.Array(pl.Float32(), 512), **FROM_PROVIDER, "model": TEXT},
)
EARS = Dataset(
    "features",
    "ears",
    "One row a song with the tags that are heard in it, and a vector of its sound.",
    {"song_id": TEXT, "tags": WEIGHTED_TAGS, "vector": pl.Array(pl.Float32(), 200), **FROM_PROVIDER},
    notes={"tags": "What is heard, with its likelihood"},
)
SONG_EMBEDDINGS = Dataset(
    "features",
    "song_embeddings",
    "One row a song with the vector that all its features make.",
    {
        "song_id": TEXT, "vector": VECTOR, "has_audio": FLAG, "has_tags": FLAG, "has_artist": FLAG, "has_lyrics": FLAG,
        "has_clap": FLAG, "model": TEXT,
    },
    notes={f"has_{block}": f"The vector knows {words} of the song" for block, words in {
        "audio": "audio features", "tags": "tags", "artist": "the artist's company", "lyrics": "the words", "clap": "the sound",
    }.items()},
)  # fmt: skip
SONG_INDEX = Dataset("features", "song_index", "One row a song in the order of the FAISS index.", {"song_id": TEXT})

# taste
ACTIVATIONS = Dataset(
    "taste",
    "activations",
    "One row a song with what its plays left behind, up to the days in which scrobbles may still come late.",
    {"song_id": TEXT, **ACTIVATION},
    notes={
        "first": "First play (UTC seconds)",
        "last": "Last play (UTC seconds)",
        "kept": "Exponential memories, one a half-life",
    },
)
LISTENING_STATS = Dataset(
    "taste",
    "listening_stats",
    "One row a song with how it stands now.",
    {
        "song_id": TEXT, "plays": COUNT, "recent_plays": COUNT, "first_played": TIME, "last_played": TIME,
        "days_quiet": NUMBER, "staleness": NUMBER, "activation": NUMBER,
    },
    notes={
        "first_played": "First play; null for a song never played",
        "last_played": "Last play; null for a song never played",
        "staleness": "How tired the listener is of it, 0 to 1",
        "activation": "How much it is on the listener's mind: sum over plays of a power of their age in days",
    },
)  # fmt: skip
SONG_SCORES = Dataset(
    "taste",
    "song_scores",
    "One row a song with its worth to the mix and the parts of it.",
    {
        "song_id": TEXT, "track_id": TEXT, "track_ids": TEXTS, "title": TEXT, "artist": TEXT, "artist_key": TEXT,
        "slot": TEXT, "score": NUMBER, "taste": NUMBER, "mood": NUMBER, "freshness": NUMBER, "plays": COUNT,
        "recent_plays": COUNT, "days_quiet": NUMBER, "reason": TEXT, "in_library": FLAG, "expected": NUMBER,
        "by_plays": NUMBER, "by_artist": NUMBER, "by_company": NUMBER, "by_age": NUMBER, "by_said": NUMBER,
        "last_played": TIME, "tired": FLAG, "said": TEXT,
        "from_taste": NUMBER, "from_mood": NUMBER, "from_freshness": NUMBER, "from_chance": NUMBER,
    },
    notes={
        "by_plays": "What the forecast is multiplied by for the song's own plays",
        "by_artist": "The same for plays of the artist",
        "by_company": "The same for plays of the songs played beside it, or like it",
        "by_age": "The same for how long it is known and quiet",
        "by_said": "The same for what the listener said of it",
        "last_played": "Last play; null for a song never played",
        "said": "What the listener said of it, in words",
        "from_taste": "Part of the score from the forecast",
        "from_mood": "Part of the score from the mood",
        "from_freshness": "Part of the score from freshness",
        "from_chance": "Part of the score from exploration noise",
    },
)  # fmt: skip
TASTE_WEIGHTS = Dataset(
    "taste",
    "taste_weights",
    "One row a weight of the taste model, and how it did on the listener's last weeks.",
    {
        **WEIGHTS, "others": NUMBER, "weeks": COUNT, "deviance": NUMBER, "deviance_of_others": NUMBER, "unheard": NUMBER,
        "trained_at": TIME, "plays": COUNT, "data_version": TEXT,
    },
    notes={
        "habit": "rotation or dormant",
        "term": "Term of the regression",
        "part": "Part of the score that the term belongs to",
        "mean": "Mean of the term",
        "base": "Logarithm of the mean forecast",
        "others": "The weight that other listeners' histories taught",
        "weeks": "Weekly cuts of the listener's own that taught it",
        "deviance": "Error on the latest cuts of what the cuts before taught; null where there are too few",
        "deviance_of_others": "The same of what other listeners taught alone",
        "unheard": "Plays of songs never heard before, as a multiple of those expected",
        "plays": "Plays that it learned from",
        "data_version": "Version of the listens that it learned from",
    },
)  # fmt: skip
MOOD = Dataset(
    "taste",
    "mood",
    "At most one row: the mood that the mix follows now.",
    {
        "vector": pl.List(pl.Float32()), "model": TEXT, "source": TEXT, "words": TEXTS, "tags": TEXTS, "clusters": TEXTS,
        "listens": COUNT, "since": TIME, "until": TIME, "said": TEXT, "expires_at": TIME,
    },
    notes={
        "vector": "Direction of the mood in the space of embeddings",
        "source": "said or listening",
        "words": "What the mood is like, in words",
        "tags": "Tags of the mood",
        "clusters": "Clusters nearest to the mood",
        "since": "First listen that it was heard from",
        "until": "Last listen that it was heard from",
        "said": "What the listener asked for",
        "expires_at": "When a mood that was asked for ends",
    },
)  # fmt: skip
CLUSTERS = Dataset(
    "features",
    "clusters",
    "One row a song with its cluster and its place on the map.",
    CLUSTERING,
    notes={
        "core": "The song lies in a dense group; else it joined that of the nearest song",
        "place": "Place in the space in which density was measured",
        "laid_out": "The song was there at the last layout",
        "clustered_at": "When the clusters were made",
        "made_with": "Version of the embeddings",
    },
)
CLUSTER_NAMES = Dataset(
    "features",
    "cluster_names",
    "One row a cluster or family with its name.",
    {
        "cluster_id": COUNT, "parent_cluster_id": COUNT, "level": TEXT, "songs": COUNT, "name": TEXT, "description": TEXT,
        "tags": TEXTS, "sample": TEXTS, "named_by": TEXT, "named_at": TIME, "named_songs": TEXTS,
    },
    notes={
        "description": "What the cluster is like, in a sentence",
        "tags": "Its distinctive tags",
        "sample": "Its most typical songs",
        "named_by": "claude, tags, or the stand-in of a demo",
        "named_at": "When it was named",
        "named_songs": "Songs that it was named for",
    },
)  # fmt: skip
CLUSTER_HEALTH = Dataset(
    "features",
    "cluster_health",
    "One row a cluster with how it fares.",
    {
        "cluster_id": COUNT, "name": TEXT, "songs": COUNT, "cohesion": NUMBER, "separation": NUMBER, "core_share": NUMBER,
        "drift": NUMBER, "play_share": NUMBER, "recent_play_share": NUMBER, "centre": VECTOR,
    },
    notes={
        "cohesion": "Mean cosine of its songs with its centre",
        "separation": "Cosine with the nearest other centre",
        "core_share": "Share of its songs in a dense group",
        "drift": "How far its centre moved since last time",
        "play_share": "Its share of all plays",
        "recent_play_share": "Its share of the plays of the last 30 days",
        "centre": "Its centre in the space of embeddings",
    },
)  # fmt: skip
LIBRARY_MAP = Dataset(
    "features",
    "library_map",
    "One row a song with its place on the map.",
    {
        "song_id": TEXT, "cluster_id": COUNT, "parent_cluster_id": COUNT, "x": pl.Float32(), "y": pl.Float32(),
        "track_id": TEXT, "title": TEXT, "artist": TEXT, "energy": NUMBER, "days_quiet": NUMBER,
    },
)  # fmt: skip

# discovery
DISCOVERY_SEEDS = Dataset(
    "discovery",
    "discovery_seeds",
    "One row a song that sources are asked about.",
    {
        "song_id": TEXT, "artist": TEXT, "title": TEXT, "artist_key": TEXT, "track_id": TEXT, "mbid": TEXT,
        "weight": NUMBER, "listener_tags": TEXTS,
    },
    notes={"listener_tags": "Tags that sources are asked about", "weight": "How likely the song is drawn"},
)  # fmt: skip
LEADS_BY_SOURCE: Mapping[str, Dataset] = {
    source: Dataset("discovery", source, f"One row a song that {source} puts forward.", LEADS)
    for source in (
        "lastfm_similar", "lastfm_artists", "lastfm_friends", "lastfm_stations", "listenbrain",
        "listenbrainz_exploration",
        "listenbrainz_radio", "reccobeats", "spotify_recs", "new_releases", "files",
    )
}  # fmt: skip
_A_CANDIDATE: Schema = {
    "song_id": TEXT, "artist_key": TEXT, "artist": TEXT, "title": TEXT, "track_id": TEXT, "mbid": TEXT, "source": TEXT,
    "sources": TEXTS, "seeds": TEXTS, "strength": NUMBER, "reason": TEXT, "tags": WEIGHTED_TAGS, "link": TEXT,
    "labs_asked_at": TIME, "search_asked_at": TIME,
}  # fmt: skip
CANDIDATES = Dataset(
    "discovery",
    "candidates",
    "One row a song that is new to the listener.",
    _A_CANDIDATE,
    notes={"source": "The surest of all sources", "seeds": "The listener's songs that led there"},
)
CANDIDATE_SCORES = Dataset(
    "discovery",
    "candidate_scores",
    "One row a candidate with the chance that it stays.",
    {**_A_CANDIDATE, "chance": NUMBER, "terms": TEXT, "region": TEXT},
    notes={**CANDIDATES.notes, "chance": "Chance that it stays, 0 to 1", "terms": "Terms of the model (JSON)"},
)
CANDIDATE_MODEL = Dataset(
    "discovery",
    "candidate_model",
    "One row a weight of the candidate model, and how well it does.",
    {
        "kind": TEXT, "name": TEXT, "weight": NUMBER, "mean": NUMBER, "trained_at": TIME, "songs": COUNT,
        "verdicts": COUNT, "data_version": TEXT, "auc": NUMBER, "brier": NUMBER, "brier_of_share": NUMBER,
        "said": pl.List(pl.Float64()), "stayed": pl.List(pl.Float64()),
    },
    notes={
        "kind": "term of the model, or a fifth of its calibration",
        "verdicts": "Verdicts that it learned from",
        "data_version": "Version of the listens that it learned from",
        "auc": "Area under the curve on songs that were held back",
        "brier_of_share": "Brier score of saying the mean share for every song",
        "said": "Chances that were said, by fifths",
        "stayed": "Share that stayed, by the same fifths",
        "mean": "Mean of the term",
    },
)  # fmt: skip
DISCOVERIES = Dataset(
    "discovery",
    "discoveries",
    "One row a source with how it fares.",
    {"source": TEXT, "weight": NUMBER, "deviation": NUMBER, "proposed": pl.UInt32()},
    notes={
        "weight": "Logarithm of the odds of a yes against the mean",
        "deviation": "Standard deviation of the weight",
        "proposed": "Songs proposed by the last run",
    },
)
TRIALS = Dataset("discovery", "trials", "One row a new song that the mix may take.", {**ON_TRIAL, "status": TEXT})
TRIALS_ON_LISTS = Dataset(
    "discovery",
    "trials_on_lists",
    "One row a new song on trial.",
    {"item_id": COUNT, "song_id": TEXT, "status": TEXT, "listed": FLAG},
    notes={"item_id": "Number of the question", "listed": "The song is on a playlist now"},
)

# playlist
MIX = Dataset("playlist", "mix", "One row a song of the mix as decided, and one a song that leaves it.", A_DECISION)
ADVENTURE = Dataset("playlist", "adventure", "The same for the adventure list.", A_DECISION)
DECISIONS: Mapping[str, Dataset] = {"mix": MIX, "adventure": ADVENTURE}
SPOTIFY_PLAYLIST = Dataset("playlist", "spotify_playlist", "The mix as it was read back from Spotify.", A_LIST)
ADVENTURE_PLAYLIST = Dataset(
    "playlist", "adventure_playlist", "The adventure list as it was read back from Spotify.", A_LIST
)
CLUSTER_PLAYLISTS = Dataset(
    "playlist",
    "cluster_playlists",
    "One row a song of each cluster's playlist as decided, and one a song that leaves it.",
    {
        "cluster_id": COUNT, "playlist": TEXT, "rank": COUNT, "song_id": TEXT, "track_id": TEXT, "change": TEXT,
        "on_list": TEXTS,
    },
)  # fmt: skip
CLUSTERS_ON_SPOTIFY = Dataset(
    "playlist",
    "clusters_on_spotify",
    "Each cluster's playlist as it was read back from Spotify.",
    {"cluster_id": COUNT, "playlist": TEXT, "position": COUNT, "track_id": TEXT},
)
OWN_LISTS = Dataset(
    "playlist",
    "own_lists",
    "One row a song of each list of the listener's own as decided, and one a song that leaves it.",
    {"list_id": COUNT, "playlist": TEXT, **A_DECISION},
    notes={"list_id": "Number of the list"},
)
OWN_LISTS_WRITTEN = Dataset(
    "playlist",
    "own_lists_written",
    "The lists of the listener's own that were written by the last refresh, as they were read back.",
    {"list_id": COUNT, "playlist": TEXT, **A_LIST},
    notes={"list_id": "Number of the list"},
)
PLAYLIST_SNAPSHOTS = Dataset(
    "playlist",
    "playlist_snapshots",
    "One row a frozen copy of a playlist.",
    {"snapshot_id": COUNT, "playlist": TEXT, "name": TEXT, "songs": COUNT, "taken_at": NUMBER},
    notes={"snapshot_id": "Number of the copy", "taken_at": "When it was taken (UTC seconds)"},
)
SUGGESTIONS = Dataset(
    "playlist",
    "suggestions",
    "One row a dormant song that the listener is asked about.",
    {**A_SONG, "score": NUMBER, "reason": TEXT},
)
REMOVALS = Dataset(
    "playlist",
    "removals",
    "One row a song that was turned down so often that its leaving is proposed.",
    {**A_SONG, "reason": TEXT, "score": NUMBER},
)
SCORE_CARD = Dataset(
    "taste",
    "score_card",
    "One row a week with what became of the lists.",
    CARD,
    notes={
        "week": "Its Monday, in the listener's time zone",
        "plays": "Plays of the week",
        "held": "Plays of songs that were on the list",
        "held_by_recency": "Plays of songs that a list by recency would have held",
        "brought_back": "Songs that the list brought back",
        "kept": "Songs brought back that were heard within 30 days; null while these are not over",
        "quiet": "Songs that were quiet when the week began",
        "quiet_heard": "Quiet songs that were heard within 30 days",
        "new": "New songs on the list",
        "new_known": "New songs of which it is known whether they stayed",
        "new_stayed": "New songs that stayed",
        "found": "Songs first heard off the list of which it is known whether they stayed",
        "found_stayed": "Songs first heard off the list that stayed",
    },
)
SUSPECTS = Dataset(
    "taste",
    "suspects",
    "One row a sitting or an artist that may not have been the listener's.",
    {"kind": TEXT, "value": TEXT, "since": TIME, "until": TIME, "plays": COUNT, "why": TEXT, "proposed": FLAG},
    notes={
        "kind": "span or artist: what would leave it out",
        "value": "The artist's name; empty for a span",
        "since": "When it began; of an artist the first play",
        "until": "When it was over; of an artist the last play",
        "plays": "Plays in it",
        "why": "Why it looks so, in words",
        "proposed": "It is sure enough to be asked about",
    },
)

REGISTER: Mapping[str, Dataset] = {
    dataset.name: dataset
    for dataset in [*(value for value in globals().values() if isinstance(value, Dataset)), *LEADS_BY_SOURCE.values()]
}
"""Every dataset by its name, which is also the name of its asset."""
