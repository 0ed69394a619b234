"""What a message ladder is made of, from top to bottom; times in seconds."""

from __future__ import annotations

from typing import TypeAlias

from attrs import frozen


@frozen
class Arrow:
    """
    Something that goes from one to another.

    :ivar detail: below the arrow, smaller: what matters of its header fields.
    :ivar push: it is no SIP.
    """

    at: float
    sender: str
    receiver: str
    label: str
    detail: str = ""
    push: bool = False


@frozen
class Words:
    """Something that *who* does, or that happens there."""

    at: float
    who: str
    text: str


@frozen
class State:
    """From now on *who* hears something, or nothing."""

    at: float
    who: str
    asleep: bool


@frozen
class Later:
    """Much time has passed, *text* says how much; times count anew from here."""

    at: float
    text: str


Row: TypeAlias = Arrow | Words | State | Later
