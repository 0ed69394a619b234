"""What may come of a scenario, and how it says so."""

from __future__ import annotations

from enum import Enum
from typing import NoReturn

from attrs import frozen

from sippn.sip import Response


class Failed(AssertionError):
    """The server did what it must not; the text is the story, for who runs the suite."""


class Skipped(Exception):
    """The server need not have what is asked for, and has it not; the text says what."""


class Verdict(Enum):
    """How a scenario ended."""

    OK = "ok"
    FAILED = "failed"
    SKIPPED = "skipped"


@frozen
class Result:
    """
    One scenario that is over.

    :ivar reason: why it failed, or was skipped; else empty.
    :ivar seconds: how long it took.
    :ivar transcript: what phones and server said, line by line.
    """

    verdict: Verdict
    reason: str
    seconds: float
    transcript: tuple[str, ...] = ()


def check(holds: object, story: str) -> None:
    """
    Go on if *holds*.

    :raises Failed: with *story*, if it does not.
    """
    if not holds:
        raise Failed(story)


def skip(reason: str) -> NoReturn:
    """
    Leave the scenario.

    :raises Skipped: always.
    """
    raise Skipped(reason)


def words(response: Response) -> str:
    """*response* in a story: ``480 Temporarily Unavailable``, and what its Warnings say."""
    warnings = "".join(f" ({value})" for value in response.headers.get_all("Warning"))
    return f"{response.status} {response.reason}{warnings}"
