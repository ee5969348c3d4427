"""Discovery: from what many sources propose to the few new songs that are tried.

``leads`` gathers what the sources say of one song, ``dedupe`` leaves out what is known or was refused, ``affinity`` says how
well a song fits, ``bandit`` learns from verdicts which sources and regions of taste deliver, ``diversify`` picks a varied few,
``trial`` says what becomes of them.
"""
