"""
What deployed clients send, in the shape seen on the wire, and what they need to hear.

The rules are those of INTEROP section 0.
"""

from __future__ import annotations

import re

import pytest
from attrs import evolve

from sippn.auth.settings import AuthSettings, User
from sippn.service import ServerSettings
from sippn.sip import Response, ha1
from sippn.testing.calls_received import by_hand
from sippn.testing.house import House
from sippn.testing.results import succeeded
from sippn.testing.ua_account import SDP
from sippn.transport.settings import ListenSettings
from tests.flows.wire import (
    DOMAIN,
    Client,
    baresip_contact,
    baresip_invite,
    baresip_register,
    baresip_uri,
    invites,
    linphone_contact,
    linphone_invite,
    linphone_register,
    proof,
    query,
    seen_by,
)

DORA = f"sip:dora@{DOMAIN}"
PRID = "c0ffee-dora"
PUSH = f";pn-provider=acme;pn-param=org.test.app;pn-prid={PRID}"
STREAMS = hasattr(House, "transport")  # a House that has phones over TCP


@pytest.fixture(
    params=["UDP", pytest.param("TCP", marks=pytest.mark.skipif(not STREAMS, reason="no streams"))]
)
def transport(request: pytest.FixtureRequest) -> str:
    """What everybody speaks."""
    return str(request.param)


@pytest.fixture
def settings(settings: ServerSettings, transport: str) -> ServerSettings:
    """One socket for that transport."""
    return evolve(settings, listen=(ListenSettings(transport.lower(), "192.0.2.1", 5060),))


@pytest.fixture
def house(house: House, transport: str) -> House:
    """A server whose phones speak that transport."""
    if STREAMS:
        name = "transport"
        setattr(house, name, transport.lower())
    return house


@pytest.fixture
def dora(house: House, transport: str) -> Client:
    """An app that is not registered yet."""
    return Client(house, "dora", transport=transport)


def digest(settings: ServerSettings, *algorithms: str) -> House:
    """A server that offers *algorithms*, in this order, to dora and emil."""
    users = [
        User(name, DOMAIN, tuple((one, ha1(name, DOMAIN, "secret", one)) for one in algorithms))
        for name in ("dora", "emil")
    ]
    auth = AuthSettings("digest", DOMAIN, tuple(users), algorithms)
    return House.built(evolve(settings, auth=auth))


def offered(answer: Response) -> list[str]:
    """The algorithm that each challenge names, from the wire's own text; a field for each."""
    name = "WWW-Authenticate" if answer.status == 401 else "Proxy-Authenticate"
    challenges = answer.headers.get_all(name)
    assert all(len(re.findall(r"\balgorithm=", one)) == 1 for one in challenges), challenges
    return [re.split(r"\balgorithm=", one)[1].partition(",")[0] for one in challenges]


ORDERS = [("SHA-256", "MD5"), ("MD5", "SHA-256"), ("MD5",), ("SHA-256",)]


@pytest.mark.parametrize("algorithms", ORDERS)
@pytest.mark.parametrize("transport", ["UDP"])
def test_every_challenge_names_its_algorithm(
    settings: ServerSettings, algorithms: tuple[str, ...]
) -> None:
    """
    INTEROP 1 and 2, RFC 8760 2.3: a linphone crashes without it, a first 401 or a later one.

    As many as are configured are offered, in that order.
    """
    house = digest(settings, *algorithms)
    dora, emil = Client(house, "dora"), Client(house, "emil")
    contact = linphone_contact(dora, "")
    first = dora.ask(*linphone_register(dora, contact))
    wrong = _prove(dora, first, cseq=21, password="guessed")
    assert _prove(dora, wrong, cseq=22, password="secret").status == 200
    house.run(400)
    stale = _prove(dora, wrong, cseq=23, password="secret")
    call = emil.ask(*linphone_invite(emil, DORA, f"<{emil.contact()}>"), body=SDP)
    answers = [first, wrong, stale, call]
    assert [answer.status for answer in answers] == [401, 401, 401, 407]
    assert [offered(answer) for answer in answers] == [list(algorithms)] * 4
    assert "stale=true" in (stale.headers.get("WWW-Authenticate") or "").lower()


def _prove(client: Client, answer: Response, cseq: int, password: str) -> Response:
    """Answer the first challenge of *answer*, as linphone does."""
    challenge = answer.headers.get_all("WWW-Authenticate")[0]
    credentials = proof(challenge, client, password, "REGISTER", f"sip:{DOMAIN}")
    contact = linphone_contact(client, "")
    return client.ask(*linphone_register(client, contact, credentials, cseq=cseq))


@pytest.mark.parametrize("transport", ["UDP"])
def test_md5_alone_is_offered_without_a_word_of_others(settings: ServerSettings) -> None:
    """INTEROP 2: a baresip dies of one header that says SHA-256, whatever the other says."""
    house = digest(settings, "MD5")
    dora = Client(house, "dora")
    contact = baresip_contact(dora, 600)
    challenge = dora.ask(*baresip_register(dora, contact))
    assert offered(challenge) == ["MD5"]
    assert b"SHA" not in seen_by(dora.ua).upper()
    uri = f"sip:{DOMAIN};transport=udp"
    value = challenge.headers.get("WWW-Authenticate") or ""
    credentials = proof(value, dora, "secret", "REGISTER", uri)
    assert dora.ask(*baresip_register(dora, contact, cseq=3108), credentials).status == 200


def register_twice(app: Client, params: str, apart: float) -> None:
    """Register with the port it listens on, and *apart* seconds later with the one it learned."""
    transport = f"{params};transport={app.lowered}"
    for cseq, port in ((20, 5070), (21, 45184)):
        app.say(*linphone_register(app, linphone_contact(app, transport, port), cseq=cseq))
        if apart:
            app.house.run(apart)
    app.house.run()
    assert [answer.status for answer in app.answers] == [200, 200]


@pytest.mark.parametrize("apart", [0, 0.02])
@pytest.mark.parametrize("params", [PUSH, ""])
def test_two_registers_at_a_time_are_one_binding(dora: Client, params: str, apart: float) -> None:
    """INTEROP 3, S-10 rung 2: same Call-ID and instance, CSeq + 1, another port: one phone."""
    register_twice(dora, params, apart)
    assert [contact.uri.port for contact in dora.answers[-1].contacts] == [45184]
    assert [contact.uri.port for contact in query(dora)] == [45184]


@pytest.mark.parametrize("apart", [0, 0.02])
def test_phone_that_registers_twice_is_called_once(
    house: House, dora: Client, apart: float
) -> None:
    """INTEROP 3, S-10, P-002: a phone that names another port is called once, on its flow."""
    register_twice(dora, "", apart)
    call = house.phone("emil").call(DORA)
    house.run()
    assert succeeded(call.answered).status == 200
    assert (len(invites(house)), len(dora.ua.incoming)) == (1, 1)


@pytest.mark.parametrize("apart", [0, 0.02])
@pytest.mark.parametrize("rings", [True, False])
def test_parked_invite_goes_out_once(house: House, dora: Client, rings: bool, apart: float) -> None:
    """INTEROP 3, S-08, P-041: the second REGISTER wakes nothing that the first has woken."""
    register_twice(dora, PUSH, 0)
    dora.quit()
    call = house.phone("emil").call(DORA)
    house.run()
    house.push_accepted()
    dora = dora.restarted()
    if rings:
        dora.ua.policy = by_hand
    register_twice(dora, PUSH, apart)
    assert (len(invites(house)), len(dora.ua.incoming)) == (1, 1)
    if rings:
        dora.ua.incoming[0].ring()
        house.run(3)
        dora.ua.incoming[0].answer()
        house.run()
    assert succeeded(call.answered).status == 200
    assert (len(invites(house)), len(house.pns.jobs)) == (1, 1)
    assert not dora.ua.incoming[0].cancelled


def test_register_is_answered_with_what_the_phone_said(dora: Client) -> None:
    """
    INTEROP 4, O-07: a linphone copies the Contact of the 200 into its INVITEs.

    So it has its own words and the expiry: no received, and no GRUU (5) that nobody serves.
    What an earlier registrar put there, it does not get back.
    """
    uri = f"sip:dora@10.11.12.13:5062{PUSH};transport={dora.lowered}"
    copied = f'"dora" <{uri}>;expires=900;received="sip:198.51.100.7:4711"'
    given = f'{copied};+sip.instance="<{dora.instance}>";pub-gruu="{DORA};gr=x"'
    (contact,) = dora.ask(*linphone_register(dora, given)).contacts
    assert contact.uri_text == uri
    assert sorted(contact.params) == [
        ("+sip.instance", f'"<{dora.instance}>"'),
        ("expires", "900"),
    ]


def test_other_device_is_told_nothing_private(dora: Client) -> None:
    """INTEROP 4, P-004: a second phone of a user is told where the first is, and no more."""
    dora.ask(*linphone_register(dora, linphone_contact(dora, PUSH)))
    (contact,) = query(dora)
    assert contact.uri_text == dora.contact()
    assert contact.params == (("expires", "600"),)


@pytest.mark.parametrize("params", ["", PUSH])
def test_contact_of_the_200_passes_in_an_invite(house: House, transport: str, params: str) -> None:
    """INTEROP 4, U-01: a Contact passes as it is, but for the pn-* of its URI."""
    emil, dora = Client(house, "emil", transport=transport), house.phone("dora")
    house.get(dora.register())
    after = f';expires=600;received="sip:{emil.ua.address}";+sip.instance="<{emil.instance}>"'
    where = f";transport={emil.lowered}"
    emil.say(*linphone_invite(emil, DORA, f"<{emil.contact(params + where)}>{after}"), body=SDP)
    house.run()
    (call,) = dora.incoming
    assert call.invite.headers.get("Contact") == f"<{emil.contact(where)}>{after}"
    assert call.invite.body == SDP
    assert emil.answers[-1].status == 200
    call.hang_up()
    house.run()
    assert [(one.method, one.uri) for one in emil.ua.requests] == [("BYE", emil.contact(where))]


def test_phone_that_quit_is_woken(house: House, dora: Client) -> None:
    """INTEROP 6, P-040, P-041: an app that quit without a word is registered, and woken."""
    dora.ask(*linphone_register(dora, linphone_contact(dora, PUSH)))
    dora.quit()
    call = house.phone("emil").call(DORA)
    house.run()
    assert [job.target.prid for job in house.pns.jobs] == [PRID]
    again = dora.restarted()
    assert again.call_id != dora.call_id
    again.say(*linphone_register(again, linphone_contact(again, PUSH)))
    house.run()
    assert succeeded(call.answered).status == 200
    assert (len(again.ua.incoming), len(query(again))) == (1, 1)


def assert_unregistered(house: House, answer: Response) -> None:
    """Nothing is left, nothing promised, nobody pushed."""
    assert (answer.status, answer.contacts) == (200, ())
    assert "Feature-Caps" not in answer.headers
    call = house.phone("emil").call(DORA)
    house.run()
    assert succeeded(call.failed).status == 480
    assert (house.pns.jobs, invites(house)) == ([], [])


def test_linphone_unregisters_with_its_push_parameters(house: House, dora: Client) -> None:
    """INTEROP 6, P-028, RFC 3261 10.2.2: who unregisters with its pn-* is pushed no more."""
    contact = linphone_contact(dora, f"{PUSH};transport={dora.lowered}")
    assert dora.ask(*linphone_register(dora, contact)).status == 200
    answer = dora.ask(*linphone_register(dora, contact, cseq=21, expires=0))
    assert_unregistered(house, answer)


@pytest.mark.parametrize("params", ["", ";q=0.5;reg-id=1"])
def test_baresip_unregisters_by_its_contact(house: House, dora: Client, params: str) -> None:
    """INTEROP 6, O-100: ``;expires=0`` in the Contact, and no Expires; with outbound or not."""
    kept = dora.ask(*baresip_register(dora, baresip_contact(dora, 600, params)))
    assert len(kept.contacts) == 1
    gone = baresip_register(dora, baresip_contact(dora, 0, params), cseq=3108)
    assert_unregistered(house, dora.ask(*gone))


@pytest.mark.parametrize("transport", ["UDP"])
def test_datagram_needs_no_content_length(dora: Client) -> None:
    """INTEROP 7, RFC 3261 18.3: nor Allow; three Accepts are two more than a REGISTER needs."""
    lines = linphone_register(dora, linphone_contact(dora, PUSH))
    names = [line.partition(":")[0] for line in lines]
    assert not {"Content-Length", "Allow"} & {*names}
    assert names.count("Accept") == 3
    assert dora.ask(*lines).status == 200
    assert [contact.uri_text for contact in query(dora)] == [dora.contact()]


@pytest.mark.parametrize(
    ("header", "param", "granted"),
    [
        (600, "", 600),
        (None, ";expires=600", 600),
        (600, ";expires=600", 600),
        (1200, ";expires=600", 600),
        (600, ";expires=1200", 1200),
        (0, ";expires=600", 600),
    ],
)
@pytest.mark.parametrize("push", ["", PUSH])
def test_expiry_is_where_the_client_writes_it(
    house: House, dora: Client, push: str, header: int | None, param: str, granted: int
) -> None:
    """INTEROP 7, O-100: in Expires, in the Contact or in both; then the Contact's counts."""
    contact = linphone_contact(dora, push) + param
    answer = dora.ask(*linphone_register(dora, contact, expires=header))
    assert [one.param("expires") for one in answer.contacts] == [str(granted)]
    house.run(granted - 1)
    assert len(query(dora)) == 1
    house.run(2)
    assert query(dora) == []


@pytest.mark.parametrize("params", ["", ";q=0.5;reg-id=1"])
def test_baresip_registers_and_calls_by_a_preloaded_route(
    house: House, dora: Client, params: str
) -> None:
    """INTEROP 7, RFC 3261 16.4: a Route to us, ``;transport=`` behind our domain and in To."""
    emil = Client(house, "emil", transport=dora.transport)
    assert dora.ask(*baresip_register(dora, baresip_contact(dora, 600, params))).status == 200
    emil.say(*baresip_invite(emil, DORA), body=SDP)
    house.run()
    (invite,) = invites(house)
    assert invite.headers.get("Route") is None
    assert invite.uri == baresip_uri(dora)
    assert len(dora.ua.incoming) == 1
    assert emil.answers[-1].status == 200


ORDERED = [
    ";pn-provider=acme;pn-param=org.test.app;pn-prid=c0ffee-dora;transport=?",
    ";pn-prid=c0ffee-dora;pn-provider=acme;pn-param=org.test.app;pn-silent=1;pn-timeout=0;transport=?",
    ";transport=?;pn-provider=acme;pn-prid=c0ffee-dora;pn-param=org.test.app",
    ";transport=?;pn-timeout=0;pn-param=org.test.app;pn-silent=1;pn-prid=c0ffee-dora;pn-provider=acme",
    ";pn-param=org.test.app;transport=?;pn-prid=c0ffee-dora;pn-silent=1;pn-provider=acme",
]


@pytest.mark.parametrize("params", ORDERED)
def test_push_parameters_come_in_any_order(house: House, dora: Client, params: str) -> None:
    """
    INTEROP 8, D-01, P-053: before ``transport=`` or after, with pn-* that no RFC knows.

    They count, they come back to the phone as it wrote them, and they are not in what is
    sent to it.
    """
    params = params.replace("?", dora.lowered)
    answer = dora.ask(*linphone_register(dora, linphone_contact(dora, params)))
    caps = [one.partition(";+sip.pnspurr=")[0] for one in answer.headers.get_all("Feature-Caps")]
    assert caps == ['*;+sip.pns="acme"']
    assert [contact.uri_text for contact in answer.contacts] == [dora.contact(params)]
    dora.quit()
    house.phone("emil").call(DORA)
    house.run()
    (job,) = house.pns.jobs
    assert (job.target.provider, job.target.param) == ("acme", "org.test.app")
    assert job.target.prid == PRID
    dora = dora.restarted()
    dora.say(*linphone_register(dora, linphone_contact(dora, params)))
    house.run()
    (invite,) = invites(house)
    assert invite.uri == dora.contact(f";transport={dora.lowered}")
    assert len(dora.ua.incoming) == 1


@pytest.mark.parametrize("in_uri", ["", ";pn-provider=acme;pn-param=org.test.app;pn-prid=in-uri"])
def test_push_parameters_behind_the_uri_are_promised_only_what_is_done(
    house: House, dora: Client, in_uri: str
) -> None:
    """
    INTEROP 8 (style hdr), U-03, D-01, P-004: who is promised a push is pushed, and nobody else.

    Wherever clients put their parameters: the REGISTER is taken, those in the URI win, and
    nobody else sees a PRID.
    """
    contact = linphone_contact(dora, in_uri) + PUSH
    answer = dora.ask(*linphone_register(dora, contact))
    assert answer.status == 200
    (other,) = query(dora)
    dora.quit()
    house.phone("emil").call(DORA)
    house.run()
    assert ("Feature-Caps" in answer.headers) == bool(house.pns.jobs)
    if in_uri:
        assert [job.target.prid for job in house.pns.jobs] == ["in-uri"]
    assert "pn-" not in str(other)
