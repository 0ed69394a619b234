"""
T12: a PRID has one form, whatever way a client writes it.
"""

from __future__ import annotations

import pytest

from sippn.testing.house import House
from tests.threats.scene import ALICE, Sender, phone, requests_sent

MOST = 4096


def registered(house: House, prid: str, provider: str = "acme") -> list[int]:
    """What comes of a REGISTER with *prid*, written just so."""
    contact = f"<sip:alice@192.0.2.9;pn-provider={provider};pn-param=app;pn-prid={prid}>"
    return Sender.at(house).register("alice", ("Contact", contact))


def pushed(house: House) -> list[str]:
    """The PRIDs that a call to alice pushes."""
    before = len(house.pns.jobs)
    phone(house, "bob").call(ALICE)
    for _ in range(3):  # over a connection that is still there it is pushed a second later
        house.run(1)
    return [job.target.prid for job in house.pns.jobs[before:]]


@pytest.mark.parametrize(
    ("written", "prid"),
    [
        ("token", "token"),
        ("a%41", "aA"),
        ("%74oken", "token"),
        ("a%2541", "a%41"),
        ("%2541", "%41"),
        ("APA91b:x_y-z.~", "APA91b:x_y-z.~"),
        ("00fc13adff78512%3A1", "00fc13adff78512:1"),
        ("%C3%A9", "é"),
        ("a%2Cb", "a,b"),
        ("https:%2F%2Fpush.example%2Fq%3Fa=1", "https://push.example/q?a=1"),
        ("a+b", "a+b"),
        ("*", "*"),
    ],
)
def test_prid_is_unescaped_once(house: House, written: str, prid: str) -> None:
    """T12: one canonical form; the provider gets that, not what stood on the wire."""
    assert registered(house, written) == [200]
    assert pushed(house) == [prid]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("a%41", "aA", True),
        ("%61A", "aA", True),
        ("a%2541", "aA", False),
        ("token", "Token", False),
        ("token", "token%20", False),
        ("%c3%a9", "%C3%A9", True),
    ],
)
def test_prids_are_compared_by_octets(house: House, one: str, other: str, same: bool) -> None:
    """T12: two spellings are one device, and two devices are never one."""
    for name, prid in (("alice", one), ("mallory", other)):
        contact = f"<sip:{name}@192.0.2.9;pn-provider=acme;pn-param=app;pn-prid={prid}>"
        assert Sender.at(house).register(name, ("Contact", contact)) == [200]
        phone(house, "bob").call(f"sip:{name}@example.com")
    for _ in range(3):
        house.run(1)
    assert len({job.target.prid for job in house.pns.jobs}) == (1 if same else 2)


@pytest.mark.parametrize("prid", ["", "%00", "a%00b", "%", "a%4", "a%zz", "a%0d%0ab"])
def test_prid_that_is_none_is_refused(house: House, prid: str) -> None:
    """T12: empty, NUL, broken escapes: 400 or 555, and nothing of it is kept."""
    assert registered(house, prid) in ([400], [555])
    assert pushed(house) == []


@pytest.mark.parametrize("more", [";pn-prid=b", ";PN-PRID=token", ";pn-provider=acme"])
def test_prid_given_twice_is_refused(house: House, more: str) -> None:
    """T12: neither the first nor the last is believed."""
    assert registered(house, f"token{more}") in ([400], [555])
    assert pushed(house) == []


@pytest.mark.parametrize(
    ("prid", "taken"),
    [
        ("a" * 3000, True),
        ("%61" * 1000, True),
        ("a" * (MOST + 1), False),
        ("%61" * (MOST + 1), False),
    ],
)
def test_prid_is_so_long(house: House, prid: str, taken: bool) -> None:
    """T12: 4 KiB after unescaping, and a Contact as long."""
    assert registered(house, prid) in (([200],) if taken else ([400], [513]))


@pytest.mark.parametrize(
    ("quoted", "plain"),
    [
        ('"token"', "token"),
        ('"tok:en"', "tok:en"),
        ('"tok%65n"', "token"),
        ('"to\\"ken"', 'to"ken'),
    ],
)
def test_quotes_are_no_part_of_it(house: House, quoted: str, plain: str) -> None:
    """T12: a client that writes them is the same device as one that does not."""
    assert registered(house, quoted) == [200]
    assert pushed(house) == [plain]


@pytest.mark.parametrize("broken", ['"token', 'token"', '"to"ken"', '"to;ken'])
def test_half_a_quote_hides_nothing(house: House, broken: str) -> None:
    """T12: it is refused; no parameter behind it is swallowed or let through."""
    assert registered(house, f"{broken};pn-prid=EVIL") == [400]
    assert pushed(house) == []


def test_it_goes_out_in_no_form(house: House) -> None:
    """T12, T7: whatever way it was written, no request to a phone has it."""
    phone_of_alice = phone(house, "alice", 'a"b c%')
    house.get(phone_of_alice.register())
    phone_of_alice.sleep()
    phone(house, "bob").call(ALICE)
    house.run()
    assert [job.target.prid for job in house.pns.jobs] == ['a"b c%']
    house.get(phone_of_alice.wake())
    house.run()
    assert not [one for one in requests_sent(house) if "pn-prid" in one.uri]
