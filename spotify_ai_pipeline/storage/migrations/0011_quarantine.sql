-- What services sent and the sieve put aside. What files held lies in the lake, in the dataset `quarantine`.

CREATE TABLE sieved (               -- how many records a service sent on a day, and how many of them could not be read
    day TEXT NOT NULL,              -- UTC date
    source TEXT NOT NULL,           -- the service
    records INTEGER NOT NULL DEFAULT 0,
    quarantined INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (day, source)
) STRICT, WITHOUT ROWID;

CREATE TABLE quarantined (          -- the records that could not be read, by where they stood
    source TEXT NOT NULL,
    place TEXT NOT NULL,            -- liked songs, row 37
    reason TEXT NOT NULL,           -- never the value itself
    seen_at REAL NOT NULL,          -- UTC seconds, the last time
    PRIMARY KEY (source, place, reason)
) STRICT, WITHOUT ROWID;
CREATE INDEX quarantined_by_time ON quarantined (seen_at);
