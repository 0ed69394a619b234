"""
An INVITE that takes over a dialog finds its phone by the PURR (RFC 8599 section 7, P-069).
"""

from __future__ import annotations

from ipaddress import ip_network

import pytest
from attrs import evolve

from sippn.auth.settings import AuthSettings
from sippn.binding import Binding, PushKind, RoutePlan
from sippn.proxy import DomainPolicy
from sippn.service import ServerSettings
from sippn.sip import Request
from sippn.testing.calls import Call
from sippn.testing.house import House
from sippn.testing.results import succeeded
from tests.flows.talk import Talk, pushed, talking
from tests.threats.scene import PBX, Sender, user


@pytest.fixture
def settings(settings: ServerSettings) -> ServerSettings:
    """Users have passwords, and strangers may call."""
    auth = AuthSettings(
        mode="digest",
        realm="example.com",
        users=tuple(user(name) for name in ("alice", "bob", "carol")),
        strangers="budget",
        trusted=(ip_network(f"{PBX}/32"),),
    )
    return evolve(settings, auth=auth)


def takes_over(talk: Talk, name: str = "carol", host: str = "") -> Call:
    """Carol, to whom bob has transferred alice, calls her where he was told she is."""
    house = talk.house
    carol = house.phone(name, password="secret")
    if host:
        carol.wake(endpoint=house.endpoint(host=host))
    call = carol.call(talk.contact, extra=[("Replaces", talk.there.dialog.replaces)])
    house.run()
    return call


def test_sleeper_is_woken_for_who_takes_over(house: House) -> None:
    """P-069: An INVITE of a user that replaces a dialog wakes the phone of its PURR."""
    talk = talking(house)
    talk.sleep()
    call = takes_over(talk)
    assert pushed(house) == [("call", "INVITE")]
    talk.comes_back()
    assert succeeded(call.answered).status == 200
    assert talk.alice.incoming[-1].invite.uri == talk.contact
    assert len(house.pns.jobs) == 1


def test_sleeper_that_stays_silent_for_it(house: House) -> None:
    """P-067: When that phone stays silent it is a 500, and no call is shown afterwards."""
    talk = talking(house)
    house.pns.can = lambda _, kind: kind is not PushKind.CANCEL
    talk.sleep()
    call = takes_over(talk)
    house.run(8)
    assert succeeded(call.failed).status == 500
    before = len(talk.alice.incoming)
    talk.comes_back()
    assert len(talk.alice.incoming) == before


def test_trusted_peer_may_take_over(house: House) -> None:
    """T2: the operator vouches for it."""
    talk = talking(house)
    talk.sleep()
    takes_over(talk, "pbx", PBX)
    assert pushed(house) == [("call", "INVITE")]


def test_stranger_who_names_a_purr_calls_like_others(house: House) -> None:
    """T2: at an address of ours it chooses no phone for him, nor what he is told."""
    talk = talking(house)
    talk.sleep()
    target = f"sip:alice@example.com;pn-purr={talk.alice.purr}"
    fields = [("Contact", "<sip:x@192.0.2.99>"), ("Replaces", talk.there.dialog.replaces)]
    stranger = Sender.at(house)
    assert stranger.ask("INVITE", target, *fields) == []
    house.run(20)
    assert stranger.answers()[-1].status == 480


@pytest.mark.parametrize("purr", [True, False])
def test_stranger_wakes_nobody(house: House, purr: bool) -> None:
    """T2, A13: whoever has overheard a PURR is an open relay's customer, and this is none."""
    talk = talking(house)
    talk.sleep()
    target = talk.contact if purr else talk.contact.partition(";pn-purr")[0]
    fields = [("Contact", "<sip:x@192.0.2.99>"), ("Replaces", talk.there.dialog.replaces)]
    assert Sender.at(house).ask("INVITE", target, *fields) == [403]
    house.run(10)
    assert house.pns.jobs == []


def test_invite_that_replaces_nothing(house: House) -> None:
    """T2: a PURR in a new INVITE is a parameter like any other, whoever sends it."""
    talk = talking(house)
    talk.sleep()
    carol = house.phone("carol", password="secret")
    carol.call(talk.contact)
    house.run(10)
    assert house.pns.jobs == []


def test_purr_of_nobody_is_called_where_it_says(house: House) -> None:
    """Vector 14: a binding that is gone, or another server's PURR: ordinary forwarding."""
    talk = talking(house)
    house.get(talk.alice.unregister())
    call = takes_over(talk)
    assert succeeded(call.answered).status == 200
    assert house.pns.jobs == []


class Screening(DomainPolicy):
    """Lets nobody call alice."""

    def select_bindings(self, request: Request, found: list[Binding]) -> list[Binding]:  # type: ignore[override]
        """None of hers."""
        return [] if request.method == "INVITE" and "Replaces" in request.headers else found

    def determine_targets(self, request: Request, plan: RoutePlan) -> RoutePlan:  # noqa: ARG002
        """It has no opinion."""
        return plan


@pytest.mark.parametrize("transport", ["udp"])
def test_policies_are_asked(settings: ServerSettings) -> None:
    """P-069: A PURR is no way round a policy: what that forbids wakes nobody."""
    policy = Screening(lambda _: False, lambda *_: False)
    house = House.built(evolve(settings, policies=(lambda _: policy,)))
    talk = talking(house)
    talk.sleep()
    takes_over(talk)
    house.run(2)
    assert house.pns.jobs == []
    house.server.stopService()


def test_registrations_are_told_nobody(house: House) -> None:
    """P-005: A SUBSCRIBE to the event reg of an AOR gets 489, once it is known who asks."""
    carol = house.phone("carol", password="secret")
    for event in ("reg", "REG;x=1"):
        asked = carol.subscribe("sip:alice@example.com", event)
        house.run()
        assert succeeded(asked.answered).status == 489
    assert Sender.at(house).ask(
        "SUBSCRIBE",
        "sip:alice@example.com",
        ("o", "reg"),
        ("Contact", "<sip:x@192.0.2.99>"),
        From="<sip:bob@example.com>;tag=1",
    ) == [407]
    talk = talking(house)
    talk.alice.replies["SUBSCRIBE"] = 200
    other = carol.subscribe("sip:bob@example.com", "presence")
    house.run()
    assert succeeded(other.answered).status != 489


def test_sleeper_that_comes_back_through_an_edge(house: House) -> None:
    """P-069, O-40: that INVITE takes the Path of the REGISTER that it woke its phone for."""
    talk = talking(house)
    talk.sleep()
    takes_over(talk)
    edge = f"<sip:{house.endpoint().address};lr>"
    account = talk.alice.account
    back = house.phone("alice", "token-alice", instance=account.instance, password="secret")
    assert house.get(back.register(extra=[("Path", edge), ("Supported", "path")])).status == 200
    house.run()
    assert back.incoming[-1].invite.headers.values("Route") == [edge]


def without_our_route(talk: Talk, method: str, sender: Sender) -> list[int]:
    """A request in *talk* whose sender has forgotten our Record-Route."""
    dialog = talk.there.dialog
    ends = {"From": dialog.local, "To": dialog.remote, "Call_ID": dialog.call_id}
    sender.ask(method, talk.contact, **ends)
    talk.house.run()
    return [answer.status for answer in sender.answers()]


@pytest.mark.parametrize("method", ["BYE", "INFO", "NOTIFY", "REFER", "UPDATE"])
def test_peer_that_lost_our_route_wakes_by_the_purr(house: House, method: str) -> None:
    """P-065, T2: A trusted peer's request in a dialog wakes by its PURR, without our Route too."""
    talk = talking(house)
    talk.sleep()
    peer = Sender.at(house, PBX)
    assert without_our_route(talk, method, peer) == []
    assert pushed(house) == [("mid-dialog", method)]
    talk.comes_back()
    assert talk.arrived[-1].method == method
    assert talk.arrived[-1].uri == talk.contact


def test_stranger_that_lost_our_route_wakes_nobody(house: House) -> None:
    """P-065, T2: A stranger with a PURR and without our Route is refused, and pushes nobody."""
    talk = talking(house)
    talk.sleep()
    assert without_our_route(talk, "BYE", Sender.at(house)) in ([403], [407])
    assert house.pns.jobs == []


@pytest.mark.parametrize("transport", ["tcp"])
def test_request_in_a_dialog_to_nobody_ends_none(house: House) -> None:
    """P-067: where a UA in a dialog cannot be reached the answer is 500, and no 480."""
    talk = talking(house, purr=False)
    talk.sleep()
    assert without_our_route(talk, "INFO", Sender.at(house, PBX)) == [500]
