-- Said things: what the listener, the clock and the services told us. Times are UTC, seconds since 1970.

CREATE TABLE overrides (            -- settings changed from the command line
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL,            -- JSON
    set_at REAL NOT NULL
) STRICT;

CREATE TABLE facts (                -- single facts: month of the first scrobble, user ids, the playlist's id
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL,            -- JSON
    set_at REAL NOT NULL
) STRICT;

CREATE TABLE api_calls (            -- the ledger: every attempt that left the machine
    day TEXT NOT NULL,              -- UTC date
    service TEXT NOT NULL,
    kind TEXT NOT NULL,             -- read | write
    calls INTEGER NOT NULL DEFAULT 0,
    failures INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (day, service, kind)
) STRICT, WITHOUT ROWID;

CREATE TABLE cooldowns (            -- no call to the service before this time
    service TEXT PRIMARY KEY,
    until REAL NOT NULL,
    reason TEXT NOT NULL
) STRICT;

CREATE TABLE queue (                -- one question to the listener, asked once
    item_id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,             -- resurface: bring a dormant song back?
    song_id TEXT NOT NULL,
    track_id TEXT NOT NULL,
    title TEXT NOT NULL,
    artist TEXT NOT NULL,
    score REAL NOT NULL,
    reason TEXT NOT NULL,
    status TEXT NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'approved', 'rejected', 'later')),
    queued_at REAL NOT NULL,
    decided_at REAL
) STRICT;
CREATE UNIQUE INDEX queue_asks_once ON queue (kind, song_id) WHERE status = 'pending';

CREATE TABLE verdicts (             -- what the listener said of a song; the latest one counts
    verdict_id INTEGER PRIMARY KEY,
    song_id TEXT NOT NULL,
    verdict TEXT NOT NULL CHECK (verdict IN ('approve', 'reject', 'later', 'keep', 'remove')),
    said_through TEXT NOT NULL,     -- cli | playlist (an edit by hand on Spotify)
    said_at REAL NOT NULL,
    expires_at REAL,                -- null: for good
    nonce TEXT NOT NULL UNIQUE      -- the same verdict sent twice counts once
) STRICT;
CREATE INDEX verdicts_by_song ON verdicts (song_id, said_at);

CREATE TABLE playlists (            -- what we last wrote to Spotify, and read back
    name TEXT PRIMARY KEY,          -- our name for it: mix
    playlist_id TEXT NOT NULL,
    track_ids TEXT NOT NULL,        -- JSON list, in order
    written_at REAL NOT NULL,
    intended TEXT                   -- JSON list: what a write under way is to bring about; null when none is
) STRICT;

CREATE TABLE refreshes (            -- one row a refresh of a playlist
    refresh_id INTEGER PRIMARY KEY,
    playlist TEXT NOT NULL,
    run_id TEXT NOT NULL UNIQUE,
    refreshed_at REAL NOT NULL,
    added INTEGER NOT NULL,
    removed INTEGER NOT NULL,
    outcome TEXT NOT NULL,          -- filled | refreshed | unchanged | kept
    note TEXT NOT NULL DEFAULT ''
) STRICT;

CREATE TABLE alerts (               -- what a person should know; open until resolved
    name TEXT PRIMARY KEY,
    message TEXT NOT NULL,
    raised_at REAL NOT NULL
) STRICT;
