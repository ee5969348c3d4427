CREATE TABLE spend (                -- what language models cost, one row a question that was sent
    spend_id INTEGER PRIMARY KEY,
    month TEXT NOT NULL,            -- UTC, 2026-11
    asked_at REAL NOT NULL,
    purpose TEXT NOT NULL,          -- cluster names
    model TEXT NOT NULL,
    usd REAL NOT NULL,              -- the most it can cost, until the answer says what it did cost
    input_tokens INTEGER,           -- null: no answer came that would say
    output_tokens INTEGER
) STRICT;
CREATE INDEX spend_by_month ON spend (month);
