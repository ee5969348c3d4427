"""What the pages show, as frames: pure functions of lazy frames, so that only the columns that are needed are read."""
