"""
Tests for :mod:`sippn.proxy.breadth`: RFC 5393 section 5.
"""

from __future__ import annotations

import pytest
from attrs import evolve

from sippn.errors import BadRequest
from sippn.proxy import ProxySettings
from sippn.proxy.breadth import Breadth, breadth_of
from sippn.service import ServerSettings
from sippn.sip import Headers, Request
from sippn.testing.calls_received import ignore, reject, ring
from sippn.testing.house import House
from sippn.testing.ua import ScriptedUA
from sippn.testing.ua_client import Draft

ALICE = "sip:alice@example.com"


def asking(breadth: str | None) -> Request:
    """A request with that Max-Breadth."""
    return Request("INVITE", ALICE, Headers([] if breadth is None else [("Max-Breadth", breadth)]))


@pytest.mark.parametrize(
    ("asked", "breadth"), [(None, 60), ("60", 60), ("1", 1), ("61", 60), ("4000000000", 60)]
)
def test_default_and_maximum(asked: str | None, breadth: int) -> None:
    """RFC 5393 5.3.3: 60 if there is none, and no more than 60."""
    assert breadth_of(asking(asked)) == breadth


@pytest.mark.parametrize("asked", ["0", "-1", "x", "", "1 2", "\u0661", "9" * 30])
def test_what_is_no_positive_number_is_refused(asked: str) -> None:
    """RFC 5393 5.3.1: a single positive integer."""
    with pytest.raises(BadRequest):
        breadth_of(asking(asked))


@pytest.mark.parametrize("sharers", [1, 2, 7, 60])
def test_shares_are_what_there_is(sharers: int) -> None:
    """RFC 5393 5.3.3: all of it is divided, one at least for each, and never more."""
    breadth = Breadth(60)
    shares = [breadth.lend(left, 0) for left in range(sharers, 0, -1)]
    assert sum(shares) == 60
    assert min(shares) >= 1


def phones(house: House, number: int, policy: object = ring, more: str = "") -> list[ScriptedUA]:
    """Phones of alice."""
    made = [house.phone("alice", instance=f"<urn:uuid:{n}{more}>") for n in range(number)]
    for phone in made:
        phone.policy = policy  # type: ignore[assignment]  # a policy
        assert house.get(phone.register()).status == 200
    return made


def call_with(house: House, *fields: tuple[str, str], method: str = "INVITE") -> ScriptedUA:
    """A call to alice with some fields more; its caller."""
    bob = house.phone("bob")
    draft = bob._draft(method, ALICE, b"", "text/plain")
    bob._uac.ask(evolve_draft(draft, *fields))
    house.run()
    return bob


def evolve_draft(draft: Draft, *fields: tuple[str, str]) -> Draft:
    """*draft* with some fields more."""
    return evolve(draft, fields=(*draft.fields, *fields))


def given(*rung: ScriptedUA) -> list[int]:
    """The Max-Breadth of each copy, in order."""
    return [
        int(value)
        for phone in rung
        for call in phone.incoming
        for value in call.invite.headers.get_all("Max-Breadth")
    ]


@pytest.mark.parametrize("number", [1, 2, 5])
def test_parallel_branches_share_it(plain_house: House, number: int) -> None:
    """RFC 5393 5.3.3: every copy has one, and together they have no more than came."""
    rung = phones(plain_house, number)
    call_with(plain_house)
    shares = given(*rung)
    assert len(shares) == number
    assert max(shares) - min(shares) <= 1
    assert min(shares) > 1
    assert sum(shares) <= 60


def test_small_one_is_shared_out(plain_house: House) -> None:
    """RFC 5393 5.3.3: four among three."""
    rung = phones(plain_house, 3)
    call_with(plain_house, ("Max-Breadth", "4"))
    assert sum(given(*rung)) <= 4
    assert len(given(*rung)) == 3


def test_who_finds_no_room_is_asked_when_there_is(plain_house: House) -> None:
    """RFC 5393 5.5: one after the other; each that ended makes room for one more."""
    rung = phones(plain_house, 3)
    call_with(plain_house, ("Max-Breadth", "1"))
    for asked in (1, 2, 3):
        assert given(*rung) == [1] * asked
        ringing = [call for phone in rung for call in phone.incoming if call.status < 200]
        assert len(ringing) == 1
        ringing[0].reject(486)
        plain_house.run()
    assert given(*rung) == [1, 1, 1]


def test_who_finds_no_room_is_asked_in_time(plain_house: House) -> None:
    """RFC 5393 5.3.3: serial forking has next_after, as for a lower q."""
    rung = phones(plain_house, 2)
    call_with(plain_house, ("Max-Breadth", "1"))
    plain_house.run(20)
    plain_house.run()
    assert given(*rung) == [1, 1]
    assert sorted(call.cancelled for phone in rung for call in phone.incoming) == [False, True]


def test_late_ones_have_what_is_left(plain_house: House) -> None:
    """S-09, RFC 5393 5.3.3: who joins has a share, too; all of them together have 60 at most."""
    house = plain_house
    rung = phones(house, 1)
    call_with(house)
    for number in range(40):
        rung += phones(house, 1, ignore, more=f"late-{number}")
        house.get(rung[-1].unregister())
    assert 20 < len(given(*rung)) <= 32
    assert sum(given(*rung)) <= 60


def test_late_one_without_room_waits_for_it(plain_house: House) -> None:
    """RFC 5393 5.3.3.1: what a branch had is free when it has its final response."""
    house = plain_house
    first = phones(house, 1)[0]
    call_with(house, ("Max-Breadth", "1"))
    late = phones(house, 1, more="late")[0]
    assert given(first, late) == [1]
    first.incoming[0].reject(486)
    house.run()
    assert given(first, late) == [1, 1]


def test_second_copy_for_one_phone_counts_too(plain_settings: ServerSettings) -> None:
    """RFC 5393 5.3.3: a phone that is found elsewhere has two copies out: 440 if one is allowed."""
    settings = evolve(plain_settings, proxy=ProxySettings(awake_after_register=30))
    house = House.built(settings)
    phone = house.phone("alice", "token-a")
    phone.policy = ignore
    house.get(phone.register())
    bob = call_with(house, ("Max-Breadth", "1"))
    house.run(1)
    house.get(phone.wake(endpoint=house.endpoint()))
    house.run()
    assert given(phone) == [1]
    assert bob.received[-1].status == 440  # type: ignore[union-attr]  # a response
    house.server.stopService()


def test_refused_where_it_makes_no_sense(plain_house: House) -> None:
    """RFC 5393 5.3.1, RFC 3261 16.3 step 1: what is needed must be well-formed."""
    (phone,) = phones(plain_house, 1, reject(486))
    bob = call_with(plain_house, ("Max-Breadth", "0"))
    assert bob.received[-1].status == 400  # type: ignore[union-attr]  # a response
    assert phone.incoming == []


def test_requests_in_a_dialog_have_it_too(plain_house: House) -> None:
    """RFC 5393 5.3.3: all proxied requests have exactly one, ACK and BYE included."""
    house = plain_house
    (phone,) = phones(house, 1)
    call = house.phone("bob").call(ALICE)
    house.run()
    phone.incoming[0].answer()
    house.run()
    house.get(call.hang_up())
    sent = [one for one in house.sent_to(phone.address) if isinstance(one, Request)]
    assert [one.method for one in sent] == ["INVITE", "ACK", "BYE"]
    assert [one.headers.get_all("Max-Breadth") for one in sent[1:]] == [["60"], ["60"]]
