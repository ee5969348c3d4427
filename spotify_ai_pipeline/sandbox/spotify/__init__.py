"""The Spotify Web API as a new development-mode app of late 2026 sees it."""
