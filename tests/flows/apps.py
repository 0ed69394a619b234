"""
Apps that sleep, and say in a test's own words how they are pushed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from attrs import define, field

from sippn.binding import Capability, service_for
from sippn.sip import Request, Response, read_feature_caps
from sippn.testing.house import House
from sippn.testing.results import succeeded
from tests.threats.scene import Sender

ALICE = "sip:alice@example.com"
PUSH = ";pn-provider=acme;pn-param=app;pn-prid=token-a"
INSTANCE = ';+sip.instance="<urn:uuid:a>"'
FIELD = re.compile(
    r'\*;\+sip\.pns="[a-z.]+"(;\+sip\.vapid="[\w\-]+")?(;\+sip\.pnsreg="[0-9]+")?'
    r'(;\+sip\.pnspurr="[\w\-]+")?'
)


@define(eq=False)
class App:
    """
    An app of a user, which says what the test says.

    :ivar sender: where it is.
    """

    house: House
    name: str = "alice"
    sender: Sender = field(init=False)

    def __attrs_post_init__(self) -> None:
        """Somewhere."""
        self.sender = Sender.at(self.house)

    def contact(self, params: str = "", behind: str = "") -> str:
        """Its Contact, with *params* in the URI and *behind* it."""
        return f"<sip:{self.name}@{self.sender.endpoint.address}{params}>{behind}"

    def send(self, *contacts: str, fields: Sequence[tuple[str, str]] = ()) -> Response:
        """Register *contacts* under one Call-ID; the final answer."""
        aor = f"sip:{self.name}@example.com"
        listed = [("Contact", contact) for contact in contacts]
        self.sender.ask(
            "REGISTER",
            "sip:example.com",
            *listed,
            *fields,
            From=f"<{aor}>;tag=r",
            To=f"<{aor}>",
            Call_ID=f"registration-of-{self.name}",
        )
        return self.sender.answers()[-1]

    def register(self, params: str = "", behind: str = "", expires: int = 3600) -> Response:
        """Register its Contact, with *params* in the URI and *behind* it."""
        return self.send(self.contact(params, behind), fields=[("Expires", str(expires))])

    @property
    def requests(self) -> list[str]:
        """The methods of what it was asked."""
        found = self.house.sent_to(self.sender.endpoint.address)
        return [message.method for message in found if isinstance(message, Request)]


def caps(response: Response) -> list[str]:
    """Its Feature-Caps, but for the PURRs."""
    lines = response.headers.get_all("Feature-Caps")
    assert all(FIELD.fullmatch(line) for line in lines), lines
    return [re.sub(r';\+sip\.pnspurr="[^"]*"', "", line) for line in lines]


def purrs(response: Response) -> list[str]:
    """Its PURRs."""
    return [one.purr for one in read_feature_caps(response.headers) if one.purr]


def called(house: House) -> tuple[int, int]:
    """What comes of a call to alice: how many pushes in 5 s, and the status in the end."""
    before = len(house.pns.jobs)
    call = house.phone("bob").call(ALICE)
    house.run(5)
    pushes = len(house.pns.jobs) - before
    house.run(40)
    return pushes, succeeded(call.failed).status if call.failed.called else 200


def served(house: House, *pns: str) -> None:
    """The push service takes what these need, by the kinds of their tokens."""
    house.pns.capabilities = [Capability(one, "k-1" if one == "webpush" else None) for one in pns]
    house.pns.can = lambda target, kind: (
        target.provider in pns and service_for(target, kind) is not None
    )
