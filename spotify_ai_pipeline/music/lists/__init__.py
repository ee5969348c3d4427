"""Lists of the listener's own: a filter and an order over what is known of songs, and the words that ask for one.

``columns``: what a list may ask of a song. ``recipe``: the filter and the order. ``words``: a sentence made into them.
"""
