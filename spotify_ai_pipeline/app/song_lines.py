"""One line why a new song may fit, by Claude where it may be asked; the reasons of the sources stand without it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from spotify_ai_pipeline.app.prompts import prompt
from spotify_ai_pipeline.clients.claude_permission import LINES, why_not
from spotify_ai_pipeline.errors import ExpectedError
from spotify_ai_pipeline.music.discovery import lines
from spotify_ai_pipeline.music.discovery.lines import Facts
from spotify_ai_pipeline.storage.workspace import Workspace

MOST_TAGS = 6
A_QUESTION = 10
"""Songs a question: a cut answer loses no more than these."""
TOKENS_A_SONG = 120


def write_lines(workspace: Workspace, songs: Sequence[Mapping[str, Any]]) -> tuple[dict[str, str], str]:
    """(a line by song id, for those of ``songs`` of which Claude said something that rests on their facts; why not for more).
    ``songs`` have song_id, artist, title, tags and reason."""
    if reason := why_not(workspace, LINES):
        return {}, reason
    known = [(song["song_id"], _facts(song)) for song in songs]
    known = [(song, facts) for song, facts in known if facts.tags]
    found: dict[str, str] = {}
    if not known:
        return found, "no tags are known of the new songs"
    from spotify_ai_pipeline.clients.claude import Claude

    system = prompt("lines")
    try:
        client = Claude.of(workspace)
        for start in range(0, len(known), A_QUESTION):
            batch = known[start : start + A_QUESTION]
            told = [facts for _, facts in batch]
            answer = client.ask(lines.Lines, system, lines.question(told), "lines", TOKENS_A_SONG * len(batch))
            found |= {batch[place][0]: line for place, line in lines.grounded(answer, told).items()}
    except ExpectedError as error:  # over budget, refused, out of reach: the reasons of the sources stand alone
        return found, str(error)
    return found, ""


def _facts(song: Mapping[str, Any]) -> Facts:
    weighed = sorted(song["tags"] or [], key=lambda tag: -tag["weight"])
    return Facts(song["artist"], song["title"], [tag["tag"] for tag in weighed[:MOST_TAGS]], song["reason"].split("; "))
