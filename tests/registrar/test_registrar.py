"""REGISTER to 200, with a real location service behind it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import count
from typing import Any

import pytest
from attrs import define, evolve, field
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import Clock, deferLater
from zope.interface import implementer

from sippn.binding import (
    AOR,
    Binding,
    Capability,
    Change,
    Grant,
    Principal,
    PushTarget,
    Record,
    RegisterPlan,
    Source,
)
from sippn.errors import (
    BadExtension,
    BadRequest,
    Forbidden,
    IntervalTooBrief,
    NotFound,
    PushNotSupported,
    SIPError,
    StoreUnavailable,
)
from sippn.events import BindingRegistered, BindingRemoved, Bus, Event, RegistrationRefused
from sippn.interfaces import IRegistrationAuthority, Maybe
from sippn.location import LocationService
from sippn.registrar import LocalAuthority, PushRegistration, Registrar, RegistrarSettings
from sippn.sip import NameAddr, Request, Response, read, write
from sippn.storage.memory import MemoryStore
from sippn.testing.pns import MemoryPushProvider
from sippn.testing.results import failed, succeeded

ALICE = Principal("alice", "example.com", ("sip:alice@example.com",))
PHONE = "<sip:alice@192.0.2.7:5060>"
PUSHED = "<sip:alice@192.0.2.7;pn-provider=fcm;pn-param=proj;pn-prid=tok%3Aen>"
TABLET = "<sip:alice@192.0.2.8;pn-provider=fcm;pn-param=proj;pn-prid=other>"
INSTANCE = ';+sip.instance="<urn:uuid:1>"'


class BrokenStore(MemoryStore):
    """A store that reads, and does not write."""

    def commit(self, changes: Sequence[Change]) -> Deferred[Sequence[AOR]]:
        """Nothing is written."""
        del changes
        return fail(StoreUnavailable("Disk full"))


class SlowStore(MemoryStore):
    """A store that writes five seconds after it is asked to."""

    clock: Clock

    def commit(self, changes: Sequence[Change]) -> Deferred[Sequence[AOR]]:
        """Later."""
        written = deferLater(self.clock, 5, lambda: None)
        return written.addCallback(lambda _: MemoryStore.commit(self, changes))


@define(eq=False)
class Desk:
    """
    A registrar, and everything that it stands on.

    :ivar events: what was told on the bus.
    :ivar lost: flows that are gone; *asked* are those that the registrar asked for.
    """

    settings: RegistrarSettings = field(factory=RegistrarSettings)
    policies: Sequence[Any] = ()
    listening: bool = True
    authority: IRegistrationAuthority | None = None
    store: MemoryStore = field(factory=MemoryStore)
    clock: Clock = field(factory=Clock)
    push: MemoryPushProvider = field(
        factory=lambda: MemoryPushProvider([Capability("fcm"), Capability("webpush", "key")])
    )
    events: list[Event] = field(factory=list)
    lost: set[str] = field(factory=set)
    asked: list[str] = field(factory=list)
    location: LocationService = field(init=False)
    registrar: Registrar = field(init=False)
    _numbers: count[int] = field(factory=lambda: count(1))

    def __attrs_post_init__(self) -> None:
        self.clock.advance(1_700_000_000.125)
        bus = Bus()
        if self.listening:
            bus.subscribe(self.events.append)
        self.location = LocationService(self.store, self.clock, self.clock.seconds)
        self.registrar = Registrar(
            self.authority or LocalAuthority(self.settings, self.push),
            self.location,
            self.push,
            self.policies,
            self.settings,
            lambda host: host == "example.com",
            self.clock.seconds,
            self._entropy,
            bus,
            self.clock,
            self._reaches,
        )

    def ask(
        self,
        *lines: str,
        principal: Principal | None = ALICE,
        to: str = "alice@example.com",
        flow: str = "udp:flow",
    ) -> Deferred[Response]:
        """Register with header *lines* beside the mandatory ones, under a new CSeq."""
        request = self.request(*lines, to=to)
        source = Source(flow, "192.0.2.7", 5060)
        return Deferred.fromCoroutine(self.registrar.register(request, principal, source))

    def request(self, *lines: str, to: str = "alice@example.com") -> Request:
        """The REGISTER of :meth:`ask`."""
        mandatory = [
            "REGISTER sip:example.com SIP/2.0",
            "Via: SIP/2.0/UDP 192.0.2.7:5060;branch=z9hG4bK1",
            f"From: <sip:{to}>;tag=1",
            f"To: <sip:{to}>",
            "Call-ID: call-1",
            f"CSeq: {next(self._numbers)} REGISTER",
        ]
        text = "\r\n".join([*mandatory, *lines, "Content-Length: 0", "", ""])
        request = read(text.encode())
        assert isinstance(request, Request)
        return request

    def register(
        self, *lines: str, principal: Principal | None = ALICE, flow: str = "udp:flow"
    ) -> Response:
        """The 200."""
        response = succeeded(self.ask(*lines, principal=principal, flow=flow))
        assert response.status == 200
        read(write(response))  # what it says can be read
        return response

    def refused(self, error: type[SIPError], *lines: str) -> SIPError:
        """The error that refuses it."""
        return failed(self.ask(*lines), error)

    @property
    def bindings(self) -> tuple[Binding, ...]:
        """What alice has."""
        return succeeded(Deferred.fromCoroutine(self.location.bindings("sip:alice@example.com")))

    def _reaches(self, flow: str) -> bool:
        self.asked.append(flow)
        return flow not in self.lost

    def _entropy(self, size: int) -> bytes:
        return next(self._numbers).to_bytes(size, "big")


@define(eq=False)
class Bending:
    """The part of a policy that a registrar asks."""

    bend: Callable[[RegisterPlan], Maybe[RegisterPlan]]

    def on_register(self, register: Request, plan: RegisterPlan) -> Maybe[RegisterPlan]:
        """As scripted."""
        assert register.method == "REGISTER"
        return self.bend(plan)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def contacts(response: Response) -> list[str]:
    return response.headers.get_all("Contact")


def caps(response: Response) -> list[str]:
    return response.headers.get_all("Feature-Caps")


def test_binding_is_committed_before_the_200(desk: Desk) -> None:
    """RFC 3261 section 10.3, steps 7 and 8."""
    response = desk.register(f"Contact: {PHONE};q=0.5{INSTANCE}", "Expires: 600", "User-Agent: x")
    (binding,) = desk.bindings
    assert (binding.contact, binding.flow, binding.user_agent) == (PHONE[1:-1], "udp:flow", "x")
    assert binding.expires_at == desk.clock.seconds() + 600
    assert (binding.q, binding.instance) == (500, "<urn:uuid:1>")
    assert binding.push_target is None
    assert contacts(response) == [f"{PHONE};q=0.5{INSTANCE};expires=600"]
    assert NameAddr.parse(response.headers.get("To") or "").tag
    assert caps(response) == []


def test_push_binding_is_promised_and_kept(desk: Desk) -> None:
    """P-016, F-01, P-010: Feature-Caps and a target to push: the one never without the other."""
    response = desk.register(f"Contact: {PUSHED}{INSTANCE};+sip.pnsreg", "Expires: 600")
    (binding,) = desk.bindings
    assert binding.push_target == PushTarget("fcm", "proj", "tok:en")
    assert caps(response) == ['*;+sip.pns="fcm";+sip.pnsreg="130"']
    assert contacts(response) == [f"{PUSHED}{INSTANCE};+sip.pnsreg;expires=600"]


def test_push_binding_is_due_before_it_expires(desk: Desk) -> None:
    """S-30, P-027: by the operator's lead; 120 s before where the UA was told to refresh."""
    desk.register(f"Contact: {PUSHED}{INSTANCE}", "Expires: 3600")
    (binding,) = desk.bindings
    assert binding.refresh_at is not None
    assert 360 <= binding.expires_at - binding.refresh_at <= 360 + (3600 - 360) / 3
    desk.register(f"Contact: {PUSHED}{INSTANCE};+sip.pnsreg", "Expires: 3600")
    (binding,) = desk.bindings
    assert binding.refresh_at == binding.expires_at - 120
    desk.register(f"Contact: {PHONE}{INSTANCE}", "Expires: 3600")
    assert [binding.refresh_at for binding in desk.bindings] == [None]


@pytest.mark.parametrize(
    ("push", "margin"),
    [
        (PushRegistration(refresh_lead=1200), 1200),
        (PushRegistration(refresh_lead=500, refresh_attempts=0), None),
    ],
)
def test_operator_says_how_early_and_how_often(push: PushRegistration, margin: int | None) -> None:
    """refresh_lead, refresh_attempts; 0 sends none."""
    desk = Desk(RegistrarSettings(push=push))
    response = desk.register(f"Contact: {PUSHED}{INSTANCE}", "Expires: 3600")
    assert caps(response) == ['*;+sip.pns="fcm"']
    (binding,) = desk.bindings
    if margin is None or binding.refresh_at is None:
        assert margin is binding.refresh_at is None
    else:
        assert margin <= binding.expires_at - binding.refresh_at <= margin + (3600 - margin) / 3


def test_others_push_parameters_are_not_shown(desk: Desk) -> None:
    """P-004, T7: another device sees no pn-*, no instance, no private parameter."""
    desk.register(f"Contact: {PUSHED}{INSTANCE};q=0.25;audio;expires=600")
    desk.clock.advance(10)
    response = desk.register(f"Contact: {TABLET};expires=300")
    assert contacts(response) == [
        f"{TABLET};expires=300",
        "<sip:alice@192.0.2.7>;q=0.250;expires=590",
    ]


@pytest.mark.parametrize(
    "params", ["pn-purr=x", "PN-Type=a;app-id=y", "pn-tok=x;app-id=y;pn-silent=1"]
)
def test_no_push_parameter_of_any_dialect_is_shown(desk: Desk, params: str) -> None:
    """Q-05: what nobody here pushes may still be pushed."""
    desk.register(f"Contact: <sip:alice@192.0.2.7;{params};transport=udp>;expires=600")
    assert contacts(desk.register()) == ["<sip:alice@192.0.2.7;transport=udp>;expires=600"]


def test_query_shows_all_and_changes_nothing(desk: Desk) -> None:
    """RFC 3261 section 10.2.3; nobody's own, so all are redacted."""
    desk.register(f"Contact: {PUSHED};expires=600")
    before = desk.bindings
    response = desk.register("Expires: 5")
    assert contacts(response) == ["<sip:alice@192.0.2.7>;expires=600"]
    assert desk.bindings == before


def test_query_of_nobody_is_empty(desk: Desk) -> None:
    """No bindings, no Contact."""
    assert contacts(desk.register()) == []


def test_expired_bindings_are_not_listed(desk: Desk) -> None:
    """Current ones only."""
    desk.register(f"Contact: {PHONE};expires=60")
    desk.clock.advance(60)
    assert contacts(desk.register()) == []
    assert contacts(desk.register(f"Contact: {PUSHED};expires=0")) == []


def test_last_second_is_not_a_removal(desk: Desk) -> None:
    """expires=0 in a 200 would say that it is gone."""
    desk.register(f"Contact: {PHONE};expires=60")
    desk.clock.advance(59.75)
    assert contacts(desk.register()) == [f"{PHONE};expires=1"]


def test_waiting_for_the_store_costs_no_life(desk: Desk) -> None:
    """The UA hears the expiry that it was granted, however long its turn took to come."""
    desk.store = SlowStore()
    desk.store.clock = desk.clock = Clock()
    desk.__attrs_post_init__()
    first, second = desk.ask(f"Contact: {PHONE}"), desk.ask(f"Contact: {PHONE};expires=600")
    desk.clock.pump([5, 5])
    assert contacts(succeeded(first)) == [f"{PHONE};expires=3600"]
    assert contacts(succeeded(second)) == [f"{PHONE};expires=600"]
    assert desk.bindings[0].expires_at - desk.clock.seconds() == 595


def test_binding_is_removed(desk: Desk) -> None:
    """RFC 3261 section 10.2.2."""
    desk.register(f"Contact: {PHONE}", f"Contact: {TABLET}")
    response = desk.register(f"Contact: {PHONE};expires=0")
    assert contacts(response) == ["<sip:alice@192.0.2.8>;expires=3600"]
    assert caps(response) == []


def test_removal_of_what_is_not_there_is_a_200(desk: Desk) -> None:
    """S-10: a de-REGISTER with no match is a no-op, and shows what there is."""
    desk.register(f"Contact: {PHONE}{INSTANCE}")
    response = desk.register("Contact: <sip:else@192.0.2.9>;expires=0")
    assert contacts(response) == [f"{PHONE};expires=3600"]


def test_push_is_disabled_by_a_removal_without_prid(desk: Desk) -> None:
    """Appendix B 6, U-05, P-029: the same URI without pn-prid."""
    desk.register(f"Contact: {PUSHED}")
    removal = "<sip:alice@192.0.2.7;pn-provider=fcm;pn-param=proj>;expires=0"
    response = desk.register(f"Contact: {removal}")
    assert desk.bindings == ()
    assert caps(response) == contacts(response) == []


def test_push_ends_with_a_refresh_without_prid(desk: Desk) -> None:
    """P-029, P-028: the binding stays, its PRID goes; the answer to the query is no promise."""
    desk.register(f"Contact: {PUSHED}{INSTANCE}")
    desk.register(f"Contact: <sip:alice@192.0.2.7;pn-provider=fcm>{INSTANCE}")
    (binding,) = desk.bindings
    assert binding.push_target is None


def test_star_removes_all(desk: Desk) -> None:
    """O-104."""
    desk.register(f"Contact: {PHONE}", f"Contact: {TABLET}")
    assert contacts(desk.register("Contact: *", "Expires: 0")) == []
    assert desk.bindings == ()


def test_binding_that_is_too_brief_is_refused(desk: Desk) -> None:
    """Appendix B 5: 423 with Min-Expires, and nothing stored."""
    error = desk.refused(IntervalTooBrief, f"Contact: {PUSHED}", "Expires: 100")
    assert error.headers == (("Min-Expires", "300"),)
    assert desk.bindings == ()


def test_short_grant_is_not_pushed() -> None:
    """Appendix B 5, P-015: 3600 asked, 60 granted by somebody behind us: no promise, no push."""

    @implementer(IRegistrationAuthority)
    class Stingy:
        def grant(
            self, register: Request, plan: RegisterPlan, source: Source, record: Record | None
        ) -> Deferred[Grant]:
            """A minute for everybody."""
            del source, record
            return succeed(Grant(plan.aor, ((register.contacts[0].uri, 60),)))

    desk = Desk(authority=Stingy())
    response = desk.register(f"Contact: {PUSHED}", "Expires: 3600")
    (binding,) = desk.bindings
    assert binding.push_target is None
    assert caps(response) == []
    assert contacts(response) == [f"{PUSHED};expires=60"]


def test_unserved_pns_is_refused_or_plain(desk: Desk) -> None:
    """Appendix B 1: 555, or a 200 without Feature-Caps and without a push."""
    figure_2 = "Contact: <sip:a@192.0.2.7;pn-provider=acme;pn-param=p;pn-prid=Z>"
    desk.refused(PushNotSupported, figure_2)
    lenient = RegistrarSettings(push=PushRegistration(unsupported="accept_without_push"))
    desk = Desk(lenient)
    assert caps(desk.register(figure_2)) == []
    assert desk.bindings[0].push_target is None


def test_query_for_all_pns_is_answered(desk: Desk) -> None:
    """Appendix B 2, F-01: one field each."""
    response = desk.register("Contact: <sip:a@192.0.2.7;pn-provider>")
    assert caps(response) == ['*;+sip.pns="fcm"', '*;+sip.pns="webpush";+sip.vapid="key"']
    assert desk.bindings[0].push_target is None


def test_binding_that_another_proxy_pushes_is_left_to_it(desk: Desk) -> None:
    """Appendix B 23, P-011."""
    response = desk.register(f"Contact: {PUSHED}", 'Feature-Caps: *;+sip.pns="fcm"')
    assert caps(response) == []
    assert desk.bindings[0].push_target is None


def test_header_parameters_are_no_push_request(desk: Desk) -> None:
    """RFC 8599 reads the URI (INTEROP: linphone's style hdr); they come back nowhere."""
    response = desk.register(f"Contact: {PHONE};pn-provider=fcm;pn-prid=secret")
    assert contacts(response) == [f"{PHONE};expires=3600"]
    assert caps(response) == []


@pytest.mark.parametrize(
    ("principal", "error"),
    [
        (Principal("bob", "example.com", ("sip:bob@example.com",)), Forbidden),
        (Principal("bob", "example.com"), Forbidden),
        (ALICE, None),
        (Principal("10.0.0.3", "", trusted=True), None),
        (None, None),
    ],
)
def test_only_its_owner_changes_an_aor(
    desk: Desk, principal: Principal | None, error: type[SIPError] | None
) -> None:
    """RFC 3261 section 10.3, step 4; A8: bob's password says nothing about alice."""
    asked = desk.ask(f"Contact: {PHONE}", principal=principal)
    if error is None:
        succeeded(asked)
    else:
        failed(asked, error)
    assert len(desk.bindings) == (error is None)


def test_foreign_domain_is_not_found(desk: Desk) -> None:
    """RFC 3261 section 10.3, step 5."""
    failed(desk.ask(f"Contact: {PHONE}", to="alice@elsewhere.example"), NotFound)


def test_unknown_extension_is_refused(desk: Desk) -> None:
    """RFC 3261 section 8.2.2.3: 420 names it."""
    error = desk.refused(BadExtension, f"Contact: {PHONE}", "Require: path, gruu", "Require: x")
    assert error.headers == (("Unsupported", "gruu, x"),)
    assert desk.bindings == ()


@pytest.mark.parametrize(
    ("mode", "supported", "echoed"),
    [
        ("off", "path", False),
        ("lazy", "path", True),
        ("lazy", "gruu", False),
        ("strict", "path", True),
    ],
)
def test_path_is_stored_and_echoed(mode: str, supported: str, echoed: bool) -> None:
    """RFC 3327 section 5.3, O-45."""
    desk = Desk(RegistrarSettings(path=mode))
    path = ["<sip:p2.example;lr>", "<sip:p1.example;lr>"]
    response = desk.register(
        f"Contact: {PHONE}", f"Path: {', '.join(path)}", f"Supported: {supported}"
    )
    assert desk.bindings[0].path == tuple(path)
    assert response.headers.get_all("Path") == (path if echoed else [])


def test_path_that_the_ua_does_not_know_is_refused_where_strict() -> None:
    """RFC 3327 section 5.3: 420, Unsupported: path."""
    desk = Desk(RegistrarSettings(path="strict"))
    error = desk.refused(BadExtension, f"Contact: {PHONE}", "Path: <sip:p1.example;lr>")
    assert error.headers == (("Unsupported", "path"),)


def test_outbound_keeps_two_flows(desk: Desk) -> None:
    """RFC 5626 section 6: reg-id counts, and the 200 requires outbound."""
    for reg_id in (1, 2):
        response = desk.register(
            f"Contact: {PHONE}{INSTANCE};reg-id={reg_id}",
            "Supported: path, outbound",
            flow="tcp:flow",
        )
        assert response.headers.get_all("Require") == ["outbound"]
    assert sorted(binding.reg_id for binding in desk.bindings) == [1, 2]


@pytest.mark.parametrize(
    ("lines", "applies"),
    [
        ([f"Contact: {PHONE}{INSTANCE};reg-id=1"], False),
        ([f"Contact: {PHONE};reg-id=1", "Supported: outbound"], False),
        ([f"Contact: {PHONE}{INSTANCE}", "Supported: outbound"], False),
        (["Supported: outbound", "Contact: *", "Expires: 0"], False),
        ([f"Contact: {PHONE}{INSTANCE};reg-id=1", "Supported: outbound", "Via: x"], False),
        (
            [
                f"Contact: {PHONE}{INSTANCE};reg-id=1",
                "Supported: outbound",
                "Path: <sip:edge;lr>",
                "Via: x",
            ],
            False,
        ),
        (
            [
                f"Contact: {PHONE}{INSTANCE};reg-id=1",
                "Supported: outbound",
                "Path: <sip:edge;lr;ob>",
                "Via: x",
            ],
            True,
        ),
    ],
)
def test_outbound_applies_only_where_it_can(desk: Desk, lines: list[str], applies: bool) -> None:
    """RFC 5626 section 6: its first hop must take part, and the UA must know of it."""
    lines = [line.replace("Via: x", "Via: SIP/2.0/UDP p;branch=z9hG4bK2") for line in lines]
    response = desk.register(*lines)
    assert response.headers.get_all("Require") == (["outbound"] if applies else [])
    assert [binding.reg_id for binding in desk.bindings if binding.reg_id] == [1] * applies


@pytest.mark.parametrize(
    ("flow", "via", "applies"),
    [("udp:1", "", False), ("tcp:1", "", True), ("tls:1", "", True), ("tcp:1", "edge", False)],
)
def test_outbound_needs_a_connection(desk: Desk, flow: str, via: str, applies: bool) -> None:
    """RFC 5626 section 4.4.2: over UDP a UA would wait for STUN answers that nobody gives."""
    lines = [f"Contact: {PHONE}{INSTANCE};reg-id=1", "Supported: outbound"]
    if via:
        lines.append(f"Via: SIP/2.0/TCP {via};branch=z9hG4bK2")
    response = desk.register(*lines, flow=flow)
    assert response.headers.get_all("Require") == (["outbound"] if applies else [])
    assert [binding.reg_id for binding in desk.bindings] == [1 if applies else 0]


def test_flow_has_one_contact(desk: Desk) -> None:
    """RFC 5626 section 6: 400; the one that goes does not count."""
    lines = (f"Contact: {PHONE}{INSTANCE};reg-id=1", "Supported: outbound")
    both = desk.ask(*lines, f"Contact: {TABLET}", flow="tcp:flow")
    failed(both, BadRequest)
    desk.register(*lines, f"Contact: {TABLET};expires=0", flow="tcp:flow")


def test_overtaken_request_is_refused(desk: Desk) -> None:
    """O-101, T4: an old CSeq changes nothing."""
    old = desk.request("Contact: <sip:evil@203.0.113.1>" + INSTANCE)
    desk.register(f"Contact: {PHONE}{INSTANCE}")
    source = Source("udp:other", "203.0.113.1", 5060)
    register = desk.registrar.register(old, ALICE, source)
    assert failed(Deferred.fromCoroutine(register), SIPError).status == 500
    assert [binding.flow for binding in desk.bindings] == ["udp:flow"]


def test_too_many_bindings_are_refused() -> None:
    """O-18, overflow = "reject"."""
    desk = Desk(RegistrarSettings(max_contacts=1))
    desk.register(f"Contact: {PHONE}")
    desk.refused(Forbidden, f"Contact: {TABLET}")
    assert len(desk.bindings) == 1


def test_lost_connections_make_room() -> None:
    """R2 B7: a phone with another port each time it connects is not locked out by its past."""
    desk = Desk(RegistrarSettings(max_contacts=3))
    for number in range(3):
        desk.register(f"Contact: <sip:alice@192.0.2.7:{number}>", flow=f"tcp:{number}")
        desk.clock.advance(1)
    desk.lost = {"tcp:1", "tcp:2"}
    desk.register("Contact: <sip:alice@192.0.2.7:3>", flow="tcp:3")
    assert [binding.flow for binding in desk.bindings] == ["tcp:3", "tcp:2", "tcp:0"]
    removed = [event for event in desk.events if isinstance(event, BindingRemoved)]
    assert len(removed) == 1


@pytest.mark.parametrize(
    ("line", "flow"),
    [
        (f"Contact: {PHONE}", "udp:flow"),
        (f"Contact: {PUSHED}", "tcp:flow"),
        (f"Contact: {PHONE}\r\nSupported: path\r\nPath: <sip:edge.example.com;lr>", "tls:flow"),
    ],
)
def test_who_can_be_reached_otherwise_makes_no_room(line: str, flow: str) -> None:
    """R2 B7: by a datagram, by a push, or through an edge, which connects again."""
    desk = Desk(RegistrarSettings(max_contacts=1))
    desk.register(line, flow=flow)
    desk.lost = {flow}
    desk.refused(Forbidden, "Contact: <sip:alice@192.0.2.9>")
    assert [binding.flow for binding in desk.bindings] == [flow]


def test_flows_are_looked_at_only_where_there_may_be_no_room() -> None:
    """R2 B7: a refresh is what a registrar does all day."""
    desk = Desk(RegistrarSettings(max_contacts=3))
    desk.register("Contact: <sip:alice@192.0.2.1>", flow="tcp:1")
    desk.register("Contact: <sip:alice@192.0.2.2>", flow="tls:2")
    assert desk.asked == []
    two = "Contact: <sip:alice@192.0.2.3>, <sip:alice@192.0.2.4>"
    desk.lost = {"tls:2"}
    desk.register(two, flow="tcp:3")
    assert desk.asked == ["tcp:1", "tls:2"]
    assert {binding.flow for binding in desk.bindings} == {"tcp:1", "tcp:3"}


def test_failed_commit_is_a_500_with_retry_after(nothing_fails_unseen: list[object]) -> None:
    """RFC 3261 section 10.3, step 7: no 200, and a word when to come back."""
    desk = Desk(store=BrokenStore())
    error = desk.refused(StoreUnavailable, f"Contact: {PHONE}")
    assert error.status == 500
    assert [name for name, _ in error.headers] == ["Retry-After"]
    assert str(error) == "Disk full"
    assert nothing_fails_unseen == []


def test_policies_bend_the_plan_in_order() -> None:
    """IRoutingPolicy: before authority and store are asked; a value or a promise of one."""
    desk = Desk(
        policies=[
            Bending(lambda plan: succeed(evolve(plan, aor=plan.aor.replace("alice", "team")))),
            Bending(lambda plan: evolve(plan, aor=f"{plan.aor}.test")),
        ]
    )
    desk.register(f"Contact: {PHONE}")
    assert desk.store.load("sip:team@example.com.test") is not None
    assert desk.store.load("sip:alice@example.com") is None
    assert len(contacts(desk.register())) == 1


def test_policy_may_refuse() -> None:
    """:raises SIPError: refuse."""

    def refuse(_: RegisterPlan) -> RegisterPlan:
        raise Forbidden("Not on Sundays")

    desk = Desk(policies=[Bending(refuse)])
    desk.refused(Forbidden, f"Contact: {PHONE}")
    assert desk.bindings == ()


def test_what_happened_is_told(desk: Desk) -> None:
    """Events: registered, removed, refused; never a PRID."""
    desk.register(f"Contact: {PUSHED}")
    (binding,) = desk.bindings
    desk.register("Contact: *", "Expires: 0")
    desk.refused(PushNotSupported, "Contact: <sip:a@192.0.2.7;pn-provider=acme;pn-prid=s3cr3t>")
    aor, at = "sip:alice@example.com", desk.clock.seconds()
    assert desk.events == [
        BindingRegistered(at, aor, binding.id, sleeps=True),
        BindingRemoved(at, aor, binding.id),
        RegistrationRefused(at, aor, 555, "Push Notification Service Not Supported"),
    ]


def test_refusal_of_nobody_is_told(desk: Desk) -> None:
    """A To that cannot be read names no AOR."""
    failed(desk.ask(f"Contact: {PHONE}", to="example.com"), BadRequest)
    (event,) = desk.events
    assert isinstance(event, RegistrationRefused)
    assert (event.aor, event.status) == ("", 400)


def test_nobody_has_to_listen() -> None:
    """Events are made only where they are heard; the rest is the same."""
    desk = Desk(listening=False)
    desk.register(f"Contact: {PHONE}")
    desk.refused(PushNotSupported, "Contact: <sip:a@192.0.2.7;pn-provider=acme;pn-prid=s3cr3t>")
    assert len(desk.bindings) == 1
    assert desk.events == []


def test_every_answer_has_another_tag(desk: Desk) -> None:
    """RFC 3261 section 19.3."""
    tags = {desk.register().to.tag for _ in range(3)}
    assert len(tags) == 3
