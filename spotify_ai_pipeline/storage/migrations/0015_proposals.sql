-- What an assistant proposed to do, and what became of it: nothing is done before it is confirmed.

CREATE TABLE proposals (
    token TEXT PRIMARY KEY,
    said_by TEXT NOT NULL,          -- assistant
    tool TEXT NOT NULL,
    arguments TEXT NOT NULL,        -- JSON
    says TEXT NOT NULL,             -- what would be done, in words
    proposed_at REAL NOT NULL,      -- UTC seconds
    expires_at REAL NOT NULL,
    confirmed_at REAL,              -- null: not confirmed
    outcome TEXT                    -- null: not done
) STRICT, WITHOUT ROWID;
