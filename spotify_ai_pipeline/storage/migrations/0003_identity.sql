-- What the listener said of songs that the evidence got wrong, applied first whenever songs are made.

CREATE TABLE identity_overrides (
    override_id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('same', 'split', 'set')),
    subject_kind TEXT NOT NULL CHECK (subject_kind IN ('track', 'spelling')),
    subject TEXT NOT NULL,          -- a Spotify id, or artist, tab, title: what stays when song ids change
    target_kind TEXT CHECK (target_kind IN ('track', 'spelling')),
    target TEXT,                    -- any member of the song meant; null for a split
    said TEXT NOT NULL,             -- in words, for the listener
    said_at REAL NOT NULL
) STRICT;
CREATE UNIQUE INDEX one_override_a_subject ON identity_overrides (kind, subject_kind, subject, ifnull(target, ''));
