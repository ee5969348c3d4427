-- What the bot on the phone needs over restarts: questions on the screen, messages that wait to be sent; moods as understood.

ALTER TABLE moods ADD COLUMN wish TEXT; -- JSON of what was understood; null: of before this was kept

CREATE TABLE shown (                -- questions that the bot has on the screen
    chat_id INTEGER NOT NULL,
    message_id INTEGER NOT NULL,    -- Telegram's, counted by chat
    item_id INTEGER NOT NULL REFERENCES queue (item_id),
    shown_at REAL NOT NULL,
    closed_at REAL,                 -- null: its buttons are there
    PRIMARY KEY (chat_id, message_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE messages (             -- what the pipeline has to say unasked; the bot sends it
    message_id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,             -- candidate | mood_shift | sign_in | silent_source | score_card | friend
    about TEXT NOT NULL UNIQUE,     -- said once: the same news again changes nothing
    body TEXT NOT NULL,             -- JSON: text, and what its buttons do
    queued_at REAL NOT NULL,
    stale_at REAL NOT NULL,         -- not sent any more after this time
    sent_at REAL                    -- null: waits
) STRICT;
CREATE INDEX messages_by_kind ON messages (kind, queued_at);
