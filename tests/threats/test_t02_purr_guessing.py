"""
T2: whoever invents a PURR, or a token of ours, wakes nobody and learns nothing.

No PURR is handed out yet: what looks like one is a parameter like any other.
"""

from __future__ import annotations

import random

import pytest

from sippn.seal import Keyring
from sippn.sip import NameAddr
from sippn.testing.house import House
from sippn.testing.results import succeeded
from tests.threats.scene import ALICE, DOMAIN, Sender, all_sent, phone, requests_sent, sleeper

PURRS = ["", "AAAA", "0123456789abcdef", "*", "token-a", "1.1.1", "%00", "x" * 2000]
FOREIGN = 403


def with_purr(purr: str, target: str = ALICE) -> str:
    """A URI of *target* that has it."""
    return f"{target};pn-purr={purr}"


@pytest.mark.parametrize("method", ["BYE", "INFO", "INVITE", "MESSAGE", "SUBSCRIBE"])
@pytest.mark.parametrize("purr", PURRS)
def test_invented_purr_wakes_nobody(house: House, purr: str, method: str) -> None:
    """T2: of a request in a dialog that never was, by a stranger; and nothing is forwarded."""
    sleeper(house, "alice", "token-a")
    stranger = Sender.at(house)
    route = ("Route", f"<sip:{house.address};lr;pn-purr={purr}>")
    to = f"<{ALICE}>;tag=1"
    target = with_purr(purr, "sip:alice@192.0.2.11:5060")
    found = stranger.ask(method, target, route, To=to)
    assert found in ([400], [FOREIGN])
    house.run(30)
    assert house.pns.jobs == []
    assert requests_sent(house) == []


def test_purr_says_nothing_of_who_exists(house: House) -> None:
    """T2: right, wrong, of somebody else or of nobody: the same answer, word by word."""
    sleeper(house, "alice", "token-a")
    answers = []
    for target in (ALICE, f"sip:nobody@{DOMAIN}"):
        for purr in ("token-a", "guess"):
            sender = Sender.at(house)
            sender.ask("BYE", with_purr(purr, target), To=f"<{target}>;tag=1")
            answers.append((sender.answers()[-1].status, sender.answers()[-1].reason))
    assert len(set(answers)) == 1
    assert house.pns.jobs == []


def test_unknown_purr_is_forwarded_as_any_parameter(house: House) -> None:
    """T2: ordinary forwarding, without a push, for those who may have anything forwarded."""
    sleeper(house, "alice", "token-a")
    world = house.phone("carol", domain="elsewhere.example")
    world.wake(endpoint=house.endpoint(listens=True))
    house.run()
    bob = phone(house, "bob")
    target = with_purr("guess", f"sip:carol@{world.address}")
    assert house.get(bob.request("MESSAGE", target)).status == 200
    assert [request.uri for request in requests_sent(house)] == [target]
    assert house.pns.jobs == []


def test_purr_beside_a_sleeper_is_an_ordinary_call(house: House) -> None:
    """T2: it costs what any call costs: the caller's account, and the callee's."""
    alice, stranger = sleeper(house, "alice", "token-a"), Sender.at(house)
    for number in range(25):
        stranger.ask("INVITE", with_purr(f"guess-{number}"), ("Contact", "<sip:x@192.0.2.99>"))
        house.get(alice.wake())
        house.run()
        alice.sleep()
        house.run()
    assert len(house.pns.jobs) == 20


def token_of(house: House) -> tuple[str, str, Sender]:
    """What bob's call to alice got into its Record-Route; the Call-ID, and alice's enemy."""
    alice = phone(house, "alice")
    house.get(alice.register())
    call = phone(house, "bob").call(ALICE)
    house.run()
    answer = succeeded(call.answered)
    token = NameAddr.parse(answer.headers.values("Record-Route")[0]).uri.user
    assert token is not None
    return token, answer.call_id, Sender.at(house)


def try_token(house: House, sender: Sender, token: str, **named: str) -> list[int]:
    """A BYE to where alice is, by way of it."""
    route = ("Route", f"<sip:{token}@{house.address};lr>")
    return sender.ask("BYE", "sip:alice@192.0.2.11:5060", route, To=f"<{ALICE}>;tag=1", **named)


def test_token_of_ours_cannot_be_made_up(house: House) -> None:
    """T2: sealed: not one changed character passes, nor one made with another key."""
    token, call_id, sender = token_of(house)
    dice = random.Random(2)  # noqa: S311 - a test's dice
    forged = [token[:-1], token + "A", "A" * len(token), ""]
    for at in range(0, len(token), 3):
        other = dice.choice([c for c in "ABCabc019-_" if c != token[at]])
        forged.append(token[:at] + other + token[at + 1 :])
    forged.append(Keyring(b"x" * 32, random.Random(3).randbytes).seal("record-route", b"a\nb\nc"))  # noqa: S311
    before = len(requests_sent(house))
    for one in forged:
        assert try_token(house, sender, one, Call_ID=call_id) in ([400], [FOREIGN]), one
    assert len(requests_sent(house)) == before


def test_token_is_good_for_its_dialog_alone(house: House) -> None:
    """T2: whoever has seen one cannot send what he likes by it."""
    token, call_id, sender = token_of(house)
    before = len(requests_sent(house))
    assert try_token(house, sender, token) == [481]
    assert try_token(house, sender, token, Call_ID=call_id) == [481]
    assert len(requests_sent(house)) == before


def test_token_has_no_place_to_guess_at(house: House) -> None:
    """T2: 128 random bits at least: two of the same dialog have next to nothing in common."""
    keyring = Keyring(house.entropy(32), house.entropy)
    one, other = (keyring.seal("record-route", b"a\nb\nc") for _ in range(2))
    alike = sum(a == b for a, b in zip(one[2:], other[2:], strict=True))
    assert len(one) >= 38
    assert alike <= 0.6 * len(one)


def test_no_purr_is_promised(house: House) -> None:
    """T2: none is handed out, so there is none to be guessed."""
    sleeper(house, "alice", "token-a")
    assert b"sip.pnspurr" not in all_sent(house)
