"""Discovery: seeds, one asset a source, candidates, what is proposed, and what is on trial."""
