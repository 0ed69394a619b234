"""Who may register, and who may ask for anything else."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar

import pytest
from attrs import define, field
from twisted.internet.defer import Deferred, succeed
from zope.interface import implementer

from sippn.auth import Admission, Trusted
from sippn.binding import Principal, Source
from sippn.errors import (
    BadRequest,
    Forbidden,
    ProxyAuthenticationRequired,
    SIPError,
    StaleNonce,
    Unauthorized,
)
from sippn.interfaces import IAuthenticator, Maybe
from sippn.sip import Headers, Request

T = TypeVar("T")

SOURCE = Source("udp:flow", "192.0.2.7", 5060)
ALICE = Principal("alice", "example.com", ("sip:alice@example.com",))
PBX = Principal("10.0.0.3", "", trusted=True)


@implementer(IAuthenticator)
@define(eq=False)
class Scripted:
    """Answers what it was told to."""

    name: str
    answer: Callable[[], Maybe[Principal | None]] = lambda: None
    asked: list[Request] = field(factory=list)

    def challenges(self, realm: str, stale: bool, source: Source) -> Sequence[str]:
        """One challenge that shows what it was asked for."""
        assert source is SOURCE
        return [f'{self.name} realm="{realm}"{", stale=true" if stale else ""}']

    def authenticate(self, request: Request, source: Source) -> Maybe[Principal | None]:
        """The scripted answer."""
        assert source is SOURCE
        self.asked.append(request)
        return self.answer()


def raising(error: type[SIPError]) -> Callable[[], None]:
    def answer() -> None:
        raise error

    return answer


def invite(sender: str) -> Request:
    return Request("INVITE", "sip:bob@example.com", Headers([("From", f"<{sender}>;tag=1")]))


def admission(*asked: IAuthenticator, **settings: Any) -> Admission:
    return Admission(asked, "example.com", lambda host: host.lower() == "example.com", **settings)


def done(coroutine: Coroutine[Deferred[Any], Any, T]) -> T:
    results: list[T] = []
    errors: list[BaseException] = []
    Deferred.fromCoroutine(coroutine).addCallbacks(
        results.append, lambda failure: errors.append(failure.value)
    )
    if errors:
        raise errors[0]
    return results[0]


REGISTER = Request("REGISTER", "sip:example.com", Headers())
OURS, FOREIGN = invite("sip:alice@example.com"), invite("sip:eve@elsewhere.example")
HIDDEN = invite("sip:anonymous@Anonymous.invalid")


@pytest.mark.parametrize("answer", [lambda: ALICE, lambda: succeed(ALICE)])
def test_proof_is_taken(answer: Callable[[], Maybe[Principal]]) -> None:
    """An authenticator may answer at once or later."""
    assert done(admission(Scripted("A", answer)).registering(REGISTER, SOURCE)) is ALICE


def test_first_proof_wins() -> None:
    """Asked in the order of the configuration."""
    first, second, third = Scripted("A"), Scripted("B", lambda: ALICE), Scripted("C")
    done(admission(first, second, third).registering(REGISTER, SOURCE))
    assert [len(one.asked) for one in (first, second, third)] == [1, 1, 0]


def test_all_challenges_are_offered() -> None:
    """401 with the challenges of all, and nothing stale (IAuthenticator)."""
    with pytest.raises(Unauthorized) as caught:
        done(admission(Scripted("A"), Trusted(()), Scripted("B")).registering(REGISTER, SOURCE))
    assert caught.value.status == 401
    assert caught.value.headers == (
        ("WWW-Authenticate", 'A realm="example.com"'),
        ("WWW-Authenticate", 'B realm="example.com"'),
    )


def test_refusal_of_one_is_not_the_last_word() -> None:
    """The next may know better."""
    asked = Scripted("A", raising(Unauthorized)), Scripted("B", lambda: ALICE)
    assert done(admission(*asked).registering(REGISTER, SOURCE)) is ALICE


def test_stale_is_said_by_whose_nonce_it_was() -> None:
    """The UA tries again with that one, without asking anybody for a password."""
    asked = Scripted("A", raising(Unauthorized)), Scripted("B", raising(StaleNonce))
    with pytest.raises(StaleNonce) as caught:
        done(admission(*asked).registering(REGISTER, SOURCE))
    assert [value for _, value in caught.value.headers] == [
        'A realm="example.com"',
        'B realm="example.com", stale=true',
    ]


def test_other_errors_pass() -> None:
    """A directory that is down is no wrong password."""
    with pytest.raises(BadRequest):
        done(admission(Scripted("A", raising(BadRequest))).registering(REGISTER, SOURCE))


def test_challenge_that_nobody_makes_is_a_refusal() -> None:
    """A 401 without a challenge would be none (RFC 3261 section 22.2)."""
    with pytest.raises(Forbidden):
        done(admission(Trusted(())).registering(REGISTER, SOURCE))


def test_nobody_is_challenged_without_authentication() -> None:
    """auth.mode = "none": anybody registers and calls; trusted peers are still known."""
    asked = Scripted("A", raising(Unauthorized)), Scripted("B", lambda: ALICE)
    for request in (REGISTER, OURS, FOREIGN):
        how = "registering" if request is REGISTER else "requesting"
        for known, who in ((asked, None), ((Scripted("C", lambda: PBX),), PBX)):
            judge = admission(*known, challenging=False, strangers="refuse")
            assert done(getattr(judge, how)(request, SOURCE)) is who


def test_own_domain_has_to_be_proved() -> None:
    """407 to a From of ours, with its realm (RFC 3261 section 22.3)."""
    with pytest.raises(ProxyAuthenticationRequired) as caught:
        done(admission(Scripted("A", raising(StaleNonce))).requesting(OURS, SOURCE))
    assert caught.value.headers == (("Proxy-Authenticate", 'A realm="example.com", stale=true'),)


@pytest.mark.parametrize("sender", ["sip:alice@example.com", "sips:%61lice@EXAMPLE.COM:5061;x=1"])
def test_user_calls_under_her_name(sender: str) -> None:
    """A8, identity against AOR: compared in canonical form."""
    judge = admission(Scripted("A", lambda: ALICE))
    assert done(judge.requesting(invite(sender), SOURCE)) is ALICE


@pytest.mark.parametrize(
    "sender", ["sip:bob@example.com", "sip:Alice@example.com", "sip:example.com"]
)
def test_user_does_not_call_under_another_name(sender: str) -> None:
    """A8: alice cannot be bob; credentials would not help, so 403."""
    with pytest.raises(Forbidden):
        done(admission(Scripted("A", lambda: ALICE)).requesting(invite(sender), SOURCE))


@pytest.mark.parametrize("sender", ["sip:eve@elsewhere.example", "tel:+15551234"])
@pytest.mark.parametrize("offers", [None, ALICE])
def test_stranger_is_refused_or_budgeted(sender: str, offers: Principal | None) -> None:
    """DESIGN 5, strangers: whatever a foreign From brings along, it proves no name here."""
    asked = Scripted("A", lambda: offers)
    with pytest.raises(Forbidden):
        done(admission(asked).requesting(invite(sender), SOURCE))
    assert done(admission(asked, strangers="budget").requesting(invite(sender), SOURCE)) is None


@pytest.mark.parametrize("request_", [OURS, FOREIGN, HIDDEN])
def test_trusted_peer_speaks_for_anybody(request_: Request) -> None:
    """A PBX calls under its users' names and strangers'."""
    judge = admission(Scripted("A", lambda: PBX))
    assert done(judge.requesting(request_, SOURCE)) is PBX


def test_hidden_name_is_proved_by_anybody_of_ours() -> None:
    """RFC 3323: who asks for privacy is still asked who it is, where strangers are refused."""
    assert done(admission(Scripted("A", lambda: ALICE)).requesting(HIDDEN, SOURCE)) is ALICE
    with pytest.raises(ProxyAuthenticationRequired):
        done(admission(Scripted("A")).requesting(HIDDEN, SOURCE))
    assert done(admission(Scripted("A"), strangers="budget").requesting(HIDDEN, SOURCE)) is None


def test_broken_from_is_a_bad_request() -> None:
    """It says who it is in words that mean nothing."""
    with pytest.raises(BadRequest):
        done(admission(Scripted("A")).requesting(invite("sip:alice@"), SOURCE))
