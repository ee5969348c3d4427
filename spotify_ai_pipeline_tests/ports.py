"""Ports of this machine for what is told its port and cannot say which one it got."""

from __future__ import annotations

import os
import socket
from itertools import chain

LOWEST, HIGHEST = 20_000, 32_000
"""The system gives higher ports to whoever asks for any, so nobody gets one of these between the choice and its use."""

_begin = LOWEST + os.getpid() * 61 % (HIGHEST - LOWEST)
_left = iter(chain(range(_begin, HIGHEST), range(LOWEST, _begin)))


def free_port() -> int:
    """A port on loopback on which nothing listens, each time another; processes side by side begin at different ones."""
    for port in _left:
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError(f"no port from {LOWEST} to {HIGHEST} is left")
