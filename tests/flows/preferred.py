"""
Phones whose Contact says more than usual, and one that sends its callers elsewhere.
"""

from __future__ import annotations

from attrs import frozen

from sippn.sip import PushParams, response_to
from sippn.testing.calls_received import Policy, ReceivedCall
from sippn.testing.house import House
from sippn.testing.ua import ScriptedUA
from sippn.testing.ua_account import Account
from sippn.transport import Address


@frozen
class Preferred(Account):
    """
    An account that registers with Contact parameters.

    :ivar more: as they are written, e.g. ``;q=0.5``.
    """

    more: str = ""

    def registered_contact(self, address: Address, transport: str) -> str:
        """The Contact of its REGISTER."""
        return super().registered_contact(address, transport) + self.more


def phone_with(
    house: House, more: str, policy: Policy, name: str = "", prid: str = ""
) -> ScriptedUA:
    """
    A phone of alice, registered with *more* in its Contact.

    :param name: tells her devices apart; empty: *more* does.
    :param prid: it can be pushed, and sleeps.
    """
    phone = house.phone("alice")
    push = PushParams("acme", "app", prid) if prid else None
    instance = f"<urn:uuid:{name or more.strip(';')}>"
    phone.account = Preferred("alice", "example.com", None, push, instance, more=more)
    phone.policy = policy
    answer = house.get(phone.register())
    assert answer.status == 200, answer.reason
    if prid:
        phone.sleep()
        house.run()
    return phone


def redirect(*contacts: str, status: int = 302) -> Policy:
    """Name other places."""

    def policy(call: ReceivedCall) -> None:
        extra = [("Contact", contact) for contact in contacts]
        moved = response_to(call.invite, status, extra=extra, to_tag=call.tag)
        call._final(moved)

    return policy


def pass_by(house: House, seconds: float) -> None:
    """Let time pass second by second, as it does."""
    for _ in range(int(seconds)):
        house.run(1)
    house.run(seconds % 1)
