"""What is promised is done, and nothing else is."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from sippn.binding import Capability, Grant, PushKind, PushTarget, Refresh, service_for
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
    """P-017, F-01: the VAPID key is in the field of its PNS."""
    webpush = contact("pn-provider=webpush;pn-prid=https:%2F%2Fpush.example%2Fx")
    assert promised((webpush, 600)).feature_caps == (FeatureCaps("webpush", "vapid-key"),)


@pytest.mark.parametrize("granted", [0, 1, 120])
def test_nothing_is_promised_to_what_ends_too_soon(granted: int) -> None:
    """P-015: what would be gone before a push could refresh it is promised none."""
    why = ("it expires before a push could refresh it",) if granted else ()
    assert promised((FCM, granted)) == Promise((None,), (Refresh.NEVER,), problems=why)


def test_one_second_more_than_the_lead_is_enough() -> None:
    """P-013: a life of one second more than the lead is promised a push."""
    assert promised((FCM, 121)).feature_caps == (FeatureCaps("fcm"),)


@pytest.mark.parametrize(
    ("params", "why"),
    [
        ("transport=udp", ""),
        ("pn-prid=x", "pn-prid without pn-provider"),
        ("pn-provider=acme;pn-prid=x", "acme is not served here"),
        ("pn-provider;pn-prid=x", "pn-prid"),
        ("pn-provider=f%22m;pn-prid=x", "pn-provider is no word"),
        ("pn-provider=abcdef0123456789abcdef0123456789;pn-prid=x", "this pn-provider is not"),
        ("pn-provider=webpush;pn-prid=x", "webpush is served here, but not with"),
    ],
)
def test_nothing_is_promised_to_others(params: str, why: str) -> None:
    """U-03: who cannot be pushed is promised nothing, and it is said why."""
    provider = MemoryPushProvider(KNOWN, lambda target, _: target.provider in ("fcm", 'f"m', ""))
    result = promised((contact(params), 600), provider=provider)
    assert (result.targets, result.refreshes) == ((None,), (Refresh.NEVER,))
    assert result.feature_caps == ()
    assert result.in_dialogs == ()
    assert [text[: len(why)] for text in result.problems] == ([why] if why else [])


def test_nothing_is_promised_where_another_proxy_pushes() -> None:
    """P-011: where another proxy pushes nothing is promised, and nothing is wrong."""
    other = [("Feature-Caps", '*;+sip.pns="acme"')]
    assert promised((FCM, 600), fields=other) == Promise((None,), (Refresh.NEVER,))


def test_calls_are_what_a_target_must_be_good_for() -> None:
    """R-04: a token that is good for calls alone is promised all the same, without a PURR."""
    voip = MemoryPushProvider(KNOWN, can=lambda _, kind: kind is PushKind.CALL)
    result = promised((FCM + ";+sip.pnsreg", 600), provider=voip)
    assert result.feature_caps == (FeatureCaps("fcm", None, 130),)
    assert result.refreshes == (Refresh.NEVER,)
    assert result.in_dialogs == ()


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
    """P-026, P-027: who sleeps is pushed to refresh, and later where it refreshes by itself."""
    assert promised((FCM + tag, granted)).refreshes == (expected,)


def test_query_is_never_pushed() -> None:
    """P-023: a query has no PRID, and is never pushed."""
    assert promised((contact("pn-provider=fcm"), 600)).refreshes == (Refresh.NEVER,)


def test_of_two_contacts_each_has_its_own_refresh() -> None:
    """F-03: of two Contacts of one PNS each is refreshed as it asks."""
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
    """P-018: sip.pnsreg is above 120, within the life of the binding, and for who offers it."""
    settings = PushRegistration(pnsreg=configured)
    caps = promised((FCM + tag, granted), settings=settings).feature_caps
    assert caps == (FeatureCaps("fcm", None, said),)


def test_query_for_one_is_answered_with_that_one() -> None:
    """P-019, P-023: a query for one PNS is answered with that one, without sip.pnsreg."""
    asked = contact("pn-provider=WebPush", ";+sip.pnsreg")
    assert promised((asked, 60)) == Promise(
        (None,), (Refresh.NEVER,), (FeatureCaps("webpush", "vapid-key"),)
    )


def test_query_for_all_is_answered_with_all() -> None:
    """P-022: a query for all is answered with each PNS, and its VAPID key."""
    expected = tuple(FeatureCaps(known.pns, known.vapid) for known in KNOWN)
    assert promised((contact("pn-provider"), 60)) == Promise((None,), (Refresh.NEVER,), expected)


def test_query_for_what_there_is_not_is_answered_with_nothing() -> None:
    """U-03: a query for what there is not gets a 2xx without Feature-Caps, if no 555."""
    assert promised((contact("pn-provider=acme"), 60)) == Promise((None,), (Refresh.NEVER,))


def test_query_of_a_provider_of_any_pns_is_answered() -> None:
    """It cannot list what it serves, and serves what is asked for."""
    anything = MemoryPushProvider([], can=lambda *_: True)
    caps = promised((contact("pn-provider=acme"), 60), provider=anything).feature_caps
    assert caps == (FeatureCaps("acme"),)


def test_query_that_removes_is_not_answered() -> None:
    """U-05: a removal that looks like a query is not answered as one."""
    assert promised((contact("pn-provider=fcm"), 0)) == Promise((None,), (Refresh.NEVER,))


def test_each_pns_has_its_own() -> None:
    """F-03: two Contacts of one PNS share a field, and two PNSs have two."""
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


@pytest.mark.parametrize(
    ("params", "said", "name"),
    [
        ("pn-provider=APNs.dev;pn-param=T.b.voip;pn-prid=ab", "apns.dev", "apns"),
        ("pn-type=google;app-id=1;pn-tok=ab", "google", "fcm"),
        ("pn-provider=fcm;pn-param=p;pn-prid=ab", "fcm", "fcm"),
    ],
)
def test_pns_is_called_what_the_ua_calls_it(params: str, said: str, name: str) -> None:
    """U-03: Feature-Caps say the UA's own word, which is the one that it compares."""
    result = promised((contact(params), 600))
    assert result.feature_caps == (FeatureCaps(said),)
    assert [target.provider for target in result.targets if target] == [name]


def test_query_by_another_name_is_answered_by_that_name() -> None:
    """P-019: a query for "apns.dev" is answered with "apns.dev", not with "apns"."""
    caps = promised((contact("pn-provider=apns.dev"), 60)).feature_caps
    assert caps == (FeatureCaps("apns.dev"),)


def test_one_pns_by_two_names_is_two() -> None:
    """F-01: each Contact finds its own word in a field of its own."""
    older = contact("pn-type=google;app-id=1;pn-tok=y")
    result = promised((FCM, 600), (older, 600))
    assert result.feature_caps == (FeatureCaps("fcm"), FeatureCaps("google"))
    assert [pns for pns, _ in result.in_dialogs] == ["fcm", "google"]


def test_who_can_be_woken_in_a_dialog_is_named() -> None:
    """P-060: each PNS with one Contact that is pushed for requests in dialogs."""
    assert promised((FCM, 600)).in_dialogs == (("fcm", PushTarget("fcm", "p", "x")),)
    assert promised((contact("pn-provider=fcm"), 600)).in_dialogs == ()
    assert promised((FCM, 600), settings=PushRegistration(purr=False)).in_dialogs == ()


def test_of_two_contacts_of_one_pns_none_is_named() -> None:
    """F-03: a PURR stands beside a PNS, so that of two Contacts neither gets one."""
    apns = contact("pn-provider=apns;pn-param=T.b.remote;pn-prid=y")
    second = contact("pn-provider=fcm;pn-param=p;pn-prid=z")
    assert [pns for pns, _ in promised((FCM, 600), (apns, 600)).in_dialogs] == ["fcm", "apns"]
    assert [pns for pns, _ in promised((FCM, 600), (apns, 600), (second, 600)).in_dialogs] == [
        "apns"
    ]
    assert [pns for pns, _ in promised((FCM, 0), (second, 600)).in_dialogs] == ["fcm"]


def test_voip_contact_is_one_of_two_as_well() -> None:
    """F-03: what the other one's token is good for makes the PURR no less ambiguous."""
    provider = MemoryPushProvider(KNOWN, lambda target, kind: service_for(target, kind) is not None)
    voip = contact("pn-provider=apns;pn-param=T.b.voip;pn-prid=v")
    remote = contact("pn-provider=apns;pn-param=T.b.remote;pn-prid=r")
    assert promised((voip, 600), (remote, 600), provider=provider).in_dialogs == ()
    assert len(promised((remote, 600), provider=provider).in_dialogs) == 1


def test_query_beside_a_contact_that_is_not_pushed_is_not_answered() -> None:
    """U-03: Feature-Caps of a PNS would be a promise to the other Contact, which is not pushed."""
    asking = contact("pn-provider")
    caps = promised((FCM, 60), (asking, 600)).feature_caps
    assert [one.pns for one in caps] == ["apns", "webpush"]
