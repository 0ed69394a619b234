"""
Phones that write their own Contact, what they are told, and all that leaves the server.
"""

from __future__ import annotations

import re

from sippn.sip import Request, Response, read
from sippn.testing.calls import Call
from sippn.testing.house import House
from sippn.testing.network import Datagram
from sippn.testing.results import succeeded
from sippn.testing.streams_ends import Segment
from sippn.testing.ua import ScriptedUA
from sippn.testing.ua_account import Account

DOMAIN = "example.com"
ALICE, BOB = f"sip:alice@{DOMAIN}", f"sip:bob@{DOMAIN}"
FCM = ";pn-provider=fcm;pn-param=project;pn-prid=token-a"
APNS = (
    ";pn-provider=apns;pn-param=TEAM123456.org.test.app.voip&remote;pn-prid=aa11:voip&bb22:remote"
)
PHONE = "<urn:uuid:phone>"

_PURR = re.compile(r'\+sip\.pnspurr="([A-Za-z0-9_-]+)"')


def phone_that_says(
    house: House,
    words: str,
    after: str = "",
    user: str = "alice",
    *,
    instance: str = PHONE,
    password: str | None = None,
) -> ScriptedUA:
    """
    A phone with *words* in the Contact URI of its REGISTER, and *after* behind that.

    It tells its dialogs the PURR that it was told last, as it must.
    """
    account = Account(
        user,
        DOMAIN,
        password,
        instance=instance,
        purr=True,
        uri_params=words,
        contact_params=after,
    )
    endpoint, server = house.endpoint(), house.address
    return ScriptedUA(account, endpoint, server, house.clock, house.entropy, retransmits=False)


def registered(house: House, phone: ScriptedUA) -> Response:
    """The 200 to the REGISTER of *phone*."""
    answer = house.get(phone.register())
    assert answer.status == 200, answer.reason
    return answer


def asleep(house: House, phone: ScriptedUA) -> ScriptedUA:
    """*phone*, registered and asleep."""
    registered(house, phone)
    phone.sleep()
    house.run()
    return phone


def talking(house: House, alice: ScriptedUA, bob: ScriptedUA | None = None) -> Call:
    """A call of bob to alice, who is registered, slept, and was woken for it."""
    alice.sleep()
    house.run()
    call = (bob or house.phone("bob")).call(ALICE)
    house.run()
    assert house.get(alice.wake()).status == 200
    house.run()
    assert succeeded(call.answered).status == 200
    return call


def promised(answer: Response) -> list[str]:
    """The Feature-Caps fields of *answer*, as they are written, but the PURR, which is ``...``."""
    fields = answer.headers.get_all("Feature-Caps")
    return [_PURR.sub('+sip.pnspurr="..."', one) for one in fields]


def purrs(answer: Response) -> list[str]:
    """The PURRs that *answer* has."""
    return [purr for one in answer.headers.get_all("Feature-Caps") for purr in _PURR.findall(one)]


def sent(house: House) -> list[Datagram | Segment]:
    """All that has left the server, in order."""
    here = house.address.host
    return [one for one in house.network.carried if one.source.host == here and one.octets.strip()]


def requests_sent(house: House, method: str, to: ScriptedUA | None = None) -> list[Request]:
    """Those that have left the server, to anybody or to where *to* is."""
    messages = [
        read(one.octets) for one in sent(house) if to is None or one.to.host == to.address.host
    ]
    return [one for one in messages if isinstance(one, Request) and one.method == method]


def invites(house: House, to: ScriptedUA | None = None) -> list[Request]:
    """The INVITEs among them."""
    return requests_sent(house, "INVITE", to)


def pass_by(house: House, seconds: int) -> None:
    """Let time pass second by second, as it does."""
    for _ in range(seconds):
        house.clock.advance(1)
    house.run()
