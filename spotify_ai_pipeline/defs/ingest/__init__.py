"""Ingest: the library, scrobbles, and plays from other sources."""
