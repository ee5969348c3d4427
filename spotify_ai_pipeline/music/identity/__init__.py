"""Identity: many spellings and Spotify ids, one song.

Read in this order: ``languages`` (words around names, as data), ``spelling`` (letters), ``artists`` (credits), ``versions`` (a
live take is another song), ``titles`` (slips of the pen), ``matching`` (candidates), ``aliases`` (what the listener's own
names teach), ``groups`` and ``members`` (who belongs to whom, and why), ``linking`` (Spotify ids from elsewhere), ``songs``
(the table).
"""
