"""The one kind of error that reaches a person."""


class UserError(Exception):
    """Something that a person can put right. The message is one line: what, where, and what to do."""
