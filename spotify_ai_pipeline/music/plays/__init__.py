"""Plays: what several sources tell of one play, made one row.

Read in this order: ``records`` (what each source says), ``timestamp_convention`` (starts or ends), ``alignment`` (which records
are one play), ``merging`` (the row), ``completion`` (how much of it was heard), ``exclusion`` (that wasn't me), ``coverage``
(what is unknown).
"""
