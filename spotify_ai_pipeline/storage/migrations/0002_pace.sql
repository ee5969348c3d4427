CREATE TABLE pace (                 -- all processes together keep a service's calls a second
    service TEXT PRIMARY KEY,
    next_call REAL NOT NULL         -- UTC seconds
) STRICT, WITHOUT ROWID;
