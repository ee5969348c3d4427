-- Proposals of "that wasn't me" that the listener turned down: they are not asked about again.

CREATE TABLE was_me (
    kind TEXT NOT NULL CHECK (kind IN ('span', 'artist')),
    value TEXT NOT NULL,            -- artist's name; empty for a span
    since REAL NOT NULL,            -- UTC seconds of a span; 0 for an artist
    until REAL NOT NULL,
    said_at REAL NOT NULL,
    PRIMARY KEY (kind, value, since, until)
) STRICT, WITHOUT ROWID;

-- One line why a new song may fit, by a language model from the facts that are known; null where there is none.
ALTER TABLE queue ADD COLUMN line TEXT;
