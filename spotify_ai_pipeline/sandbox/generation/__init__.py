"""The parts of the made-up world: names, genres, catalogue, listener, library."""
