"""
Appendix B 25, as far as REGISTER goes: what phones write that no grammar has.

The PRIDs that are escaped twice are in test_t12_prid_quoting.py.
"""

from __future__ import annotations

import pytest

from sippn.testing.house import House
from tests.threats.scene import ALICE, Sender, phone, requests_sent

PUSH = ";pn-provider=acme;pn-param=app;pn-prid=token"


def registered(house: House, push: str, *fields: tuple[str, str], after: str = "") -> list[int]:
    """The statuses of a REGISTER whose Contact URI has *push*, and *after* behind it."""
    contact = f"<sip:alice@192.0.2.9{push}>{after}"
    return Sender.at(house).register("alice", ("Contact", contact), *fields)


def pushed(house: House) -> list[str]:
    """The PRIDs that a call to alice pushes."""
    before = len(house.pns.jobs)
    phone(house, "bob").call(ALICE)
    for _ in range(3):  # over UDP what may be awake is asked first
        house.run(1)
    return [job.target.prid for job in house.pns.jobs[before:]]


def test_quoted_prid_is_its_content(house: House) -> None:
    """Appendix B 25: the quotes are no part of the token, and go no further."""
    assert registered(house, ';pn-provider=acme;pn-param="app";pn-prid="to:ken"') == [200]
    assert pushed(house) == ["to:ken"]


def test_names_in_any_case(house: House) -> None:
    """Appendix B 25, G-01: parameter names and the PNS have no case, the PRID has."""
    assert registered(house, ";PN-Provider=ACME;Pn-Param=app;pn-PRID=ToKen") == [200]
    assert pushed(house) == ["ToKen"]


@pytest.mark.parametrize("field", ['+sip.pns="acme"', '*;+SIP.PNS="acme"', "*;+sip.pns=acme"])
def test_feature_caps_without_their_beginning_are_understood(house: House, field: str) -> None:
    """Appendix B 25, F-02: a missing ``*;``: who was before us pushes, and we do not."""
    assert registered(house, PUSH, ("Feature-Caps", field)) == [200]
    assert pushed(house) == []


@pytest.mark.parametrize("field", ["*;", ";", '"', "*;;*", "acme", '*;+sip.pnsreq="acme"'])
def test_feature_caps_that_say_nothing_change_nothing(house: House, field: str) -> None:
    """Appendix B 25, F-02: a phone is woken whatever nonsense came with its REGISTER."""
    assert registered(house, PUSH, ("Feature-Caps", field)) == [200]
    assert pushed(house) == ["token"]


@pytest.mark.parametrize("tag", ["sip.pnsreq", "+sip.pnsreq", "+SIP.PnsReg", "+sip.pnsreg=121"])
def test_tag_that_is_nearly_one(house: House, tag: str) -> None:
    """Appendix B 25, P-018: a phone that misspells its tag is woken like one without it."""
    assert registered(house, PUSH, after=f";{tag}") == [200]
    assert pushed(house) == ["token"]


@pytest.mark.parametrize("where", ["uri", "param"])
def test_contact_of_eight_thousand_octets(house: House, where: str) -> None:
    """Appendix B 25, A5: refused as too large, and what was there before stays."""
    assert registered(house, PUSH) == [200]
    long = f";x={'y' * 8192}"
    uri, after = (long, "") if where == "uri" else ("", long)
    assert registered(house, PUSH.replace("token", "other") + uri, after=after) in ([400], [513])
    assert pushed(house) == ["token"]


def test_nobody_else_sees_any_of_it(house: House) -> None:
    """Appendix B 25, P-004: however it was written, the token stays here."""
    assert registered(house, ';PN-Provider=acme;PN-Param=app;PN-PRID="to:ken"') == [200]
    pushed(house)
    assert not [sent for sent in requests_sent(house) if "to:ken" in str(sent)]
