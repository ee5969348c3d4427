"""What comes by itself: sensors that look for something worth saying and lay it down for the bot to send.

None of them opens a connection to Telegram: the table of messages stands between, so that a bot that is down loses nothing and
a sensor needs no token. Each keeps its switch, its cap a day and the quiet hours (``services/speaking.py``).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import dagster as dg
import numpy as np
import polars as pl

from spotify_ai_pipeline.app import friends, not_me, notification_policy, spotify_ids, webhook
from spotify_ai_pipeline.clients import sign_in
from spotify_ai_pipeline.clients.lastfm import LastFm
from spotify_ai_pipeline.clients.listenbrainz_labs import ListenBrainzLabs
from spotify_ai_pipeline.defs.discovery.sources import flat, liking
from spotify_ai_pipeline.defs.resources import WorkspaceResource
from spotify_ai_pipeline.durations import DAY, HOUR, MINUTE
from spotify_ai_pipeline.errors import ExpectedError
from spotify_ai_pipeline.music.discovery import affinity
from spotify_ai_pipeline.music.discovery.dedupe import new_songs
from spotify_ai_pipeline.music.discovery.leads import Lead, gather
from spotify_ai_pipeline.music.identity.artists import artist_key
from spotify_ai_pipeline.music.mix.scorecard import summary
from spotify_ai_pipeline.music.mood import change_point
from spotify_ai_pipeline.music.mood.parser import describe
from spotify_ai_pipeline.music.plays.play_counts import SESSION_GAP
from spotify_ai_pipeline.music.tables import LEADS
from spotify_ai_pipeline.storage import alerts, datasets, notification_outbox, queue, trials
from spotify_ai_pipeline.storage.columns import WEIGHTED_TAGS
from spotify_ai_pipeline.storage.embedding_model import embedding_model
from spotify_ai_pipeline.storage.workspace import Workspace

SILENT_AFTER = DAY
"""A service that is deferred shorter than this went silent for a while, as services do."""
LATEST_LISTENS = 20_000
"""In which sessions are looked for: many times those of a test."""
LOOKED_UP, LOOK_UPS = "friends' artists", "look-ups"
"""Where the look-ups of a day are counted."""
ONE_FRIEND = 0.4
"""How sure a friend's play is as a lead, 0 to 1: what the source of friends' plays gives one play of one friend."""


@dataclass(frozen=True)
class News:
    """``about`` names the news, so that it is said once; ``lasts`` seconds is how long it is worth saying."""

    about: str
    body: dict[str, Any]
    lasts: float


def candidate(workspace: Workspace, now: float) -> Iterator[News]:
    """The new song that should fit best, waiting or on trial, where it is among the best that were found for the listener."""
    open_ = queue.items(workspace.state, ("pending", "trial"), queue.DISCOVERY)
    scored = workspace.lake.read_or_none(datasets.CANDIDATE_SCORES)
    usual = [one.chance for one in open_ if one.chance is not None] if scored is None else scored["chance"].to_list()
    least = _best(usual, workspace.settings.proactive.candidate.one_in)
    waiting = [one for one in open_ if one.chance is not None and one.chance >= least]
    for one in sorted(waiting, key=lambda one: -(one.chance or 0.0)):
        if not notification_outbox.known(workspace.state, about := f"candidate {one.item_id}"):
            yield News(about, {"item_id": one.item_id}, DAY)
            return


def mood_shift(workspace: Workspace, now: float) -> Iterator[News]:
    """What is played has changed: a change point between the last sessions and those of the weeks before."""
    embeddings = workspace.lake.read_or_none(datasets.SONG_EMBEDDINGS)
    model = embedding_model(workspace.lake)
    if embeddings is None or model is None:
        return
    listens = workspace.lake.scan(datasets.LISTENS).filter("counts").select("song_id", "played_at")
    latest = listens.sort("played_at").tail(LATEST_LISTENS).collect()
    heard = latest.join(embeddings.select("song_id", "vector"), on="song_id", how="inner", maintain_order="left")
    at = heard["played_at"].dt.epoch("ms").to_numpy() / 1_000
    found = change_point.sessions(at, heard["vector"].to_numpy().astype(np.float64), SESSION_GAP)
    seen = int(np.searchsorted(found.ended, workspace.state.fact(LAST_SHIFT) or 0.0, side="right"))
    if len(found.ended) - seen < change_point.RECENT:
        return  # too little was heard since the last alarm
    shift = change_point.latest_shift(found.means)
    if shift is None or shift.chance > workspace.settings.proactive.mood_shift.false_alarms:
        return
    workspace.state.set_fact(LAST_SHIFT, float(found.ended[-1]))
    lately, before = (", ".join(describe(model.sound(mean))) or "mixed" for mean in (shift.recent, shift.before))
    text = (
        f"What you play has changed: {lately} over your last {change_point.RECENT} sessions, {before} before. "
        "A refresh brings the mix along."
    )
    yield News(f"mood shift {int(found.ended[-1])}", {"text": text, "chance": shift.chance}, DAY)


LAST_SHIFT = "last mood shift"


def sign_in_ends(workspace: Workspace, now: float) -> Iterator[News]:
    """The sign-in to Spotify is about to end: once a week, and when it has ended."""
    if warning := sign_in.sign_in_warning(workspace):
        left = sign_in.days_left(workspace)
        when = "ended" if left is None else f"{left // 7} weeks"
        yield News(f"sign-in {workspace.state.fact(sign_in.SIGNED_IN)} {when}", {"text": f"{warning}"}, 2 * DAY)


def silent_source(workspace: Workspace, now: float) -> Iterator[News]:
    """A source of new songs that puts nothing forward any more, or a service that has been out of reach for a day."""
    for alert in alerts.open_alerts(workspace.state):
        yields = alert.name.startswith("yield ")
        silent = alert.name.startswith(("deferred ", "stopped ")) and now - alert.raised_at >= SILENT_AFTER
        if yields or silent:
            yield News(f"alert {alert.name} {int(alert.raised_at)}", {"text": alert.message}, 2 * DAY)


def score_card(workspace: Workspace, now: float) -> Iterator[News]:
    """How well the mix fitted, once for each week."""
    card = workspace.lake.read_or_none(datasets.SCORE_CARD)
    if card is not None and not card.is_empty():
        text = f"Your week\n{summary(card)}"
        yield News(f"score card {card['week'][-1]:%Y-%m-%d}", {"text": text}, 2 * DAY)


def friend(workspace: Workspace, now: float) -> Iterator[News]:
    """A friend plays a song that is new to the listener and should fit."""
    settings = workspace.settings.proactive.friend
    songs, stats = workspace.lake.read_or_none(datasets.SONGS), workspace.lake.read_or_none(datasets.LISTENING_STATS)
    tags = workspace.lake.read_or_none(datasets.TAGS)
    if not workspace.secrets.has_lastfm or songs is None or stats is None or tags is None:
        return
    for playing in friends.playing(workspace, LastFm.of(workspace), settings.calls_per_tick):
        about = f"friend {playing.friend} {playing.artist} {playing.title}".casefold()
        if notification_outbox.known(workspace.state, about):
            continue
        song = _fitting(workspace, playing, songs, stats, tags, now)
        if song is not None and song["chance"] >= song.pop("least") and (track := _track_id(workspace, playing)):
            text = f"{playing.friend} plays something for you, predicted match {song['chance']:.0%}:"
            yield News(about, {"text": text, "song": song | {"track_id": track}}, 30 * MINUTE)


def not_me_proposed(workspace: Workspace, now: float) -> Iterator[News]:
    """Listening of late looks like another person's."""
    for one in not_me.proposals(workspace):
        text = f"Was this you? {one.label}: {one.why}. /notme or `spotify-ai notme` leaves it out."
        yield News(f"not me {one.key}", {"text": text, "not_me": one.key}, 7 * DAY)


def _fitting(
    workspace: Workspace,
    playing: friends.Playing,
    songs: pl.DataFrame,
    stats: pl.DataFrame,
    tags: pl.DataFrame,
    now: float,
) -> dict[str, Any] | None:
    """The song as the queue takes it, with its chance and the ``least`` one that is worth a message: that of the best songs
    found for the listener, reckoned alike. None where it is not new to the listener."""
    lead = Lead(playing.artist, playing.title, ONE_FRIEND, playing.friend)
    row = {**vars(lead), "source": "lastfm_friends", "found_at": datetime.fromtimestamp(now, UTC)}
    fresh, _ = new_songs(gather(pl.DataFrame([row], schema=LEADS)), songs, trials.refused(workspace.state, now))
    if fresh.is_empty():
        return None
    found = fresh.row(0, named=True)
    profile = affinity.Profile.of(liking(songs.lazy(), stats.lazy()).collect(), flat(tags))
    words = flat(tags).join(songs.filter(artist_key=found["artist_key"]).select("song_id"), on="song_id")
    of_artist = words.group_by("tag").agg(pl.mean("weight")).sort("tag").to_dicts()
    if found["artist_key"] not in profile.artists:
        of_artist, expected = _looked_up(workspace, playing.artist, profile)
        if expected is not None:
            profile = replace(profile, artists={**profile.artists, found["artist_key"]: expected})
    one = fresh.with_columns(tags=pl.Series([of_artist or None], dtype=WEIGHTED_TAGS))
    chance = float(affinity.chance(one, profile)[0])
    scored = workspace.lake.read_or_none(datasets.CANDIDATE_SCORES)
    found_for_you = one if scored is None or scored.is_empty() else scored
    usual = affinity.chance(found_for_you.with_columns(strength=pl.lit(ONE_FRIEND)), profile)
    return {
        "song_id": found["song_id"],
        "artist_key": found["artist_key"],
        "artist": playing.artist,
        "title": playing.title,
        "score": chance,
        "chance": chance,
        "least": _best(usual.tolist(), workspace.settings.proactive.friend.one_in),
        "source": "lastfm_friends",
        "reason": f"{playing.friend} played it",
    }


def _looked_up(
    workspace: Workspace, artist: str, profile: affinity.Profile
) -> tuple[list[dict[str, Any]], float | None]:
    """The tags of an artist who was never heard, and what the artists beside them let expect: two calls, kept for a month, as
    long as the day's look-ups last; nothing where they are used up."""
    asked, most = workspace.answers.get(LOOKED_UP, [LOOK_UPS]), workspace.settings.proactive.friend.look_ups_per_day
    count = int(asked.get(LOOK_UPS) or 0)
    if count + 2 > most:
        return [], None
    workspace.answers.put(LOOKED_UP, {LOOK_UPS: count + 2}, days=1)
    client = LastFm.of(workspace)
    tags = [{"tag": tag, "weight": weight} for tag, weight in client.artist_tags(artist).items()]
    near = [(artist_key(name), likeness) for name, likeness in client.similar_artists(artist)]
    return tags, affinity.through_neighbours(near, profile)


def _best(chances: list[float], one_in: int) -> float:
    """The least chance of the best one in so many; endless where there are none."""
    return float(np.quantile(chances, 1 - 1 / one_in)) if chances else float("inf")


def _track_id(workspace: Workspace, playing: friends.Playing) -> str | None:
    """Its Spotify id by ListenBrainz labs, which costs nothing of Spotify's budget: one call."""
    song = {"artist": playing.artist, "title": playing.title}
    ((_, found),) = spotify_ids.from_labs(ListenBrainzLabs.of(workspace), [song])
    return found[0].track_id if found else None


@dataclass(frozen=True)
class Watch:
    """A sensor: what it looks for, how often, and what it says about itself."""

    kind: str
    find: Callable[[Workspace, float], Iterator[News]]
    every: float
    why: str


WATCHES = [
    Watch(notification_policy.CANDIDATE, candidate, 10 * MINUTE, "Suggests a new song that should fit very well."),
    Watch(notification_policy.MOOD_SHIFT, mood_shift, 30 * MINUTE, "Says that what you play has changed."),
    Watch(notification_policy.SIGN_IN, sign_in_ends, 6 * HOUR, "Says that the sign-in to Spotify is about to end."),
    Watch(notification_policy.SILENT_SOURCE, silent_source, HOUR, "Says that a source went silent."),
    Watch(notification_policy.SCORE_CARD, score_card, 6 * HOUR, "Sends the weekly score card."),
    Watch(notification_policy.FRIEND, friend, 10 * MINUTE, "Says that a friend on Last.fm plays something for you."),
    Watch(notification_policy.NOT_ME, not_me_proposed, 6 * HOUR, "Asks whether odd listening was you."),
]


def sensor(watch: Watch) -> dg.SensorDefinition:
    @dg.sensor(
        name=f"say_{watch.kind}",
        minimum_interval_seconds=int(watch.every),
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=f"{watch.why} Starts no run; proactive.{watch.kind} in the settings switches it.",
    )
    def look(workspace: WorkspaceResource) -> dg.SkipReason:
        return dg.SkipReason(look_once(watch, workspace.workspace, workspace.now()))

    return look


def look_once(watch: Watch, workspace: Workspace, now: float) -> str:
    """Looks, and lays down what may be said; what came of it, in words. Nothing is looked for that may not be said."""
    said = 0
    try:
        if reason := notification_policy.why_not(workspace, watch.kind, now):
            return reason
        for news in watch.find(workspace, now):
            said += notification_policy.enqueue_if_allowed(
                workspace, watch.kind, news.about, news.body, now, news.lasts
            )
            if reason := notification_policy.why_not(workspace, watch.kind, now):
                return f"{said} said; {reason}"
    except ExpectedError as error:  # an outage, a used-up budget: the next look asks again
        return f"{said} said; cannot look now: {error}"
    return f"{said} said" if said else "no news"


SUGGESTIONS = [sensor(watch) for watch in WATCHES]


@dg.sensor(
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Sends what there is to say to WEBHOOK_URL, where one is set. Starts no run.",
)
def send_webhook(workspace: WorkspaceResource) -> dg.SkipReason:
    """Takes the outbox to the listener's webhook."""
    if not workspace.workspace.secrets.webhook_url.get_secret_value():
        return dg.SkipReason("no webhook is set (WEBHOOK_URL in .env)")
    try:
        return dg.SkipReason(f"{webhook.send_waiting(workspace.workspace, workspace.now())} sent")
    except ExpectedError as error:  # out of reach, refused: the next look tries again
        return dg.SkipReason(f"cannot send now: {error}")
