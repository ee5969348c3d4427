"""Taste: statistics, forecast, mood, clusters and the map."""
