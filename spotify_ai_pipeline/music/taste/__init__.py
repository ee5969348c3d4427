"""The taste: what the listener is expected to play, and why."""
