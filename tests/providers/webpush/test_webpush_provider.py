"""Web Push as it is asked for, by a push service in memory."""

from __future__ import annotations

import random
import re
from base64 import urlsafe_b64decode

import jwt
import pytest
from attrs import evolve
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from twisted.internet.defer import CancelledError, Deferred
from zope.interface.verify import verifyObject

from sippn.binding import Capability, PushKind, PushOutcome, PushTarget, Verdict
from sippn.http import Ambiguous, Answer, NoConnection
from sippn.interfaces import IPushLanes, IPushProvider
from sippn.providers.webpush.encryption import LONGEST
from sippn.providers.webpush.messages import URGENCY
from sippn.providers.webpush.origins import MOST_ORIGINS
from sippn.testing.contracts.provider import PRID, PushProviderContract
from sippn.testing.results import failed, succeeded
from tests.providers.webpush.browser import CREATED, SECRET, URL, WALL, Bench, Browser, value

_VAPID = re.compile(r"vapid t=([\w.\-]+), k=([\w\-]{87})")


@pytest.fixture
def bench() -> Bench:
    return Bench.with_()


class TestContract(PushProviderContract):
    """The contract, with a push service that takes every push."""

    def make_provider(self) -> IPushProvider:
        """A new one."""
        return Bench.with_().provider

    def target(self) -> PushTarget:
        """A subscription whose URL has the secret."""
        return PushTarget("webpush", "", f"https://push.example.net/{PRID}")


def test_has_lanes(bench: Bench) -> None:
    """W3: each push service fails by itself; all that names one is its host."""
    assert verifyObject(IPushLanes, bench.provider)
    assert bench.provider.lane_of(bench.job().target) == "push.example.net"
    other = bench.job(prid=URL.replace(".net", ".net:8443")).target
    assert bench.provider.lane_of(other) == "push.example.net:8443"


def test_request(bench: Bench) -> None:
    """G-11: POST to the path and query of the PRID, with TTL, Urgency, Topic and VAPID."""
    outcome = succeeded(bench.provider.request_push(bench.job(left=19.9)))
    assert outcome.verdict is Verdict.ACCEPTED
    assert outcome.detail == "HTTP 201"
    [(ask, seconds, authority)] = bench.services[0].asked
    assert bench.services[0].place == ("push.example.net", 443)
    assert (ask.method, ask.path) == (b"POST", f"/{SECRET}?a=b;c=%2F".encode())
    assert authority == b"push.example.net"
    assert seconds == 5.0
    assert ask.body == b""
    names = [name for name, _ in ask.fields]
    assert names == [b"ttl", b"urgency", b"topic", b"authorization", b"user-agent"]
    assert value(ask, "ttl") == "19"


@pytest.mark.parametrize("kind", PushKind)
@pytest.mark.parametrize("left", [0.4, 3.0, 600.0])
def test_ttl(bench: Bench, kind: PushKind, left: float) -> None:
    """G-11: the push service keeps a message as long as somebody waits, and no longer."""
    succeeded(bench.provider.request_push(bench.job(kind, left)))
    [(ask, seconds, _)] = bench.services[0].asked
    assert value(ask, "ttl") == str(int(left))
    assert seconds == min(left, 5.0)


@pytest.mark.parametrize("kind", PushKind)
def test_urgency(bench: Bench, kind: PushKind) -> None:
    """G-11: what rings is urgent on a low battery as well; a refresh is not."""
    succeeded(bench.provider.request_push(bench.job(kind)))
    said = value(bench.asks[0], "urgency")
    assert said == ("normal" if kind is PushKind.REFRESH else "high")
    assert set(URGENCY) == set(PushKind)


def test_refresh_is_kept_while_its_binding_lasts(bench: Bench) -> None:
    """S-30: a browser that is off for an hour is still in time; the last one is urgent."""
    job = bench.job(PushKind.REFRESH)
    job = evolve(job, held_until=job.deadline + 3000, urgent=True)
    succeeded(bench.provider.request_push(job))
    [(ask, seconds, _)] = bench.services[0].asked
    assert (value(ask, "ttl"), value(ask, "urgency"), seconds) == ("3020", "high", 5.0)


def test_cancel_replaces_its_ring(bench: Bench) -> None:
    """S-12: a CANCEL has the Topic of its call, so that a phone that was off gets but the last."""
    for kind in (PushKind.CALL, PushKind.CANCEL):
        succeeded(bench.provider.request_push(bench.job(kind)))
    other = evolve(bench.job(), collapse_key="call-binding-2")
    succeeded(bench.provider.request_push(other))
    topics = [value(ask, "topic") for ask in bench.asks]
    assert topics[0] == topics[1] != topics[2]
    assert all(re.fullmatch(r"[A-Za-z0-9_\-]{1,32}", topic or "") for topic in topics)
    assert "binding" not in str(topics)


def test_topic_without_a_collapse_key(bench: Bench) -> None:
    """G-11: a push that nothing replaces still replaces itself, where it is asked for again."""
    one, two = (evolve(bench.job(), collapse_key="", id=name) for name in ("1", "2"))
    for job in (one, one, two):
        succeeded(bench.provider.request_push(job))
    topics = [value(ask, "topic") for ask in bench.asks]
    assert topics[0] == topics[1] != topics[2]


def claims(bench: Bench, number: int = 0) -> dict[str, object]:
    """What the token of an ask claims, verified by the key beside it."""
    found = _VAPID.fullmatch(value(bench.asks[number], "authorization") or "")
    assert found is not None
    point = urlsafe_b64decode(found[2] + "=")
    key = EllipticCurvePublicKey.from_encoded_point(SECP256R1(), point)
    said: dict[str, object] = jwt.decode(
        found[1],
        key,
        algorithms=["ES256"],
        options={"verify_exp": False, "verify_aud": False},  # the wall clock is not ours
    )
    assert bench.provider.capabilities == (Capability("webpush", found[2]),)
    return said


@pytest.mark.parametrize("port", ["", ":443", ":8443"])
def test_vapid(bench: Bench, port: str) -> None:
    """G-10, P-017: aud is the origin of the URL, and k the key that sip.vapid tells."""
    succeeded(bench.provider.request_push(bench.job(prid=URL.replace(".net", f".net{port}"))))
    origin = "https://push.example.net" + ("" if port != ":8443" else port)
    assert claims(bench) == {"aud": origin, "exp": WALL + 43200, "sub": "mailto:ops@example.com"}


def test_payload_for_who_has_keys(bench: Bench) -> None:
    """G-08: a UA that brought keys is told the kind and a hash of the call, encrypted for it."""
    browser = Browser()
    for kind in (PushKind.CALL, PushKind.CANCEL, PushKind.REFRESH):
        succeeded(bench.provider.request_push(bench.job(kind, hints=browser.hints)))
    call, cancel, refresh = (browser.read(ask.body) for ask in bench.asks)
    assert call["kind"] == "call"
    assert cancel == {"kind": "cancel", "id": call["id"], "reason": ""}
    assert refresh["kind"] == "refresh"
    for ask in bench.asks:
        assert value(ask, "content-encoding") == "aes128gcm"
        assert value(ask, "content-type") == "application/octet-stream"


def test_payload_is_the_operators() -> None:
    """N-27: the operator says what an app is told; nobody else can add to it."""
    bench = Bench.with_(payload={"call": {"von": "{from_uri}", "é": 1}})
    browser = Browser()
    succeeded(bench.provider.request_push(bench.job(hints=browser.hints)))
    assert browser.read(bench.asks[0].body) == {"von": "sip:bob@example.com", "é": 1}


def test_each_message_has_a_key_of_its_own() -> None:
    """RFC 8291 section 3.1: neither salt nor key is used twice."""
    bench = Bench.with_()
    bench.entropy = random.Random(8291).randbytes  # noqa: S311 - the same in every run
    bench = Bench(bench.settings, entropy=bench.entropy)
    for _ in range(2):
        succeeded(bench.provider.request_push(bench.job(hints=Browser().hints)))
    one, two = (ask.body for ask in bench.asks)
    assert one[:16] != two[:16]
    assert one[21:86] != two[21:86]


@pytest.mark.parametrize(
    "hints",
    [
        (("sippn-wp-auth", "MDEyMzQ1Njc4OWFiY2RlZg"),),
        (("sippn-wp-auth", "MDEyMzQ1Njc4OWFiY2RlZg"), ("sippn-wp-p256dh", "B" * 87)),
        (("pn-enccode", "x"), ("pn-enckey", "y")),
    ],
)
def test_bad_keys_keep_nobody_from_being_called(
    bench: Bench, hints: tuple[tuple[str, str], ...]
) -> None:
    """G-08: keys that are none are left out: the push wakes all the same, and it is said why."""
    assert bench.provider.can_push(bench.job(hints=hints).target, PushKind.CALL)
    outcome = succeeded(bench.provider.request_push(bench.job(hints=hints)))
    assert outcome.verdict is Verdict.ACCEPTED
    assert "sent without a payload: " in outcome.advice
    assert bench.asks[0].body == b""
    assert value(bench.asks[0], "content-encoding") is None
    assert not any(secret in repr(outcome) for _, secret in hints if len(secret) > 1)


def test_payload_that_is_too_long() -> None:
    """G-08: what no push service takes is left out: the push wakes all the same."""
    bench = Bench.with_(payload={"call": {"x": ["x" * (LONGEST - 10)]}})
    succeeded(bench.provider.request_push(bench.job(hints=Browser().hints)))
    assert len(bench.asks[0].body) == 4096
    bench = Bench.with_(payload={"call": {"x": ["x" * (LONGEST - 9)]}})
    outcome = succeeded(bench.provider.request_push(bench.job(hints=Browser().hints)))
    assert bench.asks[0].body == b""
    assert "longer" in outcome.advice


@pytest.mark.parametrize("status", [401, 403])
def test_new_token_once(bench: Bench, status: int) -> None:
    """G-10: whoever does not take our token gets a new one, once, for the same message."""
    bench.script += [Answer(status)]
    outcome = succeeded(bench.provider.request_push(bench.job(hints=Browser().hints)))
    assert outcome.verdict is Verdict.ACCEPTED
    first, second = bench.asks
    assert value(first, "authorization") != value(second, "authorization")
    assert (first.path, first.body, value(first, "topic")) == (
        second.path,
        second.body,
        value(second, "topic"),
    )
    bench.wall += 10
    bench.script += [Answer(status)] * 2
    outcome = succeeded(bench.provider.request_push(bench.job()))
    assert (outcome.verdict, outcome.detail) == (Verdict.REFUSED, f"HTTP {status}")
    assert len(bench.asks) == 4


@pytest.mark.parametrize("status", [401, 403])
def test_who_takes_no_token_is_asked_once_for_each_push(bench: Bench, status: int) -> None:
    """W2: within ten seconds a second new token is worth no try; each origin for itself."""
    bench.script += [Answer(status)] * 5
    for _ in range(3):
        outcome = succeeded(bench.provider.request_push(bench.job()))
        assert outcome.verdict is Verdict.REFUSED
    assert len(bench.asks) == 1 + 3
    elsewhere = bench.job(prid=URL.replace(".net", ".net:8443"))
    assert succeeded(bench.provider.request_push(elsewhere)).verdict is Verdict.ACCEPTED


def test_no_new_token_when_the_time_is_up(bench: Bench) -> None:
    """S-13: nobody is pushed when nobody waits any more."""
    answer: Deferred[Answer] = Deferred()
    bench.script.append(answer)
    asked = bench.provider.request_push(bench.job(left=3))
    bench.clock.advance(3)
    answer.callback(Answer(403))
    assert succeeded(asked).verdict is Verdict.REFUSED
    assert len(bench.asks) == 1


def test_no_answer(bench: Bench) -> None:
    """N-05: no answer is a failure; where the phone may be on its way it gets time to come."""
    bench.script += [NoConnection("the host has no public address"), Ambiguous("timed out")]
    first = succeeded(bench.provider.request_push(bench.job()))
    assert (first.verdict, first.detail) == (Verdict.FAILED, "the host has no public address")
    assert first.retry_after is None
    second = succeeded(bench.provider.request_push(bench.job()))
    assert (second.verdict, second.retry_after) == (Verdict.FAILED, 2.0)


def test_too_late(bench: Bench) -> None:
    """S-13: a push whose time is up does not leave."""
    outcome = succeeded(bench.provider.request_push(bench.job(left=0)))
    assert outcome == PushOutcome(Verdict.FAILED, detail="deadline passed", unsent=True)
    assert bench.services == []


@pytest.mark.parametrize(
    "url",
    [
        "http://push.example.net/x",
        "https://10.0.0.1/x",
        "https://other.example.net/x",
        "https://push.example.net:444/x",
        "https://example.org/x",
        "x",
    ],
)
def test_where_no_push_goes(bench: Bench, url: str) -> None:
    """T8: a URL that allow_hosts does not have is not promised, and not asked either."""
    target = bench.job(prid=url).target
    assert not any(bench.provider.can_push(target, kind) for kind in PushKind)
    outcome = succeeded(bench.provider.request_push(bench.job(prid=url)))
    assert outcome.verdict is Verdict.REFUSED
    assert "allow_hosts" in outcome.advice
    assert bench.services == []


def test_other_services_are_not_ours(bench: Bench) -> None:
    """T8: a URL is a PRID of webpush alone."""
    assert not bench.provider.can_push(bench.job(provider="fcm").target, PushKind.CALL)


def test_connections_are_shared(bench: Bench) -> None:
    """T8: one connection for each host and port, whatever the path."""
    for url in (URL, URL + "2", URL.replace(".net", ".net:8443"), "https://a.example.org/x"):
        succeeded(bench.provider.request_push(bench.job(prid=url)))
    places = [service.place for service in bench.services]
    assert places == [
        ("push.example.net", 443),
        ("push.example.net", 8443),
        ("a.example.org", 443),
    ]


def test_connections_are_bounded(bench: Bench) -> None:
    """T8: of any number of hosts the sixty-four that were used last stay connected."""
    hosts = [f"h{number}.example.org" for number in range(MOST_ORIGINS)]
    for host in [*hosts, hosts[0], "one-more.example.org"]:
        succeeded(bench.provider.request_push(bench.job(prid=f"https://{host}/x")))
    closed = [service.place[0] for service in bench.services if service.closed]
    assert closed == [hosts[1]]


def test_too_many_at_a_time(bench: Bench) -> None:
    """T8: nobody's push is cut off for another's; who finds no room comes back."""
    answers: list[Deferred[Answer]] = [Deferred() for _ in range(MOST_ORIGINS)]
    bench.script += answers
    asked = [
        bench.provider.request_push(bench.job(prid=f"https://h{number}.example.org/x"))
        for number in range(MOST_ORIGINS)
    ]
    outcome = succeeded(bench.provider.request_push(bench.job()))
    assert (outcome.verdict, outcome.retry_after) == (Verdict.BUSY, 1.0)
    assert not any(service.closed for service in bench.services)
    for answer in answers:
        answer.callback(CREATED)
    assert {succeeded(one).verdict for one in asked} == {Verdict.ACCEPTED}
    assert succeeded(bench.provider.request_push(bench.job())).verdict is Verdict.ACCEPTED
    assert [service.place[0] for service in bench.services if service.closed] == ["h0.example.org"]


def test_cancelled(bench: Bench) -> None:
    """S-12: a push that is withdrawn is withdrawn from the push service's connection as well."""
    withdrawn: list[object] = []
    answer: Deferred[Answer] = Deferred(withdrawn.append)
    bench.script.append(answer)
    asked = bench.provider.request_push(bench.job())
    asked.cancel()
    assert withdrawn == [answer]
    failed(asked, CancelledError)


def test_through_a_gateway() -> None:
    """T8: with an endpoint all go there, as what they are: authority and aud are the URL's."""
    bench = Bench.with_(endpoint="https://gate.example.com:8443")
    for url in (URL, "https://a.example.org/x"):
        succeeded(bench.provider.request_push(bench.job(prid=url)))
    [service] = bench.services
    assert service.place == ("gate.example.com", 8443)
    assert [authority for _, _, authority in service.asked] == [
        b"push.example.net",
        b"a.example.org",
    ]
    assert claims(bench, 1)["aud"] == "https://a.example.org"
    assert not bench.provider.can_push(
        bench.job(prid="https://gate.example.com:8443/x").target, PushKind.CALL
    )


def test_stopping_closes_all(bench: Bench) -> None:
    """D6: the result is there when the last connection is gone."""
    for url in (URL, "https://a.example.org/x"):
        succeeded(bench.provider.request_push(bench.job(prid=url)))
    succeeded(bench.provider.stopService())
    assert all(service.closed for service in bench.services)
    outcome = succeeded(bench.provider.request_push(bench.job()))
    assert (outcome.verdict, outcome.detail) == (Verdict.FAILED, "closed")
    assert len(bench.services) == 2


def test_stopping_waits_for_what_is_closing(bench: Bench) -> None:
    """D6: also for a connection that made way for another just before."""
    gone: Deferred[None] = Deferred()
    for number in range(MOST_ORIGINS + 1):
        url = f"https://h{number}.example.org/x"
        succeeded(bench.provider.request_push(bench.job(prid=url)))
        bench.services[0].gone = gone
    assert bench.services[0].closed
    stopped = bench.provider.stopService()
    assert not stopped.called
    gone.callback(None)
    succeeded(stopped)


def test_no_repr_shows_a_secret(bench: Bench) -> None:
    """T7, T17: neither the URL nor a key nor a token is in what is printed."""
    job = bench.job(hints=Browser().hints)
    outcome = succeeded(bench.provider.request_push(job))
    token = value(bench.asks[0], "authorization") or ""
    for said in (repr(bench.provider), repr(outcome), repr(bench.asks[0]), repr(job)):
        assert SECRET not in said
        assert token[10:40] not in said
        assert Browser().hints[0][1] not in said
