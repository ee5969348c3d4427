"""What is made: one module a stage. An asset reads frames, calls ``music``, and returns a frame for the lake to keep."""
