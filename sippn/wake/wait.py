"""
What a request waits for, and whose it is.
"""

from __future__ import annotations

from typing import Protocol

from attrs import field

from sippn.binding import AOR, Binding, PushKind, PushTarget
from sippn.value import value_class
from sippn.wake.parking import Caller


class Asker(Protocol):
    """
    Whose request waits.

    :ivar why_over: why it waits no more when it does not, the value of a Reason field.
    """

    why_over: str

    def missed(self, wait: Wait) -> None:
        """
        Its UA may have been pushed, did not come in time, and no push tells it for sure that
        the call is over (S-12).

        It may be called after the request had its answer.
        """


@value_class
class Wait:
    """
    What a request waits for.

    :ivar binding: the sleeping one; it has a push target.
    :ivar seconds: how long the UA gets to come back.
    :ivar from_: the From of the request, as it came.
    :ivar asker: whose it is; None: nobody who is to be told anything but the result.
    """

    aor: AOR
    binding: Binding
    kind: PushKind
    method: str
    call_id: str
    caller: Caller
    seconds: float
    from_: str = field(default="", repr=False)
    asker: Asker | None = field(default=None, repr=False)

    @property
    def target(self) -> PushTarget:
        """Whom to push."""
        if self.binding.push_target is None:
            raise ValueError("a binding without a push target does not sleep")
        return self.binding.push_target
