"""
A request in a dialog that does not reach its sleeper ends, and its dialog does not (P-067).
"""

from __future__ import annotations

import pytest
from attrs import evolve

from sippn.binding import Verdict
from sippn.proxy import ProxySettings, WaitSettings
from sippn.service import ServerSettings
from sippn.sip import Request, Response, read, response_to, write
from sippn.testing.house import House
from sippn.testing.results import succeeded
from sippn.transport import Address
from sippn.wake import ParkingLimits
from tests.flows.talk import ALICE, Talk, pushed, talking

METHODS = ["BYE", "INVITE"]
LIMITS = {
    "the server's": ParkingLimits(parked=1),
    "the callee's": ParkingLimits(parked_per_callee=1),
    "the caller's": ParkingLimits(parked_per_caller=1),
}


def finals(talk: Talk) -> list[int]:
    """All final answers that bob was sent, but those to what made the dialog."""
    sent = talk.house.sent_to(talk.bob.address)
    answers = [one for one in sent if isinstance(one, Response) and one.status >= 200]
    return [one.status for one in answers if one.call_id == talk.there.dialog.call_id][1:]


def assert_only_the_request_failed(talk: Talk, answer: Response) -> None:
    """500 and when to try again; then the dialog goes on as if nothing had been."""
    assert answer.status == 500
    assert int(answer.headers.required("Retry-After")) > 0
    talk.comes_back()
    asked = talk.asks("INFO")
    talk.house.get(talk.alice.register())
    assert talk.house.get(asked).status == 200


@pytest.mark.parametrize("method", METHODS)
def test_sleeper_that_stays_silent(house: House, method: str) -> None:
    """P-067, S-14: When the phone stays silent its caller is told 500 and when to try again."""
    talk = talking(house)
    talk.sleep()
    asked = talk.asks(method)
    house.run(7.9)
    assert not asked.called
    house.run(0.1)
    assert_only_the_request_failed(talk, succeeded(asked))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("verdict", [Verdict.DEAD, Verdict.REFUSED])
def test_push_that_fails(house: House, method: str, verdict: Verdict) -> None:
    """P-045, P-067: A push that fails ends the wait at once, and the dialog goes on."""
    talk = talking(house)
    talk.sleep()
    asked = talk.asks(method)
    house.pns.answer(verdict)
    house.run()
    assert_only_the_request_failed(talk, succeeded(asked))


@pytest.mark.parametrize("limit", LIMITS)
@pytest.mark.parametrize("method", METHODS)
def test_no_place_to_wait_in(settings: ServerSettings, method: str, limit: str) -> None:
    """P-067, W5: Where no place is left to wait in, it is a 500 in a dialog, not a 480 or 503."""
    house = House.built(evolve(settings, parking=LIMITS[limit]))
    talk = talking(house)
    talk.sleep()
    first = talk.asks("UPDATE")
    asked = talk.asks(method)
    answer = succeeded(asked)
    assert answer.status == 500
    assert int(answer.headers.required("Retry-After")) > 0
    talk.comes_back()
    assert succeeded(first).status == 200
    house.server.stopService()


def test_strangers_budget_is_spent(settings: ServerSettings) -> None:
    """P-067, T1: When a stranger's budget is spent he is told 500 and when to try again."""
    house = House.built(evolve(settings, parking=ParkingLimits(pushes_per_hour_stranger=2)))
    talk = talking(house)
    answers = []
    for _ in range(4):
        talk.sleep()
        asked = talk.asks("INFO")
        house.run(8)
        answers.append(succeeded(asked))
    assert [answer.status for answer in answers] == [500] * 4
    assert answers[-1].headers.get("Retry-After") == "300"
    assert len(house.pns.jobs) <= 2
    house.server.stopService()


@pytest.mark.parametrize("method", METHODS)
def test_woken_phone_that_does_not_answer(house: House, method: str) -> None:
    """P-067, RFC 4320: A re-INVITE that a woken phone does not answer gets 500, others silence."""
    talk = talking(house)
    talk.sleep()
    asked = talk.asks(method)
    talk.alice.endpoint.receive = lambda *_: None
    old = talk.alice
    old.wake(endpoint=house.endpoint())
    old.endpoint.receive = lambda *_: None
    house.run(40)
    assert finals(talk) == ([500] if method == "INVITE" else [])
    assert asked.called is (method == "INVITE")


@pytest.mark.parametrize("transport", ["udp"])
def test_trying_comes_no_sooner_than_it_may(house: House) -> None:
    """P-047: A BYE that waits gets a 100 over UDP after 3.5 s and no sooner (RFC 4320)."""
    talk = talking(house)
    talk.sleep()
    house.network.carried.clear()
    talk.asks("BYE")
    house.run(3.4)
    assert house.sent_to(talk.bob.address) == []
    house.run(0.2)
    assert [one.status for one in house.sent_to(talk.bob.address) if isinstance(one, Response)] == [
        100
    ]


def test_cancelled_while_it_waits(house: House) -> None:
    """P-052, P-070, S-12: A re-INVITE that waits is taken back with 487, and never arrives."""
    talk = talking(house)
    talk.sleep()
    asked = talk.asks("INVITE")
    sent = [one for one in talk.bob.sent if isinstance(one, Request) and one.method == "INVITE"]
    cancel = talk.bob._uac.cancel
    leg = next(leg for leg in talk.bob._uac._legs.values() if leg.request is sent[-1])
    cancelled = cancel(leg.exchange).final
    house.run()
    assert (succeeded(cancelled).status, succeeded(asked).status) == (200, 487)
    talk.comes_back()
    house.run(60)
    assert talk.arrived == []
    assert pushed(house) == [("mid-dialog", "INVITE")]


def test_binding_that_goes_while_somebody_waits(house: House) -> None:
    """P-067, S-13 c: A phone that takes its Contact back meanwhile costs a 500, never a 480."""
    talk = talking(house)
    talk.sleep()
    asked = talk.asks("BYE")
    talk.alice._wire.asleep = False
    talk.alice.endpoint.resume()
    house.get(talk.alice.unregister())
    house.run()
    assert succeeded(asked).status == 500


def test_purr_of_a_binding_that_is_gone(house: House) -> None:
    """P-028, A12: After a de-REGISTER its PURR wakes nobody: the request takes its ordinary way."""
    talk = talking(house)
    house.get(talk.alice.unregister())
    asked = talk.asks("INFO")
    assert succeeded(asked).status == 200
    assert [one.uri for one in talk.arrived] == [talk.contact]
    assert house.pns.jobs == []


@pytest.mark.parametrize("purr", ["guess", "x" * 80, ""])
def test_foreign_purr_goes_the_way_of_the_dialog(house: House, purr: str) -> None:
    """P-065: A request with somebody else's PURR is forwarded as it came, without a push."""
    talk = talking(house, purr=False)
    talk.there.dialog.target += f";pn-purr={purr}"
    asked = talk.asks("INFO")
    assert succeeded(asked).status == 200
    assert [one.uri for one in talk.arrived] == [talk.contact]
    assert house.pns.jobs == []


def test_phone_that_is_not_pushed_any_more(house: House) -> None:
    """P-029: A phone that has registered without its PRID is sent to where it is, not pushed."""
    talk = talking(house)
    talk.alice.account = evolve(talk.alice.account, push=None)
    house.get(talk.alice.wake(endpoint=house.endpoint()))
    asked = talk.asks("INFO")
    assert succeeded(asked).status == 200
    assert house.pns.jobs == []


def test_server_that_stops_parks_nobody(house: House) -> None:
    """D6: what waits is told to come back, and nothing else is made to wait."""
    talk = talking(house)
    talk.sleep()
    asked = talk.asks("INVITE")
    house.server._proxy.shut_down()
    house.run()
    assert succeeded(asked).status == 503
    before = len(house.pns.jobs)
    talk.asks("BYE")
    assert len(house.pns.jobs) == before


@pytest.mark.parametrize("transport", ["tcp"])
def test_refusal_of_a_second_copy_is_no_answer(house: House) -> None:
    """
    S-06, RFC 3261 section 12.2.2: whoever reads his old connection late sees one CSeq twice.

    The refusal of the copy on the new one says nothing; what the first gets is the answer.
    """
    talk = talking(house)
    talk.sleep("frozen")
    old, new = talk.alice.endpoint, house.endpoint()
    asked = talk.asks("INVITE")
    house.run(1)
    talk.alice.wake(endpoint=new)
    hears = new.receive

    def refuse(octets: bytes, source: Address) -> None:
        message = read(octets)
        if isinstance(message, Request) and message.method == "INVITE":
            new.send(write(response_to(message, 500)), source)
        else:
            hears(octets, source)

    new.receive = refuse
    house.run()
    assert not asked.called
    old.receive = hears
    old.resume()
    house.run()
    assert succeeded(asked).status == 200
    assert len(talk.arrived) == 1


@pytest.mark.parametrize("transport", ["udp"])
def test_woken_on_the_flow_it_was_sent_to(settings: ServerSettings) -> None:
    """RFC 3261 section 12.2.2: over UDP its copy is repeated, and not sent anew, in a dialog."""
    house = House.built(evolve(settings, proxy=ProxySettings(awake_after_register=30)))
    talk = talking(house)
    talk.sleep()
    asked = talk.asks("UPDATE")
    house.run(1)
    assert pushed(house) == [("mid-dialog", "UPDATE")]
    house.get(talk.alice.wake())
    house.run(4)
    assert succeeded(asked).status == 200
    sent = [one for one in house.sent_to(talk.alice.address) if isinstance(one, Request)]
    assert len({one.via.branch for one in sent if one.method == "UPDATE"}) == 1
    house.server.stopService()


def test_long_wait_is_the_operators(settings: ServerSettings) -> None:
    """S-14: push.wait.mid_dialog; over all no longer than the client's Timer F (P-047)."""
    settings = evolve(settings, proxy=ProxySettings(wait=WaitSettings(mid_dialog=100)))
    house = House.built(settings)
    talk = talking(house)
    talk.sleep()
    bye, reinvite = talk.asks("BYE"), talk.asks("INVITE")
    house.run(29.9)
    assert not bye.called
    house.run(0.1)
    assert succeeded(bye).status == 500
    house.run(70)
    assert succeeded(reinvite).status == 500
    assert {job.aor for job in house.pns.jobs} == {ALICE}
    house.server.stopService()
