"""The Last.fm API 2.0, in XML as pylast reads it and in JSON."""
