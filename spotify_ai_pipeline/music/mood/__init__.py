"""The mood: words about it, where it lies in the space of embeddings, and what listening shows of it."""
