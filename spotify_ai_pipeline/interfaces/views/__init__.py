"""What every face shows, as frames and plain data."""
