"""
Vector 1: the REGISTER of RFC 8599's figure 2, where nobody serves its PNS.
"""

from __future__ import annotations

import pytest
from attrs import evolve

from sippn.binding import Capability
from sippn.registrar import PushRegistration, RegistrarSettings
from sippn.service import ServerSettings
from sippn.sip import Response
from sippn.testing.house import House
from sippn.testing.results import succeeded
from tests.threats.scene import Sender
from tests.vectors.scene import ALICE, sent

FIGURE_2 = """\
REGISTER sip:alice@example.com SIP/2.0
Via: SIP/2.0/{transport} alicemobile.example.com:5060;branch=z9hG4bKnashds7;rport
Max-Forwards: 70
To: Alice <sip:alice@example.com>
From: Alice <sip:alice@example.com>;tag=456248
Call-ID: 843817637684230@998sdasdh09
CSeq: 1826 REGISTER
Contact: <sip:alice@alicemobile.example.com;
  pn-provider=acme;
  pn-param=acme-param;
  pn-prid=ZTY4ZDJlMzODE1NmUgKi0K>
Expires: 7200
Content-Length: 0

"""
IN_A_LINE = FIGURE_2.replace(";\n  ", ";")  # where a URI may not be folded


def answered(house: House, text: str) -> Response:
    """What comes back for *text*."""
    sender = Sender.at(house)
    sender.send(text.format(transport=sender.endpoint.transport).replace("\n", "\r\n").encode())
    return sender.answers()[-1]


@pytest.fixture
def house(house: House) -> House:
    """It serves somebody else's."""
    house.pns.capabilities = [Capability("fcm")]
    return house


def test_unserved_pns_is_refused(house: House) -> None:
    """Vector 1, P-012, P-030: a PNS that nobody serves gets a 555 without Feature-Caps."""
    answer = answered(house, IN_A_LINE)
    assert (answer.status, answer.reason) == (555, "Push Notification Service Not Supported")
    assert "Feature-Caps" not in answer.headers


def test_unserved_pns_is_not_registered(house: House) -> None:
    """Vector 1, P-012: after a 555 there is no binding: a call is 480, and nobody is pushed."""
    answered(house, IN_A_LINE)
    call = house.phone("bob").call(ALICE)
    house.run(1)
    assert succeeded(call.failed).status in (404, 480)
    assert house.pns.jobs == []


@pytest.mark.parametrize("action", ["accept_without_push"])
def test_unserved_pns_is_a_plain_binding(settings: ServerSettings, action: str) -> None:
    """Vector 1, P-012, U-03: or a 200 without Feature-Caps, if an operator wants that."""
    push = PushRegistration(unsupported=action)
    house = House.built(evolve(settings, registrar=RegistrarSettings(push=push)))
    house.pns.capabilities = [Capability("fcm")]
    answer = answered(house, IN_A_LINE)
    assert answer.status == 200
    assert "Feature-Caps" not in answer.headers
    assert len(answer.contacts) == 1
    house.phone("bob").call(ALICE)
    house.run(30)
    assert house.pns.jobs == []
    assert b"ZTY4ZDJlMzODE1NmUgKi0K" not in b"".join(
        one.octets for one in sent(house) if b"REGISTER" not in one.octets
    )
    house.server.stopService()


def test_figure_is_served_where_its_pns_is(house: House) -> None:
    """Vector 1, P-016: where its PNS is served, the same REGISTER is promised a push."""
    house.pns.capabilities = [Capability("acme")]
    answer = answered(house, IN_A_LINE)
    assert answer.status == 200
    assert answer.headers.get_all("Feature-Caps")[0].startswith('*;+sip.pns="acme"')
