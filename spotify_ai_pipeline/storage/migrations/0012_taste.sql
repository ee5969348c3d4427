-- What the listener said of their taste once and for long: "less christmas music outside december".

CREATE TABLE taste_rules (
    rule_id INTEGER PRIMARY KEY,
    words TEXT NOT NULL,            -- as the listener said it
    rule TEXT NOT NULL,             -- JSON: what was understood
    said_at REAL NOT NULL,          -- UTC seconds
    until REAL,                     -- null: for good
    agreed_at REAL,                 -- null: shown, and not agreed to yet
    ended_at REAL                   -- switched off
) STRICT;
