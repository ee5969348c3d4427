ALTER TABLE queue ADD COLUMN terms TEXT; -- JSON: what was known of a discovery when it was proposed, by name; null: nothing
