"""The errors that a person is told of. Everything else is a bug, and looks like one in the log.

A message is one line: what happened, where, and what to do. It is complete in itself: nobody puts another message around it.
"""


class ExpectedError(Exception):
    """The root of the tree: catch it only where every kind of trouble has the same answer."""


class UserError(ExpectedError):
    """The listener can mend it. The message says what is wrong, where, and how to mend it."""


class Retryable(ExpectedError):
    """It will pass by itself. ``until`` (UTC seconds) is the earliest time at which another try makes sense, where known."""

    def __init__(self, message: str, until: float | None = None) -> None:
        super().__init__(message)
        self.until = until


class Refused(ExpectedError):
    """A service said no. Trying again does not help. The message says what the answer means."""


class Corrupt(ExpectedError):
    """Kept data is damaged. The message names the file and the way out."""
