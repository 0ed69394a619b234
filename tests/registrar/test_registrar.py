"""REGISTER to 200, with a real location service behind it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from attrs import define, evolve
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import Clock, deferLater
from zope.interface import implementer

from sippn.binding import (
    AOR,
    Change,
    Grant,
    Principal,
    PushRequest,
    PushState,
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
from sippn.events import BindingRegistered, BindingRemoved, RegistrationRefused
from sippn.interfaces import IPushDialect, IRegistrationAuthority, Maybe
from sippn.registrar import PushRegistration, RegistrarSettings
from sippn.sip import (
    NameAddr,
    Request,
)
from sippn.storage.memory import MemoryStore
from sippn.testing.results import failed, succeeded
from tests.registrar.desk import (
    ALICE,
    INSTANCE,
    PHONE,
    PUSHED,
    TABLET,
    Desk,
    caps,
    contacts,
    warnings,
)


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
    """P-016, F-01: a push binding is told its PNS, and has a target to push."""
    response = desk.register(f"Contact: {PUSHED}{INSTANCE};+sip.pnsreg", "Expires: 600")
    (binding,) = desk.bindings
    assert binding.push_target == PushTarget("fcm", "proj", "tok:en")
    assert caps(response) == ['*;+sip.pns="fcm";+sip.pnsreg="130"']
    assert contacts(response) == [f"{PUSHED}{INSTANCE};+sip.pnsreg;expires=600"]


def test_push_binding_is_due_before_it_expires(desk: Desk) -> None:
    """P-026, P-027: a refresh push is due well before expiry, or 120 s before to who refreshes."""
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
    """P-004, T7: another device sees no pn-*, no instance and no private parameter."""
    desk.register(f"Contact: {PUSHED}{INSTANCE};q=0.25;audio;expires=600")
    desk.clock.advance(10)
    response = desk.register(f"Contact: {TABLET};expires=300")
    assert contacts(response) == [
        f"{TABLET};expires=300",
        "<sip:alice@192.0.2.7>;q=0.250;expires=590",
    ]


@pytest.mark.parametrize(
    "params",
    [
        "pn-purr=x",
        "PN-Type=a;app-id=y",
        "pn-tok=x;app-id=y;pn-silent=1",
        "pn-provider=fcm;pn-prid=x;x-token=a;line=b;ob",
    ],
)
def test_no_push_parameter_of_any_dialect_is_shown(desk: Desk, params: str) -> None:
    """P-004: another device sees of a Contact that is pushed how it is reached, and no more."""
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
    """U-05, P-029: the same URI without pn-prid names the binding, and removes it."""
    desk.register(f"Contact: {PUSHED}")
    removal = "<sip:alice@192.0.2.7;pn-provider=fcm;pn-param=proj>;expires=0"
    response = desk.register(f"Contact: {removal}")
    assert desk.bindings == ()
    assert caps(response) == contacts(response) == []


def test_push_ends_with_a_refresh_without_prid(desk: Desk) -> None:
    """P-029, P-028: a refresh without pn-prid keeps the binding and drops its PRID."""
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
    """P-013: a 423 has Min-Expires, and stores nothing."""
    error = desk.refused(IntervalTooBrief, f"Contact: {PUSHED}", "Expires: 100")
    assert error.headers == (("Min-Expires", "300"),)
    assert desk.bindings == ()


def test_short_grant_is_not_pushed() -> None:
    """P-015: what a registrar behind granted for too short is neither promised nor pushed."""

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
    """P-012: a PNS that nobody serves gets 555, or a 200 without Feature-Caps."""
    figure_2 = "Contact: <sip:a@192.0.2.7;pn-provider=acme;pn-param=p;pn-prid=Z>"
    desk.refused(PushNotSupported, figure_2)
    lenient = RegistrarSettings(push=PushRegistration(unsupported="accept_without_push"))
    desk = Desk(lenient)
    assert caps(desk.register(figure_2)) == []
    assert desk.bindings[0].push_target is None


def test_query_for_all_pns_is_answered(desk: Desk) -> None:
    """P-022, F-01: a query for all is answered with a field for each PNS."""
    response = desk.register("Contact: <sip:a@192.0.2.7;pn-provider>")
    assert caps(response) == ['*;+sip.pns="fcm"', '*;+sip.pns="webpush";+sip.vapid="key"']
    assert desk.bindings[0].push_target is None


def test_binding_that_another_proxy_pushes_is_left_to_it(desk: Desk) -> None:
    """P-011: where another proxy pushes the binding says so, and nothing is promised."""
    response = desk.register(f"Contact: {PUSHED}", 'Feature-Caps: *;+sip.pns="fcm"')
    assert caps(response) == warnings(response) == []
    (binding,) = desk.bindings
    assert (binding.push_target, binding.push_state) == (None, PushState.ELSEWHERE)
    desk.register(f"Contact: {PUSHED}")
    assert [one.push_state for one in desk.bindings] == [PushState.ACTIVE]


def test_query_by_way_of_another_proxy_is_no_binding_of_it(desk: Desk) -> None:
    """P-020: a query that another proxy answers, too, is neither refused nor pushed."""
    line = "Contact: <sip:a@192.0.2.7;pn-provider=acme>"
    response = desk.register(line, 'Feature-Caps: *;+sip.pns="acme"')
    assert caps(response) == []
    assert [one.push_state for one in desk.bindings] == [PushState.ACTIVE]


def test_sleep_after_expiry_is_the_operators() -> None:
    """S-32: a push binding may be woken for as long after its expiry as the operator says."""
    desk = Desk(RegistrarSettings(push=PushRegistration(sleep_after_expiry=600)))
    desk.register(f"Contact: {PUSHED};expires=3600")
    (binding,) = desk.bindings
    assert binding.asleep_until == binding.expires_at + 600
    desk.register("Contact: <sip:alice@192.0.2.7>")
    assert [one.asleep_until for one in desk.bindings] == [None]


def test_unserved_pns_is_warned_of() -> None:
    """P-012: a 200 that promises no push says why, in a Warning."""
    desk = Desk(RegistrarSettings(push=PushRegistration(unsupported="accept_without_push")))
    response = desk.register("Contact: <sip:a@192.0.2.7;pn-provider=acme;pn-prid=S3CRET>")
    assert warnings(response) == ['399 sippn "acme is not served here"']
    assert warnings(desk.register("Contact: <sip:a@192.0.2.7;pn-provider=fcm>")) == []


def test_header_parameters_are_a_push_request(desk: Desk) -> None:
    """U-02: push parameters behind the Contact count as well; they come back nowhere."""
    response = desk.register(f"Contact: {PHONE};pn-provider=fcm;pn-param=p;pn-prid=secret")
    assert contacts(response) == [f"{PHONE};expires=3600"]
    assert caps(response) == ['*;+sip.pns="fcm"']
    assert [binding.push_target for binding in desk.bindings] == [PushTarget("fcm", "p", "secret")]


def test_dialects_of_plugins_are_known_to_registrar_and_authority() -> None:
    """D-07: whoever speaks a plugin's dialect is promised, pushed, and given the long life."""

    @implementer(IPushDialect)
    class Shouted:
        def read(self, register: Request, contact: NameAddr) -> PushRequest | None:
            """Whatever is behind X."""
            del register
            token = contact.param("X")
            return PushRequest("fcm", "fcm", PushTarget("fcm", "p", token)) if token else None

    desk = Desk(dialects=(Shouted(),))
    response = desk.register(f"Contact: {PHONE};X=loud", "Expires: 86400")
    assert caps(response) == ['*;+sip.pns="fcm"']
    assert [b.push_target for b in desk.bindings] == [PushTarget("fcm", "p", "loud")]
    assert desk.bindings[0].expires_at == desk.clock.seconds() + 86400


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
