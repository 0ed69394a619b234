"""
What is asked over HTTP, and what is answered, whichever version carries it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from attrs import field

from sippn.http.errors import NoAnswer
from sippn.value import value_class

Fields: TypeAlias = tuple[tuple[bytes, bytes], ...]  # names in lower case


@value_class
class Ask:
    """
    A request; its origin is that of whoever is asked.

    Nothing of it is checked again on its way: who makes one lets no octet of a peer's in
    that HTTP could read as the end of a line.

    :ivar path: origin-form (RFC 9112 section 3.2.1); it may have a credential.
    :ivar fields: header fields beside those that a version of HTTP writes itself, which are
        ``:method`` and the like, ``host`` and ``content-length``; names in lower case.
    """

    method: bytes
    path: bytes = field(repr=False)
    fields: Fields = field(default=(), repr=False)
    body: bytes = field(default=b"", repr=False)


@value_class
class Answer:
    """
    A response.

    :ivar body: its first 65,536 octets at most (RELIABILITY T9): the status says most.
    """

    status: int
    fields: Fields = field(default=(), repr=False)
    body: bytes = field(default=b"", repr=False)

    def value(self, name: bytes) -> bytes | None:
        """The value of the first field *name*, in lower case; None: there is none."""
        for known, value in self.fields:
            if known == name:
                return value
        return None


@value_class
class Overheard:
    """
    One request and what came of it, for somebody who looks on (``sippn push test``).

    :ivar origin: whom it went to, e.g. ``"https://api.push.apple.com"``.
    :ivar seconds: that it took.
    """

    origin: str
    ask: Ask
    answer: Answer | NoAnswer
    seconds: float


Overhear: TypeAlias = Callable[[Overheard], None]
