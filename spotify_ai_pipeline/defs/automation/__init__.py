"""Time: what runs together, when, and who starts it."""
