"""
All branches of one request.
"""

from __future__ import annotations

from collections.abc import Collection

from attrs import define, field

from sippn.binding import AOR, Binding
from sippn.proxy.best import Final
from sippn.proxy.branch import FLOW_FAILED, Branch

REDIRECTED = Final(480)  # by a 3xx that is followed: it is no answer (RFC 3261 16.7, step 4)


@define(eq=False)
class Branches:
    """
    Those that were begun, whether they have ended or not.

    :ivar _all: in the order in which they were begun.
    """

    _all: list[Branch] = field(factory=list, init=False)

    def begin(self, branch: Branch) -> None:
        """One more."""
        self._all.append(branch)

    def drop(self, branch: Branch) -> None:
        """What came of *branch* is of no interest any more."""
        self._all.remove(branch)

    def forget(self) -> None:
        """Nothing more comes of any: they know the context, and no cycle is left behind."""
        self._all = []

    @property
    def ended(self) -> bool:
        """Whether all have."""
        for branch in self._all:  # noqa: SIM110 - asked often, and a generator costs more
            if branch.final is None:
                return False
        return True

    @property
    def finals(self) -> list[Final]:
        """How those ended that have."""
        return [branch.final for branch in self._all if branch.final]

    def unsent(self, but: object = None) -> int:
        """How many have yet to send their first copy."""
        number = 0
        for branch in self._all:
            if branch.legs.current is None and branch.final is None and branch is not but:
                number += 1
        return number

    def of(self, ids: Collection[str]) -> list[Branch]:
        """Those to a binding that had one of *ids*."""
        return [branch for branch in self._all if branch.target.binding_id in ids]

    def to_device(self, aor: AOR, instance: str) -> Branch | None:
        """That to a device, which has one copy on whichever flow (RFC 5626 section 7)."""
        for branch in self._all:
            binding = branch.target.binding
            if instance and binding and (branch.target.aor, binding.instance) == (aor, instance):
                return branch
        return None

    def have_reached(self, binding: Binding, but: Branch) -> bool:
        """Whether another one than *but* has reached *binding*."""
        return any(
            other is not but and other.target.binding_id == binding.id and _has_reached(other)
            for other in self._all
        )

    def stop_all(self, reason: str, but: Branch | None = None) -> None:
        """End them early, with that Reason."""
        for branch in tuple(self._all):
            if branch is not but:
                branch.stop(reason)

    def time_out(self) -> None:
        """They have had their time (RFC 3261 section 16.8)."""
        for branch in tuple(self._all):
            if branch.final is None:
                branch.time_out()


def is_unreached(branch: Branch, binding: Binding) -> bool:
    """Whether *branch* ended without its UA having said anything, and *binding* is news of it."""
    if branch.target.binding == binding:
        return False  # the REGISTER that its request was forked by
    final = branch.final
    if final is None or final is REDIRECTED or branch.rang_in_vain:
        return False
    return final.response is None or final.status in FLOW_FAILED


def _has_reached(branch: Branch) -> bool:
    if branch.legs.current is not None:
        return True
    return branch.final is not None and bool(branch.final.response)
