"""People: the command line, and what comes after it. Everything here calls the floors below and adds only words."""
