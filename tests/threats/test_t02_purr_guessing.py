"""
T2: whoever invents a PURR, or a token of ours, wakes nobody and learns nothing.
"""

from __future__ import annotations

import itertools
import random
from base64 import urlsafe_b64decode, urlsafe_b64encode
from operator import eq

import pytest

from sippn.seal import Keyring, Reference, read_purr, write_purr
from sippn.sip import NameAddr
from sippn.testing.calls_received import answer_at_once
from sippn.testing.house import House
from sippn.testing.results import succeeded
from tests.flows.talk import Talk, sleeps, talking
from tests.threats.scene import ALICE, BOB, DOMAIN, PBX, Sender, phone, requests_sent, sleeper

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


def token_of_others(house: House) -> tuple[str, str, Sender]:
    """What a call between two others got into its Record-Route; its Call-ID, and a stranger."""
    house.get(phone(house, "mallory").register())
    call = phone(house, "bob").call(f"sip:mallory@{DOMAIN}")
    house.run()
    answer = succeeded(call.answered)
    token = NameAddr.parse(answer.headers.values("Record-Route")[0]).uri.user
    assert token is not None
    return token, answer.call_id, Sender.at(house)


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


def sleeping_talk(house: House) -> Talk:
    """A dialog with alice, whose phone put its PURR into it, and sleeps."""
    talk = talking(house)
    talk.sleep()
    return talk


def test_invented_purrs_in_a_real_dialog(house: House) -> None:
    """T2, A12: even who is in a dialog with her wakes nobody by a PURR that he made up."""
    talk = talking(house, purr=False)
    talk.sleep()
    dice = random.Random(8599)  # noqa: S311 - a test's dice
    target = talk.there.dialog.target
    for _ in range(300):
        guess = urlsafe_b64encode(dice.randbytes(dice.randrange(1, 120))).rstrip(b"=").decode()
        talk.there.dialog.target = f"{target};pn-purr={guess}"
        talk.there.request("INFO")
    house.run(10)
    assert house.pns.jobs == []


def test_a_hundred_thousand_invented_purrs() -> None:
    """T2, A12: none of them stands for anything, though all look like one."""
    dice = random.Random(12)  # noqa: S311 - a test's dice
    keyring = Keyring(b"k" * 32, dice.randbytes)
    issued = write_purr(Reference(ALICE, "b1"), keyring)
    for _ in range(100_000):
        guess = issued[:2] + urlsafe_b64encode(dice.randbytes(81)).decode()[: len(issued) - 2]
        assert read_purr(guess, keyring) is None


def test_issued_purrs_have_nothing_in_common() -> None:
    """P-062, A12: Nobody can tell whether two PURRs are of one binding or of two."""
    dice = random.Random(13)  # noqa: S311 - a test's dice
    keyring = Keyring(b"k" * 32, dice.randbytes)
    bindings = [Reference(f"sip:{name}@example.com", "b1") for name in ("al", "bartholomew")]
    issued = [write_purr(bindings[number % 2], keyring) for number in range(10_000)]
    assert len(set(issued)) == len(issued)
    assert len({len(purr) for purr in issued}) == 1
    for one, other in itertools.pairwise(issued):
        alike = sum(map(eq, one[2:], other[2:]))
        assert alike <= 0.6 * len(one)


def test_purr_is_another_one_at_each_register(house: House) -> None:
    """P-061, P-062: Each REGISTER is told another PURR, which says nothing of whose it is."""
    alice = sleeper(house, "alice", "token-a")
    purrs = [alice.purr]
    for _ in range(20):
        house.get(alice.wake())
        purrs.append(alice.purr)
    assert len(set(purrs)) == 21
    for purr in purrs:
        octets = urlsafe_b64decode(f"{purr}==")
        assert b"alice" not in octets
        assert b"token" not in octets


def test_purr_alone_wakes_nobody(house: House) -> None:
    """T2: a real one, overheard: without a token of ours, with one of another dialog."""
    talk = sleeping_talk(house)
    token, _, stranger = token_of_others(house)
    house.pns.jobs.clear()
    ours = f"<sip:{house.address};lr>"
    others = f"<sip:{token}@{house.address};lr>"
    for method in ("BYE", "INVITE", "MESSAGE", "NOTIFY", "SUBSCRIBE", "REFER"):
        for route in ([], [("Route", ours)], [("Route", others)]):
            for to in (f"<{ALICE}>;tag=1", f"<{ALICE}>"):
                got = stranger.ask(method, talk.contact, *route, To=to)
                assert set(got) <= {400, FOREIGN, 481}
    house.run(30)
    assert house.pns.jobs == []


def test_purr_is_worth_nothing_after_a_de_register(house: House) -> None:
    """A12, P-028: nor does it come alive when the phone registers again."""
    talk = talking(house)
    house.get(talk.alice.unregister())
    talk.sleep()
    talk.asks("INFO")
    house.get(talk.alice.wake())
    talk.sleep()
    talk.asks("INFO")
    house.run(10)
    assert house.pns.jobs == []


def test_who_is_known_has_no_strangers_budget(house: House) -> None:
    """T2, S-20: bob had a password when he called; what he asks in his call counts as his."""
    talk = talking(house)
    for _ in range(25):
        talk.sleep()
        talk.asks("INFO")
        house.run(1)
        talk.comes_back()
    assert len(house.pns.jobs) == 25


def test_strangers_pushes_in_a_dialog_are_counted(house: House) -> None:
    """T1, T2: whoever calls from elsewhere has twenty an hour, in all his dialogs together."""
    alice = sleeps(house, "alice")
    stranger = house.phone("x", domain="elsewhere.example")
    call = stranger.call(ALICE)
    house.run()
    house.get(alice.wake())
    house.run()
    assert succeeded(call.answered).status == 200
    house.pns.jobs.clear()
    for _ in range(25):
        alice.sleep()
        house.run()
        call.request("INFO")
        house.run(1)
        house.get(alice.wake(endpoint=house.endpoint()))
        house.run()
    spent = len(house.pns.jobs)
    assert spent == 20 - (house.transport == "udp")  # where the call has cost one


def test_trusted_peer_has_no_budget_in_a_dialog(house: House) -> None:
    """T2, S-20: a PBX that was called, and so has proved nothing, hangs up as often as it must."""
    alice = sleeps(house, "alice")
    pbx = house.phone("extension", domain="pbx.example")
    pbx.wake(endpoint=house.endpoint(host=PBX, listens=True))
    pbx.policy = answer_at_once
    call = alice.call(f"sip:extension@{pbx.address}")
    house.run()
    assert succeeded(call.answered).status == 200
    for _ in range(25):
        alice.sleep()
        house.run()
        pbx.incoming[0].request("INFO")
        house.run(1)
        house.get(alice.wake(endpoint=house.endpoint()))
        house.run()
    assert len(house.pns.jobs) == 25


def test_only_the_side_that_is_known_is_vouched_for(house: House) -> None:
    """T2: alice, who has registered, may wake bob as often as she likes in a stranger's call."""
    bob = sleeps(house, "bob")
    stranger = house.phone("x", domain="elsewhere.example")
    stranger.policy = answer_at_once
    call = stranger.call(BOB)
    house.run()
    house.get(bob.wake())
    house.run()
    assert succeeded(call.answered).status == 200
    assert house.get(bob.incoming[0].request("INFO")).status == 200


def test_a_dialog_is_worth_nothing_to_who_is_not_in_it(house: House) -> None:
    """T2: its token, its PURR and its Call-ID, but not its tags."""
    talk = sleeping_talk(house)
    routes = [("Route", route) for route in talk.there.dialog.routes]
    asked = Sender.at(house).ask("BYE", talk.contact, *routes, To=f"<{ALICE}>;tag=1")
    assert asked == [481]
    house.run(10)
    assert house.pns.jobs == []
