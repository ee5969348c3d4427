-- Lists of the listener's own: each a filter and an order over what is known of songs, kept fresh like the mix.

CREATE TABLE lists (
    list_id INTEGER PRIMARY KEY,
    title TEXT NOT NULL,            -- on the target
    words TEXT NOT NULL,            -- as the listener asked for it
    recipe TEXT NOT NULL,           -- JSON: filter and order (music.lists.recipe)
    size INTEGER NOT NULL,          -- songs
    every_days INTEGER NOT NULL,
    max_change REAL,                -- share that one refresh may change; null: as the mix
    made_at REAL NOT NULL,          -- UTC seconds
    paused_at REAL,                 -- null: it is refreshed
    removed_at REAL                 -- null: it is there
) STRICT;
