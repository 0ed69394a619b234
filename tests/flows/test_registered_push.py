"""
Flow A for apps that sleep: what a REGISTER asks, is promised, and then gets (RFC 8599, 5.6.1).
"""

from __future__ import annotations

import pytest
from attrs import evolve

from sippn.auth.settings import AuthSettings
from sippn.binding import PushKind, service_for
from sippn.registrar import PushRegistration, RegistrarSettings
from sippn.service import ServerSettings
from sippn.sip import read_feature_caps
from sippn.testing.house import House
from tests.flows.apps import ALICE, INSTANCE, PUSH, App, called, caps, purrs, served
from tests.threats.scene import Sender, user


@pytest.fixture
def app(house: House) -> App:
    """One of alice's."""
    return App(house)


def test_app_is_promised_a_push_and_is_pushed(house: House, app: App) -> None:
    """P-016, U-02: a REGISTER that asks for a push is told its PNS, and a call pushes it."""
    response = app.register(PUSH)
    assert (response.status, caps(response)) == (200, ['*;+sip.pns="acme"'])
    assert len(purrs(response)) == 1
    assert called(house)[0] == 1


@pytest.mark.parametrize("params", ["", ";pn-prid=token-a", ";pn-param=app", ";pn-silent=1"])
def test_contact_without_a_provider_is_a_plain_one(house: House, app: App, params: str) -> None:
    """P-010: a Contact without pn-provider is registered as any other, and never pushed."""
    response = app.register(params)
    assert (response.status, caps(response)) == (200, [])
    assert called(house)[0] == 0
    assert "INVITE" in app.requests
    assert ("Warning" in response.headers) == ("prid" in params)


def test_app_that_another_proxy_pushes_is_left_to_it(house: House, app: App) -> None:
    """P-011, Vector 23: a REGISTER that another proxy pushes for gets no Feature-Caps of ours."""
    fields = [("Feature-Caps", '*;+sip.pns="acme"'), ("Feature-Caps", '*;+sip.pns="fcm"')]
    response = app.send(app.contact(PUSH), fields=fields)
    assert (response.status, response.headers.get_all("Feature-Caps")) == (200, [])
    assert "Warning" not in response.headers
    assert called(house)[0] == 0
    assert "INVITE" in app.requests


@pytest.mark.parametrize(
    "value",
    ['*;+sip.pns="fcm"', '+sip.pns="fcm"', "*;+sip.pns=acme", '*;+sip.607, *;+SIP.PNS="acme"'],
)
def test_feature_caps_of_another_proxy_are_read_leniently(app: App, value: str) -> None:
    """F-02: Feature-Caps count without the asterisk or the quotes, and behind a comma."""
    response = app.send(app.contact(PUSH), fields=[("Feature-Caps", value)])
    assert (response.status, response.headers.get_all("Feature-Caps")) == (200, [])
    other = app.send(app.contact(PUSH), fields=[("Feature-Caps", '*;+sip.607="x"')])
    assert caps(other) == ['*;+sip.pns="acme"']


@pytest.mark.parametrize("params", [";pn-provider=fcm;pn-prid=x", ";pn-provider=fcm"])
def test_no_555_where_another_proxy_pushes(house: House, params: str) -> None:
    """P-020: what another proxy on the way serves is never refused with 555 here."""
    app = App(house)
    response = app.send(app.contact(params), fields=[("Feature-Caps", '*;+sip.pns="fcm"')])
    assert (response.status, response.headers.get_all("Feature-Caps")) == (200, [])


@pytest.mark.parametrize(
    ("unsupported", "status"), [("555", 555), ("accept_without_push", 200)], ids=["555", "200"]
)
def test_unserved_pns_is_refused_or_plain(
    settings: ServerSettings, unsupported: str, status: int
) -> None:
    """P-012, Vector 01: a REGISTER whose PNS nobody serves gets 555, or no promise."""
    push = PushRegistration(unsupported=unsupported)
    house = House.built(evolve(settings, registrar=RegistrarSettings(push=push)))
    served(house, "fcm")
    app = App(house)
    response = app.register(";pn-provider=acme;pn-param=acme-param;pn-prid=ZTY4ZDJlMzODE1NmUgKi0K")
    assert (response.status, response.headers.get_all("Feature-Caps")) == (status, [])
    assert response.headers.get_all("Warning") == ['399 sippn "acme is not served here"']
    assert called(house)[0] == 0
    assert ("INVITE" in app.requests) == (status == 200)
    house.server.stopService()


@pytest.mark.parametrize("method", ["INVITE", "MESSAGE", "OPTIONS", "SUBSCRIBE", "BYE"])
def test_555_is_for_registers(house: House, method: str) -> None:
    """P-030: a 555 answers a REGISTER and nothing else, whatever push parameters there are."""
    sender = Sender.at(house)
    push = ";pn-provider=wp;pn-prid=x"
    for uri in (f"sip:alice@example.com{push}", f"sip:alice@{sender.endpoint.address}{push}"):
        sender.ask(method, uri, ("Contact", f"<sip:x@{sender.endpoint.address}{push}>"))
    house.run(40)
    assert 555 not in [answer.status for answer in sender.answers()]


@pytest.mark.parametrize("expires", [1, 100, 120, 299])
def test_life_too_short_for_a_push_is_refused(house: House, app: App, expires: int) -> None:
    """P-013, Vector 05: a life too short for a refresh push gets 423 with Min-Expires."""
    response = app.register(PUSH, expires=expires)
    assert (response.status, response.headers.get("Min-Expires")) == (423, "300")
    assert response.headers.get_all("Feature-Caps") == []
    assert app.register(PUSH, expires=300).status == 200


def test_short_life_is_no_promise_where_no_423_may_be(settings: ServerSettings) -> None:
    """P-013: an hour is never refused with 423; if it is too short for a push, none is promised."""
    push = PushRegistration(refresh_lead=7000)
    house = House.built(evolve(settings, registrar=RegistrarSettings(push=push)))
    response = App(house).register(PUSH, expires=3600)
    assert (response.status, response.headers.get_all("Feature-Caps")) == (200, [])
    assert "expires before a push" in (response.headers.get("Warning") or "")
    house.server.stopService()


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        (
            ";pn-provider",
            ['*;+sip.pns="acme"', '*;+sip.pns="fcm"', '*;+sip.pns="webpush";+sip.vapid="k-1"'],
        ),
        (
            ";pn-provider=",
            ['*;+sip.pns="acme"', '*;+sip.pns="fcm"', '*;+sip.pns="webpush";+sip.vapid="k-1"'],
        ),
    ],
    ids=["bare", "empty"],
)
def test_query_for_all_is_answered_with_all(
    house: House, app: App, params: str, expected: list[str]
) -> None:
    """P-022, F-01, Vector 02: a query without a value gets a Feature-Caps field for each PNS."""
    served(house, "acme", "fcm", "webpush")
    response = app.register(params, ";+sip.pnsreg")
    assert response.headers.get_all("Feature-Caps") == expected
    assert called(house)[0] == 0


def test_query_for_one_is_answered_with_it_and_never_pushed(house: House, app: App) -> None:
    """P-023, U-08, Vector 03: a query for a PNS gets exactly that one, and no push ever."""
    served(house, "acme", "fcm")
    response = app.register(";pn-provider=FCM", ";+sip.pnsreg")
    assert response.headers.get_all("Feature-Caps") == ['*;+sip.pns="fcm"']
    assert called(house)[0] == 0
    assert "INVITE" in app.requests


@pytest.mark.parametrize(
    ("params", "why"), [(";pn-provider=fcm", "fcm is not"), (";pn-provider", "no PNS is")]
)
def test_query_for_what_there_is_not_is_refused(house: House, params: str, why: str) -> None:
    """P-021: a query gets 555 where neither this server nor a proxy on the way serves it."""
    served(house)
    response = App(house).register(params)
    assert (response.status, response.headers.get_all("Feature-Caps")) == (555, [])
    assert response.headers.get("Warning") == f'399 sippn "{why} served here"'


@pytest.mark.parametrize("tag", [";+sip.pnsreg", ';+sip.pnsreg="true"', ";+sip.pnsreq"])
def test_who_refreshes_itself_is_told_how_early(app: App, tag: str) -> None:
    """P-018, U-07: a UA that offers sip.pnsreg is told a number above 120, any other is not."""
    assert caps(app.register(PUSH, tag)) == ['*;+sip.pns="acme";+sip.pnsreg="130"']
    assert caps(app.register(PUSH)) == ['*;+sip.pns="acme"']


def test_each_register_brings_another_purr(house: House, app: App) -> None:
    """P-063, P-061, P-062: each 200 has a new PURR, from which nobody learns whose it is."""
    found = purrs(app.register(PUSH)) + purrs(app.register(PUSH))
    found += purrs(App(house, "bert").register(PUSH.replace("-a", "-b")))
    assert len(set(found)) == 3
    assert len({len(purr) for purr in found}) == 1
    assert len(found[0]) > 43  # base64 of 128 bits, and far more
    assert not [purr for purr in found if "alice" in purr]


def test_token_that_must_ring_gets_no_purr(house: House, app: App) -> None:
    """P-060: who cannot be woken without ringing, as by a VoIP token alone, has no PURR."""
    served(house, "apns")
    voip = ";pn-provider=apns;pn-param=TEAMID1234.com.x.voip;pn-prid=aa"
    response = app.register(voip)
    assert (caps(response), purrs(response)) == (['*;+sip.pns="apns"'], [])
    both = ";pn-provider=apns;pn-param=TEAMID1234.com.x.voip&remote;pn-prid=aa:voip&bb:remote"
    assert len(purrs(app.register(both))) == 1


def test_two_contacts_of_one_pns_have_one_field_and_no_purr(house: House, app: App) -> None:
    """F-03: two Contacts of one PNS share its field, which then has no PURR."""
    served(house, "acme", "fcm")
    second = f"<sip:alice@192.0.2.99{PUSH.replace('-a', '-b')}>"
    other = "<sip:alice@192.0.2.98;pn-provider=fcm;pn-param=p;pn-prid=c>"
    response = app.send(app.contact(PUSH), second, other)
    assert caps(response) == ['*;+sip.pns="acme"', '*;+sip.pns="fcm"']
    assert [bool(one.purr) for one in read_feature_caps(response.headers)] == [False, True]


def test_vapid_key_is_told_where_the_pns_has_one(house: House, app: App) -> None:
    """P-017: the 200 to a push request has the VAPID key of its PNS, in the same field."""
    served(house, "acme", "webpush")
    web = ";pn-provider=webpush;pn-prid=https:%2F%2Fpush.example%2Fx"
    assert caps(app.register(web)) == ['*;+sip.pns="webpush";+sip.vapid="k-1"']
    assert caps(app.register(PUSH)) == ['*;+sip.pns="acme"']


def test_feature_caps_of_other_hops_pass(house: House) -> None:
    """RFC 6809: Feature-Caps of others go through as they are, in their order."""
    alice = house.phone("alice")
    house.get(alice.register())
    lines = ['*;+sip.pns="fcm";+sip.pnspurr="x"', "*;+g.3gpp.x", '+sip.pns="acme"']
    fields = [("Feature-Caps", line) for line in lines]
    Sender.at(house).ask("MESSAGE", ALICE, *fields)
    (message,) = alice.requests
    assert message.headers.get_all("Feature-Caps") == lines


DIALECTS = [
    (";pn-provider=acme;pn-param=app;pn-prid=aa", "", "acme", "acme"),
    ("", ";pn-provider=acme;pn-param=app;pn-prid=aa", "acme", "acme"),
    (';pn-provider=acme;pn-param=app;pn-prid="aa"', "", "acme", "acme"),
    (";PN-Provider=ACME;pn-Param=app;PN-PRID=aa", "", "acme", "acme"),
    (";pn-type=acme:app;pn-prid=aa", "", "acme", "acme"),
    (";app-id=123;pn-type=google;pn-tok=aa", "", "google", "fcm"),
    (";pn-provider=firebase;pn-param=p;pn-prid=aa", "", "firebase", "fcm"),
    (";app-id=org.x.voip.dev;pn-type=apple;pn-tok=aa", "", "apple", "apns"),
    (";pn-provider=apns.dev;pn-param=ABCD1234.org.x.voip;pn-prid=aa", "", "apns.dev", "apns"),
]


@pytest.mark.parametrize(("params", "behind", "said", "provider"), DIALECTS)
def test_app_is_answered_in_its_own_words(
    house: House, app: App, params: str, behind: str, said: str, provider: str
) -> None:
    """U-03: Feature-Caps name the PNS as the UA does, and the provider gets its RFC name."""
    served(house, "acme", "fcm", "apns")
    assert caps(app.register(params, behind)) == [f'*;+sip.pns="{said}"']
    assert called(house)[0] == 1
    (target,) = {job.target for job in house.pns.jobs}
    assert target.provider == provider
    token = service_for(target, PushKind.CALL)
    assert token is not None
    assert token[1] == "aa"


REFUSED = [
    ("555", ";pn-provider=none;pn-prid=x", [], 555),
    ("423", PUSH, [("Expires", "5")], 423),
    ("420", PUSH, [("Require", "gruu")], 420),
    ("400", f"{PUSH};pn-prid=x", [], 400),
]


@pytest.mark.parametrize(("params", "fields", "status"), [one[1:] for one in REFUSED])
def test_refusal_has_no_feature_caps(
    app: App, params: str, fields: list[tuple[str, str]], status: int
) -> None:
    """U-03: a response that refuses a REGISTER has no Feature-Caps."""
    response = app.send(app.contact(params), fields=fields)
    assert (response.status, response.headers.get_all("Feature-Caps")) == (status, [])


def test_challenge_has_no_feature_caps(settings: ServerSettings) -> None:
    """U-03: neither a 401 nor a 403 has Feature-Caps."""
    auth = AuthSettings(mode="digest", realm="example.com", users=(user("alice"), user("mallory")))
    house = House.built(evolve(settings, auth=auth))
    app = App(house)
    assert app.register(PUSH).status == 401
    contact = ("Contact", app.contact(PUSH))
    assert app.sender.register("alice", contact, as_="mallory") == [403]
    told = app.sender.answers()
    assert not [one for one in told if "Feature-Caps" in one.headers]
    assert app.sender.register("alice", contact) == [200]
    assert caps(app.sender.answers()[-1]) == ['*;+sip.pns="acme"']
    house.server.stopService()


def test_contact_that_takes_its_push_back_is_promised_none(house: House, app: App) -> None:
    """U-03, P-016: of two Contacts of one UA the last one counts, and what it asks for."""
    first, second = app.contact(PUSH, INSTANCE), f"<sip:alice@[2001:db8::7]>{INSTANCE}"
    response = app.send(first, second, fields=[("Expires", "3600")])
    assert (response.status, caps(response), len(response.contacts)) == (200, [], 1)
    assert called(house)[0] == 0


def test_nobody_is_blamed_where_another_proxy_pushes(app: App) -> None:
    """D-10, N-24: that a proxy which pushes keeps the push parameters to itself is no fault."""
    by_others = ("Feature-Caps", '*;+sip.pns="apns"')
    response = app.send(app.contact("", ";+sip.pnsreg"), fields=[by_others, ("Expires", "3600")])
    assert (response.status, response.headers.get_all("Warning")) == (200, [])


def test_apns_without_an_app_is_no_promise(house: House, app: App) -> None:
    """P-012, U-03: an APNs token without pn-param has no app: no promise, and the reason."""
    served(house, "apns")
    response = app.register(";pn-provider=apns;pn-prid=token-a")
    assert (response.status, caps(response)) == (555, [])
    (warning,) = response.headers.get_all("Warning")
    assert "apns needs the app in pn-param" in warning


@pytest.mark.parametrize("params", [";pn-provider=acme;pn-prid=", ";pn-provider=acme;pn-prid=a%zz"])
def test_push_parameters_that_make_no_sense_are_told_why(app: App, params: str) -> None:
    """T12, N-08: a REGISTER that is refused for its push parameters says so in a Warning, too."""
    response = app.register(params)
    assert (response.status, len(response.headers.get_all("Warning"))) == (400, 1)
