"""Spotify AI: one listener's music, managed. The floors of the house are drawn in docs/architecture.md."""
