"""Files: exports of listening histories and ratings, one module a format, each read as a stream.

A format module has ``recognises(name, head)`` (the file's name and first bytes) and ``read(stream)``, which gives ``Batch``es.
Addresses, user names and user agents are never read into a table.
"""
