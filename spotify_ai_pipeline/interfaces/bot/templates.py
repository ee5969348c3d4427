"""The bot's messages, as HTML of Telegram's kind. Titles and names are escaped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from spotify_ai_pipeline.app.mood_requests import MoodRequest
from spotify_ai_pipeline.app.not_me import Proposal
from spotify_ai_pipeline.app.standing_taste import Belief, Understood
from spotify_ai_pipeline.interfaces.bot.chat import Buttons, button
from spotify_ai_pipeline.interfaces.views import wording
from spotify_ai_pipeline.interfaces.views.listening import draw_spark, format_percent
from spotify_ai_pipeline.interfaces.views.why import Explanation
from spotify_ai_pipeline.interfaces.views.wording import outcome_words
from spotify_ai_pipeline.storage import queue
from spotify_ai_pipeline.storage.workspace import Workspace

LONGEST = 3_900
"""Characters of a message; Telegram allows 4,096."""
LONGEST_LINE = 400
SPARE = 60
"""Characters for the line that says how much is left out."""
COMMANDS = {
    "next": "one song at a time: approve, reject, not now",
    "refresh": "bring the AI Mix up to date, and see what changed",
    "discover": "look for new songs",
    "mood": "what you want to hear, in words: /mood rainy sunday, nothing too loud",
    "taste": "what you want more or less of, for good: /taste less christmas music",
    "playlist": "the link to the AI Mix",
    "why": "why a song has its rank: /why a part of its title",
    "stats": "your listening in figures",
    "notme": "listening that may not have been you: leave it out, or keep it",
    "cycling": "how fast the list turns over, 1 to 10: /cycling 7",
    "snapshot": "a frozen, dated copy of the AI Mix",
    "undo": "take the last answer or the last refresh back",
    "pause": "send no notifications for a while: /pause 2d, /pause off",
    "help": "what I understand",
}
"""The command menu."""

HELP = "\n".join(f"/{name} – {escape(what)}" for name, what in COMMANDS.items())
BAR = 10
TAGS_OF_A_MOOD = 2
OUTCOMES = {"approved": "✓", "rejected": "✗", "later": "↷", "expired": "·"}


def question(found: queue.Question, waiting: int) -> str:
    left = f"\n<i>{waiting - 1} more waiting</i>" if waiting > 1 else ""
    return f"{song(found.artist, found.title)}\n{text(wording.why_asked(found))}{left}"


def answered(found: queue.Question, verdict: str) -> str:
    """A question whose buttons are gone: what the answer brings about."""
    return f"{OUTCOMES[queue.STATUS[verdict]]} {song(found.artist, found.title)}\n{text(wording.meaning(found.kind, verdict))}"


def settled(found: queue.Question, why: str = "") -> str:
    """A question that was answered elsewhere, or is over and ``why``."""
    told = f"its trial is over: {why}" if found.status == "expired" and why else f"{found.status} already"
    return f"{OUTCOMES.get(found.status, '·')} {song(found.artist, found.title)}\n<i>{text(told)}</i>"


def change(mix: Mapping[str, Any], title: str, outcome: str) -> str:
    """Lists what a refresh changed, each song with why."""
    new, out = mix["added"], mix["removed"]
    head = f"<b>{text(title)}</b> {text(outcome_words(outcome))}: +{len(new)} −{len(out)}"
    if outcome == "filled":
        return f"{head}\n{len(mix['songs'])} songs"
    rows = [*(("+", row) for row in new), *(("−", row) for row in out)]
    return fitted(
        [head, *(f"{sign} {song(row['artist'], row['title'])} <i>{text(row['reason'])}</i>" for sign, row in rows)]
    )


def stats(found: Mapping[str, Any]) -> str:
    counts = found["counts"]
    lines = [
        f"<b>{counts['listens']:,}</b> listens of {counts['songs_heard']:,} songs, {found['first']} to {found['last']}",
        f"{counts['library']:,} songs in the library; {format_percent(found['resolved_share'])} of listens have a Spotify id",
        f"by hour: <code>{draw_spark(found['listens_by_hour'])}</code>",
        "",
        "<b>artists of the last 30 days</b>",
        *(f"{row['plays']:>4} {text(row['name'])}" for row in found["artists_lately"]),
        "",
        "<b>songs of the last 30 days</b>",
        *(f"{row['plays']:>4} {text(row['name'])}" for row in found["songs_lately"]),
    ]
    return fitted(lines)


def mood(workspace: Workspace, asked: MoodRequest) -> str:
    """A mood that was put in force: its words, what was understood, and two bars."""
    bars = "\n".join(wording.mood_bars(asked.wish))
    return f"<b>{text(asked.text)}</b>\n{text(wording.describe_request(workspace, asked))}\n<pre>{bars}</pre>"


def mood_buttons(asked: MoodRequest) -> Buttons:
    """Corrections of a mood both ways, by its sound and by the first tags in it, and the refresh that follows it."""
    more = [button(f"more {word}", "c", letter) for letter, word in wording.NUDGES.items()]
    tags = [
        [button(f"more like {tag}", "cl", "p", place), button(f"less like {tag}", "cl", "m", place)]
        for place, tag in enumerate(list(asked.wish.tags)[:TAGS_OF_A_MOOD])
    ]
    return [more[:2], more[2:], *tags, [button("↻ refresh now", "r")]]


def taste_understood(found: Understood) -> str:
    """A standing wish before it counts: what was understood, and which songs it means."""
    examples = [f"· {text(song)}" for song in found.examples]
    return fitted(
        [f"<b>{text(found.words)}</b>", text(found.sentence), f"{found.songs} songs of yours, such as", *examples]
    )


def taste_page(said: Sequence[str], believed: Sequence[Belief]) -> str:
    """Words what the listener said, and what the program believes of them."""
    rules = [f"{number}. {text(one)}" for number, one in enumerate(said, 1)] or ["nothing yet: /taste more 90s punk"]
    beliefs = [f"{number}. {text(one.says)} <i>{text(one.evidence)}</i>" for number, one in enumerate(believed, 1)]
    return fitted(["<b>you said</b>", *rules, "", "<b>what I believe about you</b>", *(beliefs or ["nothing yet"])])


def suspect(found: Proposal) -> str:
    """Listening that may not have been the listener's, and why it looks so."""
    return f"Was this you? <b>{text(found.label)}</b>\n{text(found.why)}"


def why(found: Explanation) -> str:
    row = found.song
    longest = max((abs(part.worth) for part in found.parts), default=0.0) or 1.0
    lines = [song(row["artist"], row["title"]), f"{text(found.place)} ({text(row['slot'])})", text(found.story), ""]
    for part in found.parts:
        bar = ("█" if part.worth >= 0 else "░") * max(round(BAR * abs(part.worth) / longest), 1)
        lines.append(f"<code>{part.worth:+.2f} {bar}</code> {text(part.name)}: <i>{text(part.says)}</i>")
    return fitted(lines)


def song(artist: object, title: object) -> str:
    return f"<b>{text(title)}</b> — {text(artist)}"


def text(value: object) -> str:
    """A value as it is, cut where it is absurdly long."""
    shown = str(value)
    return escape(shown if len(shown) <= LONGEST_LINE else shown[: LONGEST_LINE - 1] + "…", quote=False)


def fitted(lines: Iterable[str]) -> str:
    """The lines that fit into one message, and the number of those that do not. Markup counts, so the text is shorter."""
    every, kept, size = list(lines), list[str](), 0
    for line in every:
        if size + len(line) + 1 > LONGEST - SPARE:
            return "\n".join([*kept, f"<i>… and {len(every) - len(kept)} more; `spotify-ai mix` shows all</i>"])
        kept.append(line)
        size += len(line) + 1
    return "\n".join(kept)
