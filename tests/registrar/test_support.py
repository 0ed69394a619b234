"""What is promised is done, and nothing else is."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from sippn.binding import Capability, Grant, PushKind, PushTarget, Refresh
from sippn.registrar import PushRegistration
from sippn.registrar.reading import read_register
from sippn.registrar.support import Promise, PushSupport, promise
from sippn.sip import FeatureCaps, Headers, Request
from sippn.testing.pns import MemoryPushProvider

KNOWN = (Capability("fcm"), Capability("apns"), Capability("webpush", "vapid-key"))
NOTHING = FeatureCaps("")


def contact(params: str, tag: str = "") -> str:
    return f"<sip:a@192.0.2.7;{params}>{tag}"


FCM = contact("pn-provider=fcm;pn-param=p;pn-prid=x")


def promised(
    *asked: tuple[str, int],
    provider: MemoryPushProvider | None = None,
    settings: PushRegistration | None = None,
    fields: Sequence[tuple[str, str]] = (),
) -> Promise:
    """What contacts with a granted expiry are promised."""
    headers = Headers([("To", "<sip:a@example.com>"), ("Call-ID", "1"), ("CSeq", "1 REGISTER")])
    for name, value in (*fields, *(("Contact", one) for one, _ in asked)):
        headers.add(name, value)
    reading = read_register(Request("REGISTER", "sip:example.com", headers))
    pairs = zip(reading.contacts, asked, strict=True)
    grant = Grant("sip:a@example.com", tuple((one.uri, seconds) for one, (_, seconds) in pairs))
    support = PushSupport(provider or MemoryPushProvider(KNOWN))
    return promise(reading, grant, support, settings or PushRegistration())


def test_push_request_is_promised() -> None:
    """P-016: the same sip.pns, and the target that will be pushed."""
    result = promised((FCM, 600))
    assert result.targets == (PushTarget("fcm", "p", "x"),)
    assert result.feature_caps == (FeatureCaps("fcm"),)


def test_vapid_is_told() -> None:
    """P-017, F-01: in the same field as its PNS."""
    webpush = contact("pn-provider=webpush;pn-prid=https:%2F%2Fpush.example%2Fx")
    assert promised((webpush, 600)).feature_caps == (FeatureCaps("webpush", "vapid-key"),)


@pytest.mark.parametrize("granted", [0, 1, 120])
def test_nothing_is_promised_to_what_ends_too_soon(granted: int) -> None:
    """P-015: it would be gone before a push could refresh it; nor to a removal."""
    assert promised((FCM, granted)) == Promise((None,), (Refresh.NEVER,))


def test_one_second_more_than_the_lead_is_enough() -> None:
    """P-013: the other side of the border."""
    assert promised((FCM, 121)).feature_caps == (FeatureCaps("fcm"),)


@pytest.mark.parametrize(
    "params",
    [
        "transport=udp",
        "pn-prid=x",
        "pn-provider=acme;pn-prid=x",
        "pn-provider;pn-prid=x",
        "pn-provider=f%22m;pn-prid=x",
    ],
)
def test_nothing_is_promised_to_others(params: str) -> None:
    """P-010, U-03: no RFC 8599, no provider, or a name that no header could say."""
    provider = MemoryPushProvider(can=lambda target, _: target.provider in ("fcm", 'f"m', ""))
    assert promised((contact(params), 600), provider=provider) == Promise((None,), (Refresh.NEVER,))


def test_nothing_is_promised_where_another_proxy_pushes() -> None:
    """P-011: one network, one pusher."""
    other = [("Feature-Caps", '*;+sip.pns="acme"')]
    assert promised((FCM, 600), fields=other) == Promise((None,), (Refresh.NEVER,))


def test_calls_are_what_a_target_must_be_good_for() -> None:
    """R-04: an iOS VoIP token is good for calls alone, and a promise all the same."""
    voip = MemoryPushProvider(KNOWN, can=lambda _, kind: kind is PushKind.CALL)
    result = promised((FCM + ";+sip.pnsreg", 600), provider=voip)
    assert result.feature_caps == (FeatureCaps("fcm", None, 130),)
    assert result.refreshes == (Refresh.NEVER,)


@pytest.mark.parametrize(
    ("tag", "granted", "expected"),
    [
        ("", 600, Refresh.PUSHED),
        (";+sip.pnsreg", 600, Refresh.LATE),
        (";+sip.pnsreg", 130, Refresh.PUSHED),
        ("", 120, Refresh.NEVER),
        ("", 0, Refresh.NEVER),
    ],
)
def test_who_sleeps_is_pushed_to_refresh(tag: str, granted: int, expected: Refresh) -> None:
    """P-026, P-027: late where the UA was told that it refreshes itself; never unpromised."""
    assert promised((FCM + tag, granted)).refreshes == (expected,)


def test_query_is_never_pushed() -> None:
    """P-023: there is no PRID to push."""
    assert promised((contact("pn-provider=fcm"), 600)).refreshes == (Refresh.NEVER,)


def test_of_two_contacts_each_has_its_own_refresh() -> None:
    """F-03: of one PNS, one refreshes itself, the other is silent until it is pushed."""
    other = contact("pn-provider=fcm;pn-param=p;pn-prid=z")
    result = promised((other, 600), (FCM + ";+sip.pnsreg", 600))
    assert result.refreshes == (Refresh.PUSHED, Refresh.LATE)


@pytest.mark.parametrize(
    ("configured", "granted", "tag", "said"),
    [
        (130, 600, ";+sip.pnsreg", 130),
        (130, 600, ";+sip.pnsreq", 130),
        (60, 600, ";+sip.pnsreg", 121),
        (130, 130, ";+sip.pnsreg", None),
        (130, 131, ";+sip.pnsreg", 130),
        (130, 600, "", None),
    ],
)
def test_pnsreg_is_for_who_refreshes_itself(
    configured: int, granted: int, tag: str, said: int | None
) -> None:
    """P-018, Appendix B 4: only to a UA that has the tag, above 120, and within its life."""
    settings = PushRegistration(pnsreg=configured)
    caps = promised((FCM + tag, granted), settings=settings).feature_caps
    assert caps == (FeatureCaps("fcm", None, said),)


def test_query_for_one_is_answered_with_that_one() -> None:
    """P-019, P-023, Appendix B 3: exactly one, no pnsreg, and nobody to push."""
    asked = contact("pn-provider=WebPush", ";+sip.pnsreg")
    assert promised((asked, 60)) == Promise(
        (None,), (Refresh.NEVER,), (FeatureCaps("webpush", "vapid-key"),)
    )


def test_query_for_all_is_answered_with_all() -> None:
    """P-022, Appendix B 2: one for each PNS, VAPID with its own."""
    expected = tuple(FeatureCaps(known.pns, known.vapid) for known in KNOWN)
    assert promised((contact("pn-provider"), 60)) == Promise((None,), (Refresh.NEVER,), expected)


def test_query_for_what_there_is_not_is_answered_with_nothing() -> None:
    """U-03: a 2xx without Feature-Caps says no."""
    assert promised((contact("pn-provider=acme"), 60)) == Promise((None,), (Refresh.NEVER,))


def test_query_of_a_provider_of_any_pns_is_answered() -> None:
    """It cannot list what it serves, and serves what is asked for."""
    anything = MemoryPushProvider([], can=lambda *_: True)
    caps = promised((contact("pn-provider=acme"), 60), provider=anything).feature_caps
    assert caps == (FeatureCaps("acme"),)


def test_query_that_removes_is_not_answered() -> None:
    """F-01 table: none to a de-REGISTER; Appendix B 6 looks like a query."""
    assert promised((contact("pn-provider=fcm"), 0)) == Promise((None,), (Refresh.NEVER,))


def test_each_pns_has_its_own() -> None:
    """F-03: two Contacts of one PNS share a field, two PNS have two."""
    apns = contact("pn-provider=apns;pn-param=T.b.voip;pn-prid=y")
    second = contact("pn-provider=fcm;pn-param=p;pn-prid=z")
    result = promised((FCM, 600), (apns, 600), (second, 600))
    assert result.feature_caps == (FeatureCaps("fcm"), FeatureCaps("apns"))
    assert [target.prid for target in result.targets if target] == ["x", "y", "z"]


def test_promise_to_one_is_not_taken_by_another() -> None:
    """U-03: Feature-Caps name a PNS, so all of its Contacts are pushed, or none."""
    apns = contact("pn-provider=apns;pn-param=T.b.voip;pn-prid=y")
    result = promised((FCM, 600), (FCM.replace("x>", "z>"), 60), (apns, 600))
    assert result.feature_caps == (FeatureCaps("apns"),)
    assert [target is None for target in result.targets] == [True, True, False]
