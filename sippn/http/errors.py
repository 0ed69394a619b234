"""
Why there is no answer, and whether the request may have been acted on all the same.
"""

from __future__ import annotations


class NoAnswer(Exception):
    """
    There is none.  Its text is for the operator, in a few words and none of the peer's.
    """


class NotProcessed(NoAnswer):
    """Nobody has acted on the request, nor will: it can be asked again at once."""


class NoConnection(NotProcessed):
    """There was no way to the server: its name, its socket, its certificate."""


class Ambiguous(NoAnswer):
    """The request was on the wire: the server may have acted on it."""
