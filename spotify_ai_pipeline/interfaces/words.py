"""What command line and bot say in the same words: questions, verdicts, moods."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from spotify_ai_pipeline.music.mood_words import CALLED, Wish
from spotify_ai_pipeline.services.wishes import CLAUDE, Asked
from spotify_ai_pipeline.storage import queue
from spotify_ai_pipeline.storage.home import Home

SAID: Mapping[str, Mapping[str, str]] = {
    queue.RESURFACE: {"approve": "it joins the mix at the next refresh"},
    queue.DISCOVERY: {"approve": "it goes into your library and stays on the mix"},
}
ALWAYS = {
    "more": "approved, and more like this will come",
    "reject": "it will not be proposed again",
    "later": "not now; it may come up again in 60 days",
    "wrong_version": "another recording of it may come up, this one will not",
    "fewer": "not now, and fewer songs by this artist for half a year",
}
ASKS = {queue.RESURFACE: "bring it back?", queue.DISCOVERY: "new to you:"}

LEAST = 0.1
"""Of a direction, from which on it is told."""


def meaning(kind: str, verdict: str) -> str:
    """What a verdict brings about."""
    return SAID.get(kind, {}).get(verdict) or ALWAYS.get(verdict, "it counts")


def why_asked(question: queue.Question) -> str:
    """Why, how well it should fit, and how often it was heard."""
    number = "" if question.chance is None else f"  predicted match {question.chance:.0%}"
    heard = f"  heard {question.plays - question.skips} times on trial" if question.plays else ""
    return f"{ASKS.get(question.kind, '')} {question.reason}{number}{heard}".strip()


def wish(found: Wish) -> str:
    """What was understood of a mood, the strongest first: "calm, melancholic, acoustic; not: metal; from 1990 to 1999"."""
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


def asked(home: Home, mood: Asked) -> str:
    """A mood that was put in force: what was understood, by whom, until when."""
    missed = f" (not understood: {', '.join(mood.wish.unknown)})" if mood.wish.unknown else ""
    by = "by Claude" if mood.by == CLAUDE else "by the lexicon"
    return f"{wish(mood.wish)}{missed}, understood {by}, until {local(home, mood.until)}"


def local(home: Home, seconds: float) -> str:
    """A moment (UTC seconds) in the listener's time zone."""
    return f"{datetime.fromtimestamp(seconds, home.settings.listener.zone):%Y-%m-%d %H:%M}"


def _called(name: str, value: float) -> str:
    low, high = CALLED[name]
    word = high if value > 0 else low or f"not {high}"
    return f"very {word}" if abs(value) > 0.9 else f"a little {word}" if abs(value) < 0.35 else word
