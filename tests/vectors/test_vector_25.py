"""
Vector 25: what phones write that no grammar has.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sippn.service import ServerSettings
from sippn.sip import Response, escape_pvalue
from sippn.storage.factories import MemoryStoreFactory
from sippn.testing.house import House
from sippn.testing.ua import ScriptedUA
from sippn.transport.settings import ListenSettings
from tests.threats.scene import Sender
from tests.vectors.scene import ALICE, phone_that_says, promised, requests_sent, sent

PUSH = ";pn-provider=acme;pn-param=app;pn-prid=token"
PROMISE = ['*;+sip.pns="acme";+sip.pnspurr="..."']
SETTINGS = ServerSettings(
    listen=(ListenSettings("udp", "192.0.2.1", 5060),),
    domains=("example.com",),
    storage=MemoryStoreFactory().parse({}),
    providers=(),
)
MIXED = ";PN-Provider=ACME;Pn-Param=app;pn-PRID=ToKen"


def registering(
    house: House, push: str, *fields: tuple[str, str], after: str = ""
) -> tuple[Response, ScriptedUA]:
    """What a REGISTER gets whose Contact URI has *push*, with *after* behind; who then sleeps."""
    phone = phone_that_says(house, push, after)
    answer = house.get(phone.register(extra=fields))
    phone.sleep()
    house.run()
    return answer, phone


def pushed(house: House) -> list[str]:
    """The PRIDs that a call to alice pushes."""
    before = len(house.pns.jobs)
    house.phone("bob").call(ALICE)
    house.run(3)
    return [job.target.prid for job in house.pns.jobs[before:]]


@pytest.mark.parametrize(
    ("push", "prid"),
    [
        (PUSH.replace("token", '"token"'), "token"),
        (PUSH.replace("token", '"to:ken"'), "to:ken"),
        (PUSH.replace("token", '"to%3Aken"'), "to:ken"),
        (';pn-provider="acme";pn-param="app";pn-prid="token"', "token"),
    ],
)
def test_quoted_prid_is_its_content(house: House, push: str, prid: str) -> None:
    """Vector 25, G-01, G-03: a quoted pn-prid is what stands between its quotes."""
    answer, _ = registering(house, push)
    assert (answer.status, promised(answer)) == (200, PROMISE)
    assert pushed(house) == [prid]


def test_names_in_any_case(house: House) -> None:
    """Vector 25, G-01: parameter names and the PNS have no case, the PRID has."""
    answer, _ = registering(house, MIXED)
    assert (answer.status, promised(answer)) == (200, PROMISE)
    assert pushed(house) == ["ToKen"]


def test_same_phone_in_another_case(house: House) -> None:
    """Vector 25, G-01: a UA that changes the case of the names is the same binding."""
    for words in (MIXED, MIXED.lower().replace("token", "ToKen")):
        answer, _ = registering(house, words)
    assert len(answer.contacts) == 1


@pytest.mark.parametrize(
    ("written", "prid"),
    [
        ("a%2541", "a%41"),
        ("%252525", "%2525"),
        ("https:%2F%2Fh%2Fa%252Fb", "https://h/a%2Fb"),
        ("https://h/a%252Fb", "https://h/a%2Fb"),
        ("a%253Bb%3Bc", "a%3Bb;c"),
    ],
)
def test_double_escapes_are_unescaped_once(house: House, written: str, prid: str) -> None:
    """Vector 25, G-03: ``%25`` becomes ``%``, and what then looks like an escape stays."""
    answer, _ = registering(house, PUSH.replace("token", written))
    assert answer.status == 200
    assert written in answer.contacts[0].uri_text
    assert pushed(house) == [prid]


@pytest.mark.parametrize(
    "field",
    ['+sip.pns="acme"', '*;+SIP.PNS="acme"', "*;+sip.pns=acme", 'x;y, *;+sip.pns="acme"'],
)
def test_feature_caps_without_their_beginning_are_understood(house: House, field: str) -> None:
    """Vector 25, F-02, P-011: Feature-Caps without ``*;`` say the same: another proxy pushes."""
    answer, _ = registering(house, PUSH, ("Feature-Caps", field))
    assert (answer.status, promised(answer)) == (200, [])
    assert pushed(house) == []


@pytest.mark.parametrize("field", ["*;", ";", '"', "*;;*", "acme", '*;+sip.pnsreq="acme"'])
def test_feature_caps_that_say_nothing_change_nothing(house: House, field: str) -> None:
    """Vector 25, F-02: a phone is woken whatever nonsense came with its REGISTER."""
    answer, _ = registering(house, PUSH, ("Feature-Caps", field))
    assert (answer.status, promised(answer)) == (200, PROMISE)
    assert pushed(house) == ["token"]


@pytest.mark.parametrize(
    "tag",
    ["+sip.pnsreg", "+SIP.PnsReg", "+sip.pnsreq", '+sip.pnsreg="true"', "+sip.pnsreg=true"],
)
def test_tag_is_understood_as_it_is_misprinted(house: House, tag: str) -> None:
    """Vector 25, G-05, U-07: ``sip.pnsreq``, as the RFC has it in places, is ``sip.pnsreg``."""
    answer, _ = registering(house, PUSH, after=f";{tag}")
    assert promised(answer) == ['*;+sip.pns="acme";+sip.pnsreg="130";+sip.pnspurr="..."']
    assert pushed(house) == ["token"]


@pytest.mark.parametrize("where", ["uri", "after"])
def test_contact_of_eight_thousand_octets(house: House, where: str) -> None:
    """Vector 25, G-07: a Contact of 8 KB is refused as too large; what was there stays."""
    answer, phone = registering(house, PUSH)
    assert answer.status == 200
    long = f";x={'y' * 8192}"
    words, after = (long, "") if where == "uri" else ("", long)
    sender = Sender(house, house.endpoint())
    contact = f"<sip:alice@{phone.address}{PUSH.replace('token', 'other')}{words}>{after}"
    found = sender.ask("REGISTER", "sip:example.com", ("Contact", contact), To=f"<{ALICE}>")
    assert found in ([400], [513])
    assert pushed(house) == ["token"]


def test_contact_of_four_thousand_octets(house: House) -> None:
    """Vector 25, G-07: one of just under 4 KiB is taken, token and all."""
    prid = "t" * 3900
    answer, _ = registering(house, PUSH.replace("token", prid))
    assert (answer.status, promised(answer)) == (200, PROMISE)
    assert pushed(house) == [prid]


@pytest.mark.parametrize(
    "push", [MIXED, PUSH.replace("token", '"ToKen"'), PUSH.replace("token", "To%4Ben")]
)
def test_nobody_else_sees_any_of_it(house: House, push: str) -> None:
    """Vector 25, P-004: in whatever way it was written, a token is in nothing that others get."""
    _, phone = registering(house, push)
    pushed(house)
    house.get(phone.wake())
    house.run()
    assert len(requests_sent(house, "INVITE")) == 1
    hers = phone.address.host
    others = [one.octets for one in sent(house) if one.to.host != hers or b"INVITE" in one.octets]
    assert not [one for one in others if b"token" in one.lower() or b"%4b" in one.lower()]


def any_case(name: str) -> st.SearchStrategy[str]:
    """*name* in letters of any size."""
    letters = [st.sampled_from([letter.lower(), letter.upper()]) for letter in name]
    return st.tuples(*letters).map("".join)


def percent(text: str) -> str:
    """All of *text* in escapes."""
    return "".join(f"%{octet:02x}" for octet in text.encode())


SPELLINGS: list[Callable[[str], str]] = [
    escape_pvalue,
    percent,
    lambda text: f'"{escape_pvalue(text)}"',
    lambda text: f'"{percent(text)}"',
]
PRIDS = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S"]), min_size=1)
TAGS = ["", ";+sip.pnsreg", ";sip.pnsreq", ";+SIP.PNSREQ", ';x="a;b,c>"']


@given(
    prid=PRIDS.filter(lambda prid: len(prid) < 400),
    names=st.tuples(*map(any_case, ("pn-provider", "pn-param", "pn-prid", "acme"))),
    order=st.permutations([0, 1, 2]),
    spelling=st.sampled_from(SPELLINGS),
    tag=st.sampled_from(TAGS),
    behind=st.booleans(),
)
def test_however_it_is_written(
    prid: str,
    names: tuple[str, str, str, str],
    order: list[int],
    spelling: Callable[[str], str],
    tag: str,
    behind: bool,
) -> None:
    """Vector 25, G-01, G-03: of all ways to write a PRID, each pushes that very PRID."""
    house = House.built(SETTINGS)
    provider, param, token, acme = names
    said = [f";{provider}={acme}", f";{param}=app", f";{token}={spelling(prid)}"]
    words = "".join(said[one] for one in order)
    answer, _ = registering(house, "" if behind else words, after=(words if behind else "") + tag)
    assert answer.status == 200
    assert pushed(house) == [prid]
    house.server.stopService()
