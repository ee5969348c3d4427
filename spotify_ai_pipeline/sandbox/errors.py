"""The errors before the sandbox answers anything: one sentence each."""

from __future__ import annotations


class WorldError(ValueError):
    """A world, or a file a world is built from, that cannot be used: what, where, what to do."""


class PortTaken(OSError):
    """The port asked for is in use by another program."""
