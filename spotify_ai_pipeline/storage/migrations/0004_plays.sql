-- What the listener says was not them, and what no source could tell.

CREATE TABLE exclusions (           -- "that wasn't me": listens that count for nothing
    exclusion_id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('span', 'artist', 'playlist', 'device')),
    value TEXT NOT NULL DEFAULT '', -- artist's name, playlist's id, or part of the device's name
    label TEXT NOT NULL,            -- as the listener said it
    since REAL,                     -- of a span
    until REAL,
    said_at REAL NOT NULL,
    undone_at REAL                  -- null: in force
) STRICT;
CREATE UNIQUE INDEX excluded_once ON exclusions (kind, value, ifnull(since, 0), ifnull(until, 0)) WHERE undone_at IS NULL;

CREATE TABLE gaps (                 -- spans of which a source may have forgotten plays: unknown, not unheard
    source TEXT NOT NULL,
    since REAL NOT NULL,
    until REAL NOT NULL,
    noticed_at REAL NOT NULL,
    PRIMARY KEY (source, since)
) STRICT, WITHOUT ROWID;
