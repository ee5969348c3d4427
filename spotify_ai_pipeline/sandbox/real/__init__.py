"""The parts of a world built from real files: plays, songs, crowd, library."""
