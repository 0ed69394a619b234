"""The scenarios there are; each is an async function whose docstring says what it shows."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from attrs import frozen

from sippn.testing.conformance.trial import Trial

Play: TypeAlias = Callable[[Trial], Awaitable[None]]


@frozen
class Scenario:
    """
    One behaviour of a server.

    :ivar ids: the requirements that it shows, e.g. ``P-046``.
    :ivar what: what the server does, in a sentence.
    :ivar optional: no standard asks for it: who does otherwise is skipped.
    """

    ids: str
    what: str
    play: Play
    optional: bool

    @property
    def name(self) -> str:
        """Of its function."""
        return getattr(self.play, "__name__", self.what)


CATALOGUE: list[Scenario] = []


def scenario(play: Play) -> Play:
    """Put *play* into the catalogue; its docstring is ``ids: sentence``."""
    CATALOGUE.append(_read(play, optional=False))
    return play


def leniency(play: Play) -> Play:
    """The same for what is good to have, and no standard asks for."""
    CATALOGUE.append(_read(play, optional=True))
    return play


def _read(play: Play, *, optional: bool) -> Scenario:
    ids, _, what = " ".join((play.__doc__ or "").split()).partition(": ")
    return Scenario(ids, what.rstrip("."), play, optional)
