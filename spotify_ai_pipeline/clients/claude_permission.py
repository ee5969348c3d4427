"""The permission to ask Claude here. Faces say it too, so that no library for the web is imported for it."""

from __future__ import annotations

from spotify_ai_pipeline.storage.workspace import Workspace

CLAUDE, STAND_IN = "claude", "stand-in"
MOODS, LISTS, CLUSTER_NAMES, LINES = "moods", "lists", "cluster_names", "lines"
"""What Claude is asked for; each has a switch of this name in the settings."""


def why_not(workspace: Workspace, purpose: str | None = None) -> str | None:
    """Says why Claude is not to be asked here, for ``purpose`` or at all, in words; None where it may be."""
    if not workspace.settings.claude.enabled:
        return "claude.enabled is false"
    if purpose and not getattr(workspace.settings.claude, purpose):
        return f"claude.{purpose} is false"
    if not workspace.secrets.anthropic_api_key.get_secret_value():
        return "no ANTHROPIC_API_KEY in .env"
    return None


def who_answers(workspace: Workspace) -> str:
    """The name of the one that is asked here: Claude, or in a demo the sandbox, which stands in and is no model."""
    return STAND_IN if workspace.demo_file.exists() else CLAUDE
