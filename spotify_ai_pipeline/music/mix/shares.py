"""Shares: how many songs each slot of a list may hold, and how many songs one refresh may change."""

from __future__ import annotations

from math import floor

from spotify_ai_pipeline.music.taste.ranking import CORE, DISCOVERY, EXPLORATION
from spotify_ai_pipeline.settings import Cycling, Playlist

AS_CONFIGURED = 5
"""The place of the adventurousness dial (0..10) at which the fractions are those of the configuration."""


def quotas(available: dict[str, int], playlist: Playlist) -> dict[str, int]:
    """Songs each slot may hold: the fractions that the dial leaves, with what a slot cannot fill handed to core or
    exploration, the larger of them first. Where the listener's own songs cannot fill the list, songs on trial keep to their
    fraction of what there is."""
    size = playlist.target_size
    core, exploration, discovery = fractions(playlist)
    own = available.get(CORE, 0) + available.get(EXPLORATION, 0)
    strangers = min(size, floor(own / (1 - discovery) + 1e-9)) * discovery if discovery < 1 else size
    wanted = {DISCOVERY: round(strangers), EXPLORATION: round(size * exploration)}
    granted = {slot: min(count, available.get(slot, 0)) for slot, count in wanted.items()}
    granted[CORE] = min(max(size - sum(wanted.values()), 0), available.get(CORE, 0))
    for slot in (CORE, EXPLORATION) if core >= exploration else (EXPLORATION, CORE):
        granted[slot] += min(size - sum(granted.values()), available.get(slot, 0) - granted[slot])
    return granted


def fractions(playlist: Playlist) -> tuple[float, float, float]:
    """(core, exploration, discovery) where the dial stands: at 5 as configured, at 0 core alone, at 10 twice the rest."""
    turn = playlist.adventurousness / AS_CONFIGURED
    exploration, discovery = playlist.exploration_fraction * turn, playlist.discovery_fraction * turn
    most = max(exploration + discovery, 1.0)
    exploration, discovery = exploration / most, discovery / most
    return max(1 - exploration - discovery, 0.0), exploration, discovery


def change_cap(playlist: Playlist) -> int:
    """Songs that one refresh may bring in."""
    return floor(playlist.target_size * playlist.max_change_per_refresh + 1e-9)


def weekly_cap(playlist: Playlist) -> int:
    """Songs that a week may bring in."""
    return floor(playlist.target_size * playlist.max_change_per_week + 1e-9)


def loyalty(cycling: Cycling) -> float:
    """Tells how much more than a newcomer's the score of a song on the list counts: 1.4 at aggressiveness 1, 1 at 5,
    0.5 at 10."""
    return 1 + 0.1 * (5 - cycling.aggressiveness)
