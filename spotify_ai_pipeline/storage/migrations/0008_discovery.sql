-- Questions have a life (trial, asked, expired), verdicts have a scope, can be taken back, and wait to be applied.

ALTER TABLE queue RENAME TO old_queue;
DROP INDEX queue_asks_once;
CREATE TABLE queue (                -- one question to the listener, asked once
    item_id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,             -- resurface: bring a dormant song back? | discovery: a song that is new to the listener
    song_id TEXT NOT NULL,
    track_id TEXT NOT NULL,
    title TEXT NOT NULL,
    artist TEXT NOT NULL,
    artist_key TEXT NOT NULL DEFAULT '',
    score REAL NOT NULL,            -- rank among the questions of its kind
    chance REAL,                    -- predicted match, 0 to 1; null: nothing predicts it
    reason TEXT NOT NULL,
    source TEXT NOT NULL DEFAULT '',-- of a discovery: who proposed it, and the region of taste it lies in
    region TEXT NOT NULL DEFAULT '',
    status TEXT NOT NULL DEFAULT 'pending'
        CHECK (status IN ('pending', 'trial', 'asked', 'approved', 'rejected', 'later', 'expired')),
    before TEXT,                    -- status before the verdict: what an undo goes back to
    queued_at REAL NOT NULL,
    trial_at REAL,                  -- when it first stood on a playlist
    decided_at REAL,
    plays INTEGER NOT NULL DEFAULT 0, -- while on trial, and how many of them were skipped
    skips INTEGER NOT NULL DEFAULT 0
) STRICT;
INSERT INTO queue (item_id, kind, song_id, track_id, title, artist, score, reason, status, queued_at, decided_at)
    SELECT item_id, kind, song_id, track_id, title, artist, score, reason, status, queued_at, decided_at FROM old_queue;
DROP TABLE old_queue;
CREATE UNIQUE INDEX queue_asks_once ON queue (kind, song_id) WHERE status IN ('pending', 'trial', 'asked');
CREATE INDEX queue_by_status ON queue (status, score);

CREATE TABLE queue_steps (          -- every step of a question's life, in order
    step_id INTEGER PRIMARY KEY,
    item_id INTEGER NOT NULL REFERENCES queue (item_id),
    status TEXT NOT NULL,
    at REAL NOT NULL,
    why TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX steps_by_item ON queue_steps (item_id);

ALTER TABLE verdicts RENAME TO old_verdicts;
DROP INDEX verdicts_by_song;
CREATE TABLE verdicts (             -- what the listener said of a song; the latest one that was not taken back counts
    verdict_id INTEGER PRIMARY KEY,
    item_id INTEGER REFERENCES queue (item_id), -- the question that was answered; null: said unasked
    song_id TEXT NOT NULL,
    track_id TEXT NOT NULL DEFAULT '',
    artist_key TEXT NOT NULL DEFAULT '',
    verdict TEXT NOT NULL CHECK
        (verdict IN ('approve', 'more', 'reject', 'later', 'wrong_version', 'fewer', 'keep', 'remove')),
    said_through TEXT NOT NULL,     -- cli | bot | dashboard | playlist (an edit by hand on Spotify)
    said_at REAL NOT NULL,
    expires_at REAL,                -- null: for good
    undone_at REAL,                 -- null: it stands
    nonce TEXT NOT NULL UNIQUE      -- the same verdict sent twice counts once
) STRICT;
INSERT INTO verdicts (verdict_id, song_id, verdict, said_through, said_at, expires_at, nonce)
    SELECT verdict_id, song_id, verdict, said_through, said_at, expires_at, nonce FROM old_verdicts;
DROP TABLE old_verdicts;
CREATE INDEX verdicts_by_song ON verdicts (song_id, said_at);
CREATE INDEX verdicts_by_item ON verdicts (item_id);

CREATE TABLE outbox (               -- verdicts, and verdicts taken back, whose effect outside this machine is still due
    outbox_id INTEGER PRIMARY KEY,
    verdict_id INTEGER NOT NULL REFERENCES verdicts (verdict_id),
    undo INTEGER NOT NULL DEFAULT 0,
    queued_at REAL NOT NULL,
    done_at REAL,                   -- null: due
    outcome TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE UNIQUE INDEX outbox_once ON outbox (verdict_id, undo);
CREATE INDEX outbox_due ON outbox (outbox_id) WHERE done_at IS NULL;
