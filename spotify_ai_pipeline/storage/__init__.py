"""The kept things: made things in the lake, said things in the state, questions answered by the warehouse."""
