"""
Vector 4: ``+sip.pnsreg``, and the PURR, which is another one each time.
"""

from __future__ import annotations

from sippn.binding import PushKind
from sippn.testing.house import House
from sippn.testing.results import succeeded
from tests.vectors.scene import APNS, phone_that_says, promised, purrs, registered, talking


def test_who_refreshes_itself_is_told_when(house: House) -> None:
    """Vector 4, P-018, U-07: a UA with +sip.pnsreg is told pns, pnsreg and PURR in one field."""
    answer = registered(house, phone_that_says(house, APNS, ";+sip.pnsreg"))
    assert promised(answer) == ['*;+sip.pns="apns";+sip.pnsreg="130";+sip.pnspurr="..."']


def test_who_does_not_is_not(house: House) -> None:
    """Vector 4, P-018: a UA without it is told no sip.pnsreg."""
    answer = registered(house, phone_that_says(house, APNS))
    assert promised(answer) == ['*;+sip.pns="apns";+sip.pnspurr="..."']


def test_two_registers_get_two_purrs(house: House) -> None:
    """Vector 4, P-063, P-060, P-061: each REGISTER is answered with another PURR."""
    alice = phone_that_says(house, APNS)
    told = [purrs(registered(house, alice)) for _ in range(5)]
    assert [len(one) for one in told] == [1] * 5
    assert len({purr for (purr,) in told}) == 5


def test_purrs_have_nothing_in_common(house: House) -> None:
    """Vector 4, P-062: two PURRs of a UA are no more alike than those of two UAs."""
    alice, carol = phone_that_says(house, APNS), phone_that_says(house, APNS, user="carol")
    (one,), (other,), (third,) = (purrs(registered(house, ua)) for ua in (alice, alice, carol))
    for another in (other, third):
        assert len(another) == len(one)
        assert sum(a == b for a, b in zip(one, another, strict=True)) < 0.2 * len(one)
    assert "alice" not in one


def test_both_resolve(house: House) -> None:
    """Vector 4, P-061, U-09: the PURR of an earlier REGISTER wakes as the last one does."""
    alice = phone_that_says(house, APNS)
    registered(house, alice)
    first = talking(house, alice)
    second = talking(house, alice)
    targets = [succeeded(call.answered).contacts[0].uri_text for call in (first, second)]
    assert all(";pn-purr=" in target for target in targets)
    assert len(set(targets)) == 2
    for call in (first, second):
        alice.sleep()
        house.run()
        before = len(house.pns.jobs)
        asked = call.request("INFO")
        house.run()
        assert [job.kind for job in house.pns.jobs[before:]] == [PushKind.MID_DIALOG]
        house.get(alice.wake())
        house.run()
        assert house.get(asked).status == 200
