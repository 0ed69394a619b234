"""
T16: digest that is talked down to less, or sent once more.
"""

from __future__ import annotations

from typing import Any

import pytest

from sippn.sip import Challenge, parse_challenge
from sippn.testing.house import House
from tests.auth.test_digest import Phone
from tests.threats.scene import ALICE, DOMAIN, SECRET, Sender

URI = f"sip:{DOMAIN}"
ABOUT = {"From": f"<{ALICE}>;tag=d", "To": f"<{ALICE}>"}
LIFETIME = 300
WINDOW = 64


def challenges(sender: Sender) -> list[Challenge]:
    """What a REGISTER without credentials is asked for."""
    assert sender.send(sender.write("REGISTER", URI, **ABOUT)) == [401]
    return [
        parse_challenge(text) for text in sender.answers()[-1].headers.get_all("WWW-Authenticate")
    ]


def prove(sender: Sender, asked: Challenge, count: int = 1, **changes: str) -> str:
    """What a REGISTER that moves a contact comes to, with an answer to *asked*."""
    text = Phone("alice", SECRET).credentials(asked, count, **changes)
    fields = [("Authorization", text), ("Contact", f"<sip:alice@192.0.2.9:{5000 + count % 999}>")]
    (status,) = sender.send(sender.write("REGISTER", URI, *fields, **ABOUT))
    stale = "stale=true" in "".join(sender.answers()[-1].headers.get_all("WWW-Authenticate"))
    return f"{status} stale" if stale else str(status)


def test_stronger_hash_is_first(house: House) -> None:
    """T16, RFC 8760: SHA-256, then MD5 for those who know no better; each with qop=auth."""
    asked = challenges(Sender.at(house))
    assert [one.algorithm for one in asked] == ["SHA-256", "MD5"]
    assert {one.qop for one in asked} == {("auth",)}
    assert not any(one.stale for one in asked)


@pytest.mark.parametrize(
    "changes",
    [
        {"qop": "", "nc": "", "cnonce": ""},
        {"algorithm": "MD5", "response": "0" * 32},
        {"nc": ""},
        {"cnonce": ""},
    ],
)
def test_less_is_not_taken(house: House, changes: dict[str, str]) -> None:
    """T16: RFC 2069 without qop, a count or a cnonce left out; an MD5 that is none."""
    sender = Sender.at(house)
    asked = challenges(sender)[0]
    assert prove(sender, asked, 1, **changes) == "401"
    assert prove(sender, asked) == "200"


def test_hash_is_that_of_the_challenge(house: House) -> None:
    """T16: an MD5 response is no SHA-256 one, whatever its algorithm= says."""
    sender = Sender.at(house)
    strong, weak = challenges(sender)
    text = Phone("alice", SECRET).credentials(weak).replace("algorithm=MD5", "algorithm=SHA-256")
    assert sender.send(sender.write("REGISTER", URI, ("Authorization", text), **ABOUT)) == [401]
    assert prove(sender, strong) == "200"


def test_nonces_are_never_the_same(house: House) -> None:
    """T16: time, random octets and a MAC: 1,000 of one moment are 1,000."""
    sender = Sender.at(house)
    nonces = {challenges(sender)[0].nonce for _ in range(1000)}
    assert len(nonces) == 1000
    assert all(len(nonce) >= 40 for nonce in nonces)


@pytest.mark.parametrize("at", [0, 7, 8, 18, 19, 39])
def test_nonce_cannot_be_made_up(house: House, at: int) -> None:
    """T16: with any character changed it is none of ours, and the password does not help."""
    sender = Sender.at(house)
    asked = challenges(sender)[0]
    other = "A" if asked.nonce[at] != "A" else "B"
    forged = asked.nonce[:at] + other + asked.nonce[at + 1 :]
    assert prove(sender, asked, 1, nonce=forged) == "401 stale"


@pytest.mark.parametrize(
    ("host", "good"), [("192.0.2.77", True), ("192.0.3.77", False), ("198.51.100.7", False)]
)
def test_nonce_belongs_to_where_it_was_sent(house: House, host: str, good: bool) -> None:
    """T16: another network than the one that was challenged gets a challenge of its own."""
    asked = challenges(Sender.at(house, "192.0.2.66"))[0]
    elsewhere = Sender.at(house, host)
    assert prove(elsewhere, asked) == ("200" if good else "401 stale")
    assert prove(elsewhere, challenges(elsewhere)[0]) == "200"


def test_count_is_used_once(house: House) -> None:
    """T16: a REGISTER that moves a contact is one time only, whatever else changes in it."""
    sender = Sender.at(house)
    asked = challenges(sender)[0]
    assert [prove(sender, asked) for _ in range(3)] == ["200", "401 stale", "401 stale"]
    assert prove(sender, asked, 2) == "200"
    assert prove(sender, asked, 1) == "401 stale"


def test_window_is_64_counts(house: House) -> None:
    """T16: what was overtaken on the way is taken late, 63 behind, and once."""
    sender = Sender.at(house)
    asked = challenges(sender)[0]
    assert prove(sender, asked, 100) == "200"
    assert prove(sender, asked, 100 - WINDOW) == "401 stale"
    assert prove(sender, asked, 100 - WINDOW + 1) == "200"
    assert prove(sender, asked, 100 - WINDOW + 1) == "401 stale"
    assert prove(sender, asked, 99) == "200"


def test_nonce_lives_so_long(house: House) -> None:
    """T16: then it is stale, for who knows the password; nobody is asked for it anew."""
    sender = Sender.at(house)
    asked = challenges(sender)[0]
    house.run(LIFETIME)
    assert prove(sender, asked) == "200"
    house.run(0.1)
    assert prove(sender, asked, 2) == "401 stale"
    wrong = Phone("alice", "guess").credentials(asked, 3)
    assert sender.send(sender.write("REGISTER", URI, ("Authorization", wrong), **ABOUT)) == [401]
    assert "stale" not in sender.answers()[-1].headers.get_all("WWW-Authenticate")[0]


def test_restart_believes_no_overheard_count(house: House) -> None:
    """T16: its window is forgotten then, so nothing from before it is believed."""
    sender = Sender.at(house)
    asked = challenges(sender)[0]
    core: Any = house.server.stack.core
    nonces = core._admission.authenticators[1].nonces
    assert prove(sender, asked) == "200"
    house.run(1)
    nonces._counted.clear()
    nonces._begin(nonces._now())  # as a new server does
    assert prove(sender, asked) == "401 stale"
    assert prove(sender, asked, 2) == "401 stale"


def test_answer_for_one_method_is_none_for_another(house: House) -> None:
    """T16: what a proxy overhears of a MESSAGE registers nobody."""
    sender = Sender.at(house)
    asked = challenges(sender)[0]
    other = Phone("alice", SECRET, "MESSAGE", URI).credentials(asked)
    octets = sender.write("REGISTER", URI, ("Authorization", other), **ABOUT)
    assert sender.send(octets) == [401]
