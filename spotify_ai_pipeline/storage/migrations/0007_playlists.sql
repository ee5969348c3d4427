-- What each refresh did, so that it can be shown and taken back; pins, snapshots, songs that are gone from Spotify.

ALTER TABLE refreshes ADD COLUMN before TEXT;     -- JSON list of the Spotify ids before; null: of before this was kept
ALTER TABLE refreshes ADD COLUMN after TEXT;      -- JSON list of the Spotify ids as read back
ALTER TABLE refreshes ADD COLUMN changes TEXT;    -- JSON list of {change, song_id, track_id, artist, title, reason}
ALTER TABLE refreshes ADD COLUMN undone_at REAL;  -- null: not taken back

CREATE TABLE pins (                 -- songs that the listener wants to stay, or no longer; the latest word on a song counts
    song_id TEXT PRIMARY KEY,
    pinned INTEGER NOT NULL,        -- 0: let go, whatever held it before
    said_at REAL NOT NULL
) STRICT;

CREATE TABLE snapshots (            -- frozen copies of a playlist
    snapshot_id INTEGER PRIMARY KEY,
    playlist TEXT NOT NULL,         -- of which: mix | adventure
    name TEXT NOT NULL,             -- on Spotify
    track_ids TEXT NOT NULL,        -- JSON list, in order
    taken_at REAL NOT NULL,
    why TEXT NOT NULL               -- interval | asked for | before a restore
) STRICT;

CREATE TABLE unavailable (          -- Spotify ids that cannot be played or added now
    track_id TEXT PRIMARY KEY,
    noticed_at REAL NOT NULL
) STRICT, WITHOUT ROWID;
