"""
How many pushes callers may cause (REQUIREMENTS Q-03): each of them, and to each device.
"""

from __future__ import annotations

from attrs import define

from sippn.auth import Budget
from sippn.errors import Unreachable
from sippn.wake.parking import Caller

RETRY_AFTER = 300  # seconds: budgets are counted by the hour


class BudgetSpent(Unreachable):
    """
    No push for this one: 480 with Retry-After.

    :ivar whose: the budget; for the operator, since a caller need not know it.
    """

    def __init__(self, whose: str) -> None:
        super().__init__("", [("Retry-After", str(RETRY_AFTER))])
        self.whose = whose


@define(eq=False, repr=False)
class Budgets:
    """
    Those of one server; a trusted peer spends of none.

    :ivar stranger: of each whom nobody vouches for; *strangers_to_device* of all of them
        together, to each device, which keeps them from spending what is everybody's.
    :ivar caller: of each authenticated user.
    :ivar device: of each device's battery, whoever calls.
    """

    stranger: Budget
    strangers_to_device: Budget
    caller: Budget
    device: Budget

    def take(self, caller: Caller, device: str) -> str:
        """
        Count one push of *caller* to *device*, in all of them or in none.

        :returns: whose budget is spent, and that nobody may push; empty: it may leave.
        """
        if caller.trusted:
            return ""
        spent = self._spent(caller, device)
        if not spent:
            if caller.stranger:
                self.stranger.take(caller.key)
                self.strangers_to_device.take(device)
            else:
                self.caller.take(caller.key)
            self.device.take(device)
        return spent

    def _spent(self, caller: Caller, device: str) -> str:
        if caller.stranger:
            if self.stranger.wait(caller.key):
                return "a stranger"
            if self.strangers_to_device.wait(device):
                return "strangers to the device"
        elif self.caller.wait(caller.key):
            return "the caller"
        return "the device" if self.device.wait(device) else ""
