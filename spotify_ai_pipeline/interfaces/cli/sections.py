"""The sections of `--help`: every command once, each with an example of how it is typed."""

from __future__ import annotations

from collections.abc import Mapping

SECTIONS: Mapping[str, Mapping[str, str]] = {
    "Start": {
        "setup": "setup",
        "demo": "demo",
        "login": "login",
        "import": "import my_spotify_data.zip",
        "refresh": "refresh",
        "doctor": "doctor",
    },
    "Your mix": {
        "mix": "mix",
        "why": 'why "Low - Gravity"',
        "log": "log --limit 3",
        "undo": "undo",
        "pin": 'pin "Low - Gravity"',
        "unpin": 'unpin "Low - Gravity"',
        "never": 'never "Low - Gravity"',
        "mood": "mood rainy sunday for 2 hours",
        "taste": 'taste "less christmas music outside december"',
        "playlist": "playlist",
        "snapshot": "snapshot take",
        "adventure": "adventure on",
        "cycling": "cycling 7",
    },
    "New songs": {
        "next": "next",
        "queue": "queue",
        "approve": "approve 12",
        "reject": "reject 12",
        "later": "later 12",
        "discover": "discover",
    },
    "Your music": {
        "stats": "stats",
        "similar": 'similar "Low - Gravity"',
        "find": "find calm piano at night",
        "clusters": "clusters",
        "map": "map",
        "gaps": "gaps",
        "scorecard": "scorecard",
        "model": "model",
        "dashboard": "dashboard",
    },
    "Put right": {
        "match": 'match show "Low - Gravity"',
        "exclude": "exclude suggest",
        "backfill": "backfill 2019-01 2023-12",
        "status": "status",
        "config": "config set playlist.target_size 50",
        "tune": "tune",
    },
    "Run and keep": {
        "up": "up",
        "bot": "bot",
        "pause": "pause 3h",
        "backup": "backup",
        "restore": "restore backup.zip",
        "export": "export mix --as jspf",
        "forget": "forget",
        "listener": "listener list",
        "sql": 'sql "SELECT count(*) FROM listens"',
        "dagster": "dagster run list",
        "backtest": "backtest --help",
        "evaluate": "evaluate --help",
        "sandbox": "sandbox --help",
    },
}
