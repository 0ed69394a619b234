"""One change of an AOR, from the moment that it is asked for until it is on the disk."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Final, TypeAlias

from attrs import define, field
from twisted.internet.defer import Deferred

from sippn.binding import AOR, Change, Decision, Record

Decide: TypeAlias = Callable[[Record | None], Decision]


class Unread(Enum):
    """Says that nobody has read a record; None says that there is none."""

    UNREAD = "not read"


UNREAD: Final = Unread.UNREAD


@define(eq=False, repr=False)
class Update:
    """
    A rule that is to be applied to the record of *aor*, and how far that has come.

    :ivar done: fires with the decision when it is committed; who cancels it hears no more.
    :ivar seen: what its author has read of the record, or somebody else has since.
    :ivar behind: the update of the same AOR that waits for this one.
    :ivar races: how often another node was faster.
    :ivar decision: what is being committed, as *change*.
    """

    aor: AOR
    decide: Decide
    seen: Record | Unread | None
    done: Deferred[Decision] = field(factory=Deferred)
    behind: Update | None = None
    races: int = 0
    decision: Decision = field(init=False)
    change: Change = field(init=False)
