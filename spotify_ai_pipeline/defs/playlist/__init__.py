"""Playlists: decisions, their effects, copies of them, and what became of them."""
