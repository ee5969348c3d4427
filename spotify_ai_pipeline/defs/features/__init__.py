"""Features: what is known of each song, from ordered providers."""
