"""Friends on Last.fm: what they play right now, looked at in turn so that calls stay few."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from spotify_ai_pipeline.clients.lastfm import PRIVATE, LastFm, LastFmError
from spotify_ai_pipeline.storage.workspace import Workspace

LIST, SKIPPED, TURN = "lastfm friends", "lastfm friend skipped", "friends' turn"
LIST_DAYS, PRIVATE_DAYS, FAILING_DAYS = 1.0, 7.0, 0.25
"""Days that the list of friends is kept, and that a friend is left alone who is private, or with whom a call failed."""


@dataclass(frozen=True)
class Playing:
    friend: str
    artist: str
    title: str


def playing(workspace: Workspace, client: LastFm, most_calls: int) -> Iterator[Playing]:
    """Asks what the next few friends are playing now: a call a friend, ``most_calls`` at most, and one a day for the
    list.

    Who is private, or fails, is skipped for a while and costs the others nothing. Raises ``Deferred`` over budget.
    """
    answers, state = workspace.answers, workspace.state
    kept = answers.get(LIST, [client.user])
    if client.user not in kept:
        kept[client.user] = client.friends()
        answers.put(LIST, kept, days=LIST_DAYS)
    friends = kept[client.user] or []
    skipped = answers.get(SKIPPED, friends)
    open_ = [friend for friend in friends if friend not in skipped]
    if not open_:
        return
    turn = int(state.fact(TURN) or 0) % len(open_)
    chosen = [open_[(turn + step) % len(open_)] for step in range(min(most_calls, len(open_)))]
    state.set_fact(TURN, turn + len(chosen))
    for friend in chosen:
        try:
            now = client.now_playing(friend)
        except LastFmError as error:
            answers.put(
                SKIPPED, {friend: error.code or "failed"}, PRIVATE_DAYS if error.code == PRIVATE else FAILING_DAYS
            )
            continue
        if now is not None:
            yield Playing(friend, *now)
