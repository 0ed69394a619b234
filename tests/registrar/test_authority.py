"""For how long, and what for: the local authority."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from twisted.internet.defer import Deferred, maybeDeferred
from zope.interface.verify import verifyObject

from sippn.binding import Capability, Grant, RegisterPlan, Source
from sippn.errors import BadRequest, IntervalTooBrief, PushNotSupported
from sippn.interfaces import IRegistrationAuthority
from sippn.registrar import ExpirySettings, LocalAuthority, PushRegistration, RegistrarSettings
from sippn.sip import Headers, Request
from sippn.testing.pns import MemoryPushProvider
from sippn.testing.results import failed, succeeded

AOR = "sip:alice@example.com"
PLAIN = "<sip:a@192.0.2.7>"
PUSHED = "<sip:a@192.0.2.7;pn-provider=fcm;pn-param=p;pn-prid=x>"
ASKING = "<sip:a@192.0.2.7;pn-provider=fcm>"
ASKING_ALL = "<sip:a@192.0.2.7;pn-provider>"
UNKNOWN = "<sip:a@192.0.2.7;pn-provider=acme;pn-prid=x>"
ACCEPT = RegistrarSettings(push=PushRegistration(unsupported="accept_without_push"))


def register(contacts: Sequence[str], *fields: tuple[str, str]) -> Request:
    headers = Headers([("To", f"<{AOR}>"), ("Call-ID", "1"), ("CSeq", "1 REGISTER"), *fields])
    for contact in contacts:
        headers.add("Contact", contact)
    return Request("REGISTER", "sip:example.com", headers)


def authority(settings: RegistrarSettings, *pns: str) -> LocalAuthority:
    return LocalAuthority(settings, MemoryPushProvider([Capability(name) for name in pns]))


def asked(one: LocalAuthority, request: Request, plan: RegisterPlan) -> Deferred[Grant]:
    """What it says, or refuses, as the registrar hears it."""
    return maybeDeferred(one.grant, request, plan, Source("f", "h", 1), None)


def seconds(
    *contacts: str,
    settings: RegistrarSettings | None = None,
    fields: Sequence[tuple[str, str]] = (),
    pns: Sequence[str] = ("fcm",),
) -> list[int]:
    """What is granted to each of *contacts*."""
    one = authority(settings or RegistrarSettings(), *pns)
    request = register(contacts, *fields)
    grant = succeeded(asked(one, request, RegisterPlan(AOR, None)))
    assert grant.aor == AOR
    return [granted for _, granted in grant.expires]


def too_brief(contact: str, settings: RegistrarSettings | None = None) -> int:
    """The Min-Expires of the 423 that *contact* gets."""
    one = authority(settings or RegistrarSettings(), "fcm")
    plan = RegisterPlan(AOR, None)
    error = failed(asked(one, register([contact]), plan), IntervalTooBrief)
    ((name, value),) = error.headers
    assert (error.status, name) == (423, "Min-Expires")
    return int(value)


def test_provides_the_interface() -> None:
    """It can be replaced by the registrar behind."""
    assert verifyObject(IRegistrationAuthority, authority(RegistrarSettings()))


@pytest.mark.parametrize(
    ("asked", "granted"),
    [("", 3600), (";expires=600", 600), (";expires=9999", 7200), (";expires=0", 0)],
)
def test_plain_binding_is_granted(asked: str, granted: int) -> None:
    """RFC 3261 section 10.3, step 7: as asked, but never longer than the most."""
    assert seconds(PLAIN + asked) == [granted]


def test_unreadable_expiry_is_the_default() -> None:
    """O-100."""
    assert seconds(f"{PLAIN};expires=x", fields=[("Expires", "60")]) == [3600]


def test_plain_binding_that_is_too_brief_is_refused() -> None:
    """423 with Min-Expires."""
    assert too_brief(f"{PLAIN};expires=59") == 60
    assert seconds(f"{PLAIN};expires=60") == [60]


def test_operator_may_lengthen() -> None:
    """O-100: min_action = "raise"; a removal stays one."""
    settings = RegistrarSettings(expires=ExpirySettings(min_action="raise"))
    contacts = (f"{PLAIN};expires=1", f"{PLAIN};expires=0")
    assert seconds(*contacts, settings=settings) == [60, 0]


def test_an_hour_is_never_too_brief() -> None:
    """RFC 3261: 423 below one hour only; it is granted as asked then, never lengthened."""
    settings = RegistrarSettings(expires=ExpirySettings(min=7200, default=7200, max=86400))
    assert seconds(f"{PLAIN};expires=3600", settings=settings) == [3600]
    assert too_brief(f"{PLAIN};expires=3599", settings) == 7200
    push = RegistrarSettings(push=PushRegistration(refresh_lead=7000))
    assert seconds(f"{PUSHED};expires=3600", settings=push) == [3600]


def test_push_binding_lives_long() -> None:
    """N-03, S-32: its own longest expiry, so that it need not be woken to live on."""
    assert seconds(f"{PUSHED};expires=2592000") == [2592000]
    assert seconds(f"{PUSHED};expires=2592001") == [2592000]
    assert seconds(PUSHED) == [3600]


@pytest.mark.parametrize("asked", [1, 100, 120, 299])
def test_push_binding_that_is_too_brief_is_refused(asked: int) -> None:
    """P-013: a push binding that would end before its refresh push gets 423 and Min-Expires."""
    assert too_brief(f"{PUSHED};expires={asked}") == 300
    assert seconds(f"{PUSHED};expires=300") == [300]


def test_min_expires_leaves_room_for_a_push() -> None:
    """P-013: a UA that asks for the Min-Expires is granted it, and woken before it ends."""
    settings = RegistrarSettings(push=PushRegistration(refresh_lead=600, expires_min=300))
    least = too_brief(f"{PUSHED};expires=600", settings)
    assert least > 600
    assert seconds(f"{PUSHED};expires={least}", settings=settings) == [least]
    assert seconds(f"{PUSHED};expires=601", settings=settings) == [601]


def test_push_binding_that_names_no_expiry_gets_enough() -> None:
    """It has asked for nothing that would be too brief."""
    settings = RegistrarSettings(expires=ExpirySettings(default=60))
    assert seconds(PUSHED, settings=settings) == [300]


def test_minimum_never_touches_a_removal() -> None:
    """U-05: with or without a PRID, of a PNS that is served or not."""
    contacts = [f"{one};expires=0" for one in (PUSHED, UNKNOWN, ASKING, PLAIN)]
    assert seconds(*contacts) == [0, 0, 0, 0]


def test_pns_that_nobody_serves_is_refused_or_plain() -> None:
    """P-012: a PNS that nobody serves gets 555, or a plain binding with a plain expiry."""
    one = authority(RegistrarSettings(), "fcm")
    error = failed(asked(one, register([UNKNOWN]), RegisterPlan(AOR, None)), PushNotSupported)
    assert (error.status, error.why) == (555, "acme is not served here")
    assert error.headers == (("Warning", '399 sippn "acme is not served here"'),)
    assert seconds(f"{UNKNOWN};expires=86400", settings=ACCEPT) == [7200]


@pytest.mark.parametrize("params", ["pn-provider;pn-prid=x", "pn-prid=x", "pn-tok=x"])
def test_prid_without_a_pns_is_plain(params: str) -> None:
    """P-010: a PRID that comes without a PNS is never refused with 555."""
    assert seconds(f"<sip:a@192.0.2.7;{params}>;expires=86400") == [7200]


@pytest.mark.parametrize(
    ("params", "name"),
    [
        ("pn-provider=wp;pn-prid=x", "wp"),
        ("pn-type=w10;app-id=x;pn-tok=x", "w10"),
        ("pn-provider=apns;pn-param=T.b.voip&remote;pn-prid=S3CRET:neither", "apns"),
        ("pn-provider=S3CRET012345678901234567890123456789;pn-prid=x", "this pn-provider"),
    ],
)
def test_refusal_says_why_and_not_with_which(params: str, name: str) -> None:
    """P-012: a 555 says what is wrong, in words that have no PRID."""
    one = authority(RegistrarSettings(), "fcm")
    error = failed(
        asked(one, register([f"<sip:a@192.0.2.7;{params}>"]), RegisterPlan(AOR, None)),
        PushNotSupported,
    )
    assert error.why
    assert "s3cret" not in f"{error.why} {error.headers} {error}".lower()
    if name != "apns":
        assert name in error.why


def test_target_that_is_incomplete_is_not_served() -> None:
    """P-012: a target that lacks what its provider needs is not served."""
    provider = MemoryPushProvider([Capability("fcm")], can=lambda *_: False)
    one = LocalAuthority(RegistrarSettings(), provider)
    plan = RegisterPlan(AOR, None)
    failed(asked(one, register([PUSHED]), plan), PushNotSupported)


def test_query_is_granted_as_a_plain_binding() -> None:
    """P-023: a query makes a binding like any other, with a plain life."""
    contacts = (f"{ASKING};expires=90", f"{ASKING_ALL};expires=99999")
    assert seconds(*contacts) == [90, 7200]


@pytest.mark.parametrize("contact", [ASKING, ASKING_ALL])
def test_query_for_what_there_is_not_is_refused_or_plain(contact: str) -> None:
    """P-021, P-022: a query for what nobody serves gets 555, where no other proxy could answer."""
    one = authority(RegistrarSettings())
    plan = RegisterPlan(AOR, None)
    failed(asked(one, register([contact]), plan), PushNotSupported)
    assert seconds(contact, settings=ACCEPT, pns=()) == [3600]


@pytest.mark.parametrize("contact", [PUSHED, UNKNOWN, ASKING])
def test_binding_that_another_proxy_pushes_is_plain(contact: str) -> None:
    """P-011, P-020: where another proxy pushes there is no 555, and no longer life."""
    fields = [("Feature-Caps", '*;+sip.pns="acme"')]
    assert seconds(f"{contact};expires=86400", fields=fields, pns=()) == [7200]
    assert seconds(f"{contact};expires=100", fields=fields) == [100]


def test_provider_of_any_pns_answers_queries() -> None:
    """A gateway that takes any PNS has no list, and serves the one that is asked for."""
    provider = MemoryPushProvider([], can=lambda *_: True)
    one = LocalAuthority(RegistrarSettings(), provider)
    grant = succeeded(
        maybeDeferred(
            one.grant, register([ASKING]), RegisterPlan(AOR, None), Source("f", "h", 1), None
        )
    )
    assert [granted for _, granted in grant.expires] == [3600]


def test_bad_request_fails_the_grant() -> None:
    """A failure comes in the Deferred, like any other."""
    one = authority(RegistrarSettings())
    plan = RegisterPlan(AOR, None)
    failed(asked(one, register(["<tel:1>"]), plan), BadRequest)


def test_aor_is_the_plans() -> None:
    """O-49: a policy may have put another in."""
    one = authority(RegistrarSettings())
    plan = RegisterPlan("sip:bob@example.com", None)
    assert succeeded(asked(one, register([PLAIN]), plan)).aor == plan.aor
