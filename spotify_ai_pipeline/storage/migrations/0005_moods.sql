-- Moods that the listener named, each until a time.

CREATE TABLE moods (
    mood_id INTEGER PRIMARY KEY,
    words TEXT NOT NULL,            -- as the listener said it
    said_at REAL NOT NULL,
    until REAL NOT NULL,            -- in force before this time
    cleared_at REAL                 -- null: not taken back
) STRICT;
