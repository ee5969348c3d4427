"""Listening that is proposed as not the listener's: what there is to ask, and what each answer does."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from zlib import crc32

import polars as pl

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.music.plays.exclusion import SPAN, Rule
from spotify_ai_pipeline.storage import datasets, exclusions
from spotify_ai_pipeline.storage.workspace import Workspace

RECENT_DAYS = 120
"""What is older is not asked about unasked: nobody remembers it, and it counts little by now."""
MOST = 5


@dataclass(frozen=True)
class Proposal:
    """Plays that may not be the listener's: the rule that leaves it out, its plays, why it looks so, and its name in
    words."""

    rule: Rule
    plays: int
    why: str
    label: str

    @property
    def key(self) -> str:
        """A few letters that name the proposal in any process."""
        rule = self.rule
        return f"{crc32(f'{rule.kind} {rule.value} {rule.since} {rule.until}'.encode()):x}"


def proposals(workspace: Workspace) -> list[Proposal]:
    """Gives what is to be asked now, the latest first: likely, of late, and not judged before."""
    known = workspace.lake.read_or_none(datasets.SUSPECTS)
    if known is None or known.is_empty():
        return []
    recent = pl.col("until") >= clock.utc_now() - timedelta(days=RECENT_DAYS)
    judged = exclusions.settled(workspace.state)
    found = list[Proposal]()
    for row in known.filter(pl.col("proposed") & recent).iter_rows(named=True):
        span = row["kind"] == SPAN
        rule = Rule(row["kind"], row["value"], row["since"] if span else None, row["until"] if span else None)
        if not any(_same(rule, other) for other in judged):
            found.append(Proposal(rule, row["plays"], row["why"], _label(workspace, rule)))
    return found[:MOST]


def find(workspace: Workspace, key: str) -> Proposal | None:
    """The proposal of that key, while it is one."""
    return next((one for one in proposals(workspace) if one.key == key), None)


def leave_out(workspace: Workspace, proposal: Proposal) -> int:
    """The listener says that it was not them: it counts for nothing from the next refresh on. Gives the exclusion's number."""
    return exclusions.exclude(workspace.state, proposal.rule, proposal.label)


def keep(workspace: Workspace, proposal: Proposal) -> None:
    """The listener says that it was them: it is not asked about again."""
    exclusions.it_was_me(workspace.state, proposal.rule)


def _same(rule: Rule, other: Rule) -> bool:
    """Tells whether two rules mean the same: one artist, or spans that overlap (a late scrobble moves the ends of a
    sitting)."""
    if rule.kind != other.kind or rule.value != other.value:
        return False
    if rule.since is None or rule.until is None or other.since is None or other.until is None:
        return True
    return rule.since < other.until and other.since < rule.until


def _label(workspace: Workspace, rule: Rule) -> str:
    if rule.since is None or rule.until is None:
        return rule.value
    begin, end = (moment.astimezone(workspace.settings.listener.zone) for moment in (rule.since, rule.until))
    same_day = begin.date() == end.date()
    return f"{begin:%Y-%m-%d %H:%M} to {end:{'%H:%M' if same_day else '%Y-%m-%d %H:%M'}}"
