"""The things that every face shows, as frames and plain data."""
