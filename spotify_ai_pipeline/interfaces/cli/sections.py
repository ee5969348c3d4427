"""The sections of `--help`: every command once, with an example of how it is typed and the first sentence of its help."""

from __future__ import annotations

from collections.abc import Mapping

SECTIONS: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "Start": {
        "setup": ("setup", "Begin: say what you have, give its key, and see your first mix."),
        "demo": ("demo", "Run the whole pipeline on a sandbox of the web services and show the mix."),
        "login": ("login", "Connect your Spotify account: agree in the browser, then come back here."),
        "import": ("import my_spotify_data.zip", "Import exports: FILES are files, zip archives or folders."),
        "refresh": ("refresh", "Update the AI Mix: read what is new, decide, write, read back."),
        "doctor": (
            "doctor",
            "Check accounts, permissions, quotas, files, clock, versions, daemon and disk, and say what to do.",
        ),
    },
    "Your mix": {
        "mix": (
            "mix",
            "Show the AI Mix as last decided: each song with its slot and its reason, in a wide terminal with the parts of "
            "its score.",
        ),
        "why": (
            'why "Low - Gravity"',
            'Show why SONG (a part of its title, of "artist title", or its id) has its rank.',
        ),
        "log": (
            "log --limit 3",
            "Show the history of refreshes: the time, the songs that came and left, and the reason of each change.",
        ),
        "undo": ("undo", "Take back what was done last: your last answer, or the last refresh of the AI Mix."),
        "pin": (
            'pin "Low - Gravity"',
            'Pin SONG (a part of its title, of "artist title", or its id): it comes to the mix and stays until you unpin it.',
        ),
        "unpin": ('unpin "Low - Gravity"', "Unpin SONG: from now on it competes for the mix like every other song."),
        "never": (
            'never "Low - Gravity"',
            'Never hear SONG again on any list ("ARTIST - TITLE", its title, or its id).',
        ),
        "mood": (
            "mood rainy sunday for 2 hours",
            'Show the mood that the mix follows, or ask for one in WORDS: "rainy sunday, nothing too loud", '
            '"nineties for two hours".',
        ),
        "taste": (
            'taste "less christmas music outside december"',
            'Say what you want more or less of, once: "less christmas music outside december", "more 90s punk until march".',
        ),
        "playlist": ("playlist", "Show where the AI Mix is, and the last write to it."),
        "snapshot": (
            "snapshot take",
            "Keep dated copies of the AI Mix, each a playlist on Spotify: every playlist.snapshot_interval_days, and on demand.",
        ),
        "adventure": (
            "adventure on",
            "Keep a second, novel playlist: songs on trial, and songs of yours that you hardly ever heard.",
        ),
        "list": (
            'list add "forgotten favourites" --size 40 --every week',
            "Keep lists of your own: say what is on one, and every refresh keeps it fresh by the rules of the AI Mix.",
        ),
        "cycling": (
            "cycling 7",
            "Show or set how fast the list turns over: 1 keeps songs long, 5 weighs old and new alike, 10 replaces songs soon.",
        ),
    },
    "New songs": {
        "next": ("next", "Answer the waiting questions, one song at a time, with single keys."),
        "queue": (
            "queue",
            "List the songs that you are or will be asked about; with ID, show every step of one of them.",
        ),
        "approve": (
            "approve 12",
            "Say yes to question ID (see `spotify-ai queue`): a new song goes into your library, an old one back on the mix.",
        ),
        "reject": ("reject 12", "Say no to question ID for good: no recording of the song is proposed again."),
        "later": ("later 12", "Put question ID off: it may come up again after 60 days."),
        "discover": ("discover", "Ask every source for new songs, and queue the songs that fit best."),
    },
    "Your music": {
        "stats": ("stats", "Show your listening in figures: how much, which artists and songs lately, at which hours."),
        "similar": ('similar "Low - Gravity"', "Show the songs of your library that are most like SONG, and why."),
        "find": (
            "find calm piano at night",
            'Find songs of your library by WORDS such as "rainy late-night piano" or "fast happy punk, not loud".',
        ),
        "clusters": (
            "clusters",
            "List the clusters of your library, or the songs of CLUSTER (its number, or a part of its name).",
        ),
        "map": ("map", "Write the map of your library: a page to search and listen, and a picture to hang up."),
        "gaps": (
            "gaps",
            "Show how much each source knows of your listening, month by month: a line for each year, a column for each source.",
        ),
        "scorecard": (
            "scorecard",
            "Show how the lists did: plays on the mix, songs brought back and kept, new songs that stayed.",
        ),
        "review": (
            "review 2026",
            "Show YEAR in review: what you played, what the lists brought you that stayed, what you said no to, what they got "
            "wrong.",
        ),
        "model": (
            "model",
            "Show the training data of the taste model, how far your own weeks moved it, and how well it does.",
        ),
        "dashboard": (
            "dashboard",
            "Open your music in the browser: the mix and its reasons, questions, map, trends, models, health.",
        ),
    },
    "Put right": {
        "match": (
            'match show "Low - Gravity"',
            "Show which Spotify ids and spellings count as one song, and correct it.",
        ),
        "exclude": (
            "exclude suggest",
            'Say "that wasn\'t me": listens of a time, an artist, a playlist or a device count for nothing.',
        ),
        "notme": (
            "notme",
            "Show what may not have been you: a party, a guest, sleep sounds, children's songs.",
        ),
        "backfill": (
            "backfill 2019-01 2023-12",
            "Read the scrobbles of the months FIRST to LAST (2019-01 2023-12) in one run.",
        ),
        "status": (
            "status",
            "Show the health of the pipeline: last refresh, calls and budgets, waiting songs, and faults.",
        ),
        "config": (
            "config set playlist.target_size 50",
            "Show the settings in force and where each comes from; `set` and `unset` change them for this machine.",
        ),
        "tune": ("tune", "Find the weights of taste, mood, freshness and exploration that fit your past year best."),
    },
    "Run and keep": {
        "up": ("up", "Start the Dagster UI and the daemon (and a demo's sandbox); Ctrl-C ends all of them."),
        "bot": ("bot", "Run the Telegram bot until Ctrl-C: /next, /refresh, /mood and the rest on your phone."),
        "mcp": (
            "mcp --log",
            "Serve your music to an assistant over the Model Context Protocol, until it hangs up.",
        ),
        "pause": (
            "pause 3h",
            "Stop the notifications of the bot for SPAN (3h, 2d, 30d at most; default 1d); `off` ends the pause.",
        ),
        "backup": ("backup", "Write a backup to FILE (default: a dated file here)."),
        "restore": ("restore backup.zip", "Restore a backup into the data root."),
        "export": (
            "export mix --as jspf",
            "Take your music elsewhere: the mix, the clusters, or everything that is kept about you.",
        ),
        "forget": (
            "forget",
            "Remove all that this machine keeps about you: history, answers, models, settings, sign-in.",
        ),
        "listener": (
            "listener list",
            "Manage several listeners on one machine, each with their own data, settings and keys.",
        ),
        "sql": (
            'sql "SELECT count(*) FROM listens"',
            "Run a DuckDB QUERY over all assets and the state; without a query, list the tables.",
        ),
        "dagster": (
            "dagster run list",
            "Run Dagster's own command line on this instance (and a demo's sandbox beside it).",
        ),
        "backtest": (
            "backtest --help",
            "Make the mix of each refresh over the second half of a history, from nothing but the past.",
        ),
        "evaluate": (
            "evaluate --help",
            "Measure a part of the pipeline, on your own history or on made-up listeners whose truth is known.",
        ),
        "sandbox": ("sandbox --help", "Build and serve worlds for the sandbox, the stand-in of the web services."),
    },
}
