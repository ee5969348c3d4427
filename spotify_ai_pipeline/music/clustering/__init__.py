"""Clusters: which songs of the library belong together, what holds each group together, and how it fares.

reduce (vectors to a few dimensions) · clusters (dense groups) · matching (which is which since last time) · hierarchy
(families of clusters) · describe (distinctive tags) · health · playlists (a list a cluster, changed within bounds).
"""
