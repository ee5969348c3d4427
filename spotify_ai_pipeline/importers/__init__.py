"""Files that services hand out: exports of histories and ratings, and charts. One module a format, each read as a stream."""
