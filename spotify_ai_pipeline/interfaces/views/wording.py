"""The words that command line and bot have in common: questions, verdicts, moods."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.clients.claude_permission import CLAUDE, STAND_IN
from spotify_ai_pipeline.storage import datasets, moods, queue
from spotify_ai_pipeline.storage.workspace import Workspace

if TYPE_CHECKING:
    from spotify_ai_pipeline.app.mood_requests import MoodRequest
    from spotify_ai_pipeline.music.mood.parser import MoodQuery

SAID: Mapping[str, Mapping[str, str]] = {
    queue.RESURFACE: {"approve": "it joins the mix at the next refresh"},
    queue.DISCOVERY: {"approve": "it goes into your library and stays on the mix"},
    queue.REMOVE: {
        "approve": "it stays in your library",
        "reject": "it leaves your liked songs",
        "later": "it stays for now; you may be asked again in half a year",
    },
}
ALWAYS = {
    "more": "approved, and more like this will come",
    "reject": "it will not be proposed again",
    "later": "not now; it may come up again in 60 days",
    "wrong_version": "another recording of the song may come up; this one will not",
    "fewer": "not now, and fewer songs by this artist for half a year",
}
LETTERS = {"a": "approve", "m": "more", "r": "reject", "s": "later", "w": "wrong_version", "f": "fewer"}
"""What answers a question: a key on the command line, a button's data in the chat."""
ASKS = {queue.RESURFACE: "bring it back?", queue.DISCOVERY: "new to you:"}

SECONDS = {"m": 60, "h": 3_600, "d": 86_400}
LONGEST_SPAN = 30 * SECONDS["d"]

BY = {
    CLAUDE: "by Claude",
    STAND_IN: "by the demo's stand-in",
    moods.ENCODER: "by lexicon and encoder",
    moods.LISTENER: "with your correction",
}
NUDGES = {"e": "energetic", "c": "calm", "h": "happy", "s": "sad"}
"""Corrections of a mood that a button offers: its letter and the word."""
BAR = 5
"""Cells of a bar on each side of its middle."""

LEAST = 0.1
"""A part of a direction that is smaller is not mentioned."""


def meaning(kind: str, verdict: str) -> str:
    """The effect of a verdict, in words."""
    return SAID.get(kind, {}).get(verdict) or ALWAYS.get(verdict, "it counts")


def why_asked(question: queue.Question) -> str:
    """Says why the song is asked about, its predicted match, and how often it was heard; above it the line why it may
    fit."""
    number = "" if question.chance is None else f"  predicted match {question.chance:.0%}"
    heard = f"  heard {question.plays - question.skips} times on trial" if question.plays else ""
    asked = f"{ASKS.get(question.kind, '')} {question.reason}{number}{heard}".strip()
    return f"{question.line}\n{asked}" if question.line else asked


def describe_query(found: MoodQuery) -> str:
    """Gives what was understood of a mood, the strongest first: "calm, melancholic, acoustic; not: metal; from 1990 to
    1999"."""
    strong = sorted(found.axes.items(), key=lambda item: -abs(item[1]))
    sound = [_called(name, value) for name, value in strong if abs(value) >= LEAST]
    liked = [tag for tag, weight in found.tags.items() if weight >= 1]
    unwanted = [tag for tag, weight in found.tags.items() if weight <= -1]
    parts = [
        ", ".join(sound),
        f"tags: {', '.join(liked)}" if liked else "",
        f"not: {', '.join(unwanted)}" if unwanted else "",
        f"clusters: {', '.join(found.clusters)}" if found.clusters else "",
        ", ".join(f"from {first} to {last}" for first, last in found.eras),
    ]
    return "; ".join(filter(None, parts)) or "nothing in particular"


def describe_request(workspace: Workspace, mood: MoodRequest) -> str:
    """A mood that was put in force: what was understood, by whom, until when."""
    missed = f" (not understood: {', '.join(mood.wish.unknown)})" if mood.wish.unknown else ""
    by = BY.get(mood.by, "by the lexicon")
    return f"{describe_query(mood.wish)}{missed}, understood {by}, until {when(workspace, mood.until)}"


def mood_bars(found: MoodQuery) -> list[str]:
    """Energy and valence as two small bars, the calm and the sad end on the left."""
    from spotify_ai_pipeline.music.mood.parser import CALLED  # its lexicon is read only where moods are told

    return [
        f"{CALLED[axis][0]:>11} {_bar(found.axes.get(axis, 0.0))} {CALLED[axis][1]}" for axis in ("energy", "valence")
    ]


def _bar(value: float) -> str:
    cells = round(BAR * min(abs(value), 1.0))
    full, left = "█" * cells, "·" * (BAR - cells)
    return f"{left}{full}│{'·' * BAR}" if value < 0 else f"{'·' * BAR}│{full}{left}"


def describe_mood(workspace: Workspace) -> list[str]:
    """The mood that the mix follows, line by line."""
    said = moods.in_force(workspace.state, clock.now())
    made = workspace.lake.read(datasets.MOOD).drop("vector").to_dicts()
    lines = [f"you asked for: {said.words}, until {when(workspace, said.until)}"] if said else []
    if not made:
        return [*lines, "no mood is known: no song that you played lately has a vector"]
    row = made[0]
    if said is not None and row["said"] != said.words:
        return [*lines, "it counts from the next refresh on"]
    if said is not None and row["source"] == "said":
        return [*lines, f"the mix follows it (weight {workspace.settings.mood.said_weight:g})"]
    clusters = f"{' and '.join(row['clusters'])}: " if row["clusters"] else ""
    weight = workspace.settings.scoring.mood_weight
    return [
        *lines,
        *(["no song of yours is like it: the mix goes by what you play"] if said else []),
        f"mood: {clusters}{', '.join(row['words'])}",
        *([f"tags: {', '.join(row['tags'])}"] if row["tags"] else []),
        f"from: {_origin(workspace, row)}",
        f"in the mix with weight {weight:g}" if weight else "the mix does not follow it (scoring.mood_weight is 0)",
    ]


def seconds_of(text: str) -> float | None:
    """A time such as 45m, 3h or 2d in seconds; None for anything else, and for more than 30 days."""
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([mhd])\s*", text)
    seconds = float(found[1]) * SECONDS[found[2]] if found else 0.0
    return seconds if 0 < seconds <= LONGEST_SPAN else None


def count_of(number: int, word: str, plural: str = "") -> str:
    """A number and its word: "1 song", "1,200 songs"."""
    return f"{number:,} {word if number == 1 else plural or word + 's'}"


SERVICES = {
    "spotify": "Spotify", "spotify_accounts": "Spotify's sign-in", "lastfm": "Last.fm", "lastfm_stations": "Last.fm's stations",
    "listenbrainz": "ListenBrainz",
    "listenbrainz_labs": "ListenBrainz labs", "reccobeats": "ReccoBeats", "lrclib": "LRCLIB", "deezer": "Deezer",
    "itunes": "iTunes", "anthropic": "Claude", "telegram": "Telegram",
}  # fmt: skip


def service_name(service: str) -> str:
    """A web service as its makers write it."""
    return SERVICES.get(service, service)


SOURCES = {
    "spotify_recent": "Spotify now", "spotify_history": "Spotify export", "spotify_account": "Spotify account data",
    "lastfm_similar": "Last.fm: similar songs", "lastfm_artists": "Last.fm: similar artists",
    "lastfm_friends": "Last.fm: friends", "lastfm_stations": "Last.fm: station",
    "listenbrain": "ListenBrainz: listeners like you", "listenbrainz_exploration": "ListenBrainz: weekly exploration",
    "listenbrainz_radio": "ListenBrainz: radio",
    "reccobeats": "ReccoBeats: sounds alike", "spotify_recs": "Spotify: recommendations", "new_releases": "new releases",
    "files": "charts in the inbox",
}  # fmt: skip
"""Where plays and new songs come from, where that is no service's own name."""


def source_name(source: str) -> str:
    """A source of plays or of new songs in words."""
    return SOURCES.get(source) or SERVICES.get(source) or source.replace("_", " ")


OUTCOME_WORDS = {"visited": "refreshed for your mood", "returned": "back from your mood"}


def outcome_words(outcome: str) -> str:
    """Gives what became of a refresh, for a person."""
    return OUTCOME_WORDS.get(outcome, outcome)


def when(workspace: Workspace, seconds: float) -> str:
    """A moment (UTC seconds) by the listener's clock, with the name of the time zone."""
    return f"{datetime.fromtimestamp(seconds, workspace.settings.listener.zone):%Y-%m-%d %H:%M %Z}"


def _origin(workspace: Workspace, row: dict[str, Any]) -> str:
    if row["source"] == "said":
        return f"your words {row['said']!r}; their time is over, and the next refresh changes it"
    if row["source"] == "habit":
        return "your habit at this part of the day and week"
    span = f"{when(workspace, row['since'].timestamp())} to {when(workspace, row['until'].timestamp())}"
    return f"your last {row['listens']} listens, {span}, and your habit at this part of the day and week"


def _called(name: str, value: float) -> str:
    from spotify_ai_pipeline.music.mood.parser import CALLED

    low, high = CALLED[name]
    word = high if value > 0 else low or f"not {high}"
    return f"very {word}" if abs(value) > 0.9 else f"a little {word}" if abs(value) < 0.35 else word
