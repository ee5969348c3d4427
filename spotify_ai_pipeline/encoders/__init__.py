"""The encoders that turn sound and text into numbers: models that read their weights from this machine and speak to no
network.

They stand beside storage: reading weights is I/O, which ``music/`` has none of, and no service is asked, which is what
``services/`` is for. All of them are optional; what they need is imported in the function that needs it, and a Problem says
how to get it.
"""
