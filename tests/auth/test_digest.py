"""Digest: what proves a password, and what does not."""

from __future__ import annotations

from os import urandom

import pytest
from attrs import define, evolve
from twisted.internet.task import Clock

from sippn.auth import DigestAuthenticator, Guesses, User, offered
from sippn.binding import Principal, Source
from sippn.errors import ConfigErrors, Forbidden, StaleNonce, Unauthorized
from sippn.interfaces import IAuthenticator
from sippn.seal import Keyring
from sippn.sip import (
    Challenge,
    Headers,
    Request,
    answer,
    ha1,
    parse_challenge,
    response,
    write_credentials,
)
from sippn.testing.contracts.authenticator import AuthenticatorContract

REALM = "example.com"
SOURCE = Source("udp:flow", "192.0.2.7", 5060)
ALICE = Principal("alice", REALM, ("sip:alice@example.com",))


@define(eq=False)
class Phone:
    """Sends requests as a UA does, with whatever it is told to get wrong."""

    user: str = "alice"
    password: str = "secret"
    method: str = "REGISTER"
    uri: str = "sip:example.com"

    def ask(self, *credentials: str) -> Request:
        """The request, with *credentials* as they are."""
        name = "Authorization" if self.method == "REGISTER" else "Proxy-Authorization"
        return Request(self.method, self.uri, Headers([(name, value) for value in credentials]))

    def credentials(self, challenge: Challenge, count: int = 1, **changes: str) -> str:
        """An answer to *challenge* that is signed after the *changes*."""
        plain = answer(challenge, self.user, self.password, self.method, self.uri, "0a4f113b")
        changed = evolve(plain, **{"nc": f"{count:08x}", **changes})
        if "response" not in changes:
            secret = ha1(self.user, challenge.realm, self.password, changed.algorithm)
            changed = evolve(changed, response=response(changed, secret, self.method))
        return write_credentials(changed)

    def prove(self, challenge: Challenge, count: int = 1, **changes: str) -> Request:
        """The request with an answer to *challenge*."""
        return self.ask(self.credentials(challenge, count, **changes))


def user(name: str, *algorithms: str, realm: str = REALM) -> User:
    return User(name, realm, tuple((one, ha1(name, realm, "secret", one)) for one in algorithms))


def make(wall: Clock, *users: User, domains: tuple[str, ...] = ()) -> DigestAuthenticator:
    keyring = Keyring(b"k" * 32, urandom)
    return DigestAuthenticator(
        users, REALM, ("SHA-256", "MD5"), keyring, wall.seconds, urandom, domains=domains
    )


def challenge(digest: DigestAuthenticator, algorithm: str = "SHA-256") -> Challenge:
    every = [parse_challenge(text) for text in digest.challenges(REALM, False, SOURCE)]
    return next(one for one in every if one.algorithm == algorithm)


@pytest.fixture
def wall() -> Clock:
    wall = Clock()
    wall.advance(1_700_000_000)
    return wall


@pytest.fixture
def digest(wall: Clock) -> DigestAuthenticator:
    return make(wall, user("alice", "MD5", "SHA-256"), user("bob", "MD5", "SHA-256"))


@pytest.fixture
def phone() -> Phone:
    return Phone()


class TestDigestAsAuthenticator(AuthenticatorContract):
    """Digest keeps the contract of all authenticators."""

    realm = REALM

    def make_authenticator(self) -> IAuthenticator:
        """One that knows alice."""
        return make(Clock(), user("alice", "MD5", "SHA-256"))

    def prove(self, challenges: list[str]) -> Request | None:
        """As a phone does that takes the first challenge."""
        return Phone().prove(parse_challenge(challenges[0]))


@pytest.mark.parametrize("algorithm", ["SHA-256", "MD5"])
def test_password_is_proved(digest: DigestAuthenticator, phone: Phone, algorithm: str) -> None:
    """RFC 8760: the UA picks one of the algorithms it is offered."""
    asked = challenge(digest, algorithm)
    assert digest.authenticate(phone.prove(asked), SOURCE) == ALICE


def test_preferred_algorithm_is_on_top(digest: DigestAuthenticator) -> None:
    """INTEROP rules 1 and 2: SHA-256 first, one field each, each names its algorithm."""
    first, second = digest.challenges(REALM, False, SOURCE)
    assert ", algorithm=SHA-256," in first
    assert ", algorithm=MD5," in second
    assert all('qop="auth"' in text and "stale" not in text for text in (first, second))


def test_stale_is_said(digest: DigestAuthenticator) -> None:
    """A UA tries again without asking for the password (RFC 7616 section 3.3)."""
    texts = digest.challenges(REALM, True, SOURCE)
    assert all(parse_challenge(text).stale for text in texts)


def test_another_realm_is_not_challenged(digest: DigestAuthenticator) -> None:
    """Its passwords are for one realm."""
    assert list(digest.challenges("other.example", False, SOURCE)) == []


def test_no_credentials_say_nothing(digest: DigestAuthenticator, phone: Phone) -> None:
    """None: another authenticator may know."""
    assert digest.authenticate(phone.ask(), SOURCE) is None


@pytest.mark.parametrize("method", ["REGISTER", "INVITE"])
def test_credentials_for_others_say_nothing(digest: DigestAuthenticator, method: str) -> None:
    """RFC 3261 section 22.3: a proxy passes over credentials for other realms."""
    phone = Phone(method=method)
    foreign = evolve(challenge(digest), realm="other.example")
    assert digest.authenticate(phone.prove(foreign), SOURCE) is None
    assert digest.authenticate(phone.ask("Basic YWxpY2U6c2VjcmV0"), SOURCE) is None


def test_ours_is_found_among_others(digest: DigestAuthenticator, phone: Phone) -> None:
    """A UA that passes several proxies brings credentials for each."""
    foreign = phone.credentials(evolve(challenge(digest), realm="other.example"))
    request = phone.ask(foreign, phone.credentials(challenge(digest)))
    assert digest.authenticate(request, SOURCE) == ALICE


def test_proxy_credentials_are_read_from_their_own_field(digest: DigestAuthenticator) -> None:
    """401 for a REGISTER, 407 for the rest (RFC 3261 section 22.1)."""
    phone = Phone(method="INVITE", uri="sip:bob@example.com")
    request = phone.prove(challenge(digest))
    assert digest.authenticate(request, SOURCE) == ALICE
    headers = Headers([("Authorization", value) for _, value in request.headers])
    assert digest.authenticate(Request("INVITE", phone.uri, headers), SOURCE) is None


def test_wrong_password_and_unknown_user_are_alike(digest: DigestAuthenticator) -> None:
    """A8, enumeration: the same error, the same words."""
    errors = []
    for phone in (Phone(password="guess"), Phone(user="mallory")):
        with pytest.raises(Unauthorized) as caught:
            digest.authenticate(phone.prove(challenge(digest)), SOURCE)
        errors.append((caught.type, caught.value.args, caught.value.headers))
    assert errors[0] == errors[1] == (Unauthorized, ("",), ())


def test_request_cannot_be_sent_again(digest: DigestAuthenticator, phone: Phone) -> None:
    """T4, T16: a captured REGISTER proves nothing; its owner is told to try again."""
    request = phone.prove(challenge(digest))
    digest.authenticate(request, SOURCE)
    with pytest.raises(StaleNonce):
        digest.authenticate(request, SOURCE)


def test_nonce_is_used_again_with_the_next_count(digest: DigestAuthenticator, phone: Phone) -> None:
    """RFC 7616 section 3.4: one challenge serves many requests."""
    asked = challenge(digest)
    for count in (1, 2, 3):
        assert digest.authenticate(phone.prove(asked, count), SOURCE) == ALICE


def test_count_cannot_be_raised_by_others(digest: DigestAuthenticator, phone: Phone) -> None:
    """The count is signed: whoever changes it has proved nothing."""
    asked = challenge(digest)
    text = phone.credentials(asked)
    digest.authenticate(phone.ask(text), SOURCE)
    with pytest.raises(Unauthorized) as caught:
        digest.authenticate(phone.ask(text.replace("nc=00000001", "nc=00000002")), SOURCE)
    assert caught.type is Unauthorized


def test_old_nonce_is_stale_for_who_knows_the_password(
    digest: DigestAuthenticator, phone: Phone, wall: Clock
) -> None:
    """After 300 seconds: stale if the response was right, else a plain challenge."""
    asked = challenge(digest)
    wall.advance(301)
    with pytest.raises(StaleNonce):
        digest.authenticate(phone.prove(asked), SOURCE)
    with pytest.raises(Unauthorized) as caught:
        digest.authenticate(Phone(password="guess").prove(asked), SOURCE)
    assert caught.type is Unauthorized


def test_foreign_nonce_is_refused(digest: DigestAuthenticator, phone: Phone) -> None:
    """A chosen nonce would let a recorded answer be used; a key that is gone is only stale."""
    with pytest.raises(StaleNonce):
        digest.authenticate(phone.prove(evolve(challenge(digest), nonce="chosen")), SOURCE)


@pytest.mark.parametrize(
    "changes",
    [
        {"qop": "", "nc": "", "cnonce": ""},
        {"response": "0" * 64},
        {"response": ""},
        {"algorithm": "SHA-512-256"},
        {"nc": "1"},
        {"cnonce": ""},
        {"uri": "sip:other.example"},
        {"uri": "tel:1"},
        {"username": "bob"},
    ],
)
def test_anything_less_is_refused(
    digest: DigestAuthenticator, phone: Phone, changes: dict[str, str]
) -> None:
    """A8: qop=auth is demanded, and every field is what it should be."""
    asked = challenge(digest)
    signed = {name: value for name, value in changes.items() if name != "algorithm"}
    text = phone.credentials(asked, 1, **signed)
    if "algorithm" in changes:
        text = text.replace("SHA-256", changes["algorithm"])
    with pytest.raises(Unauthorized) as caught:
        digest.authenticate(phone.ask(text), SOURCE)
    assert caught.type is Unauthorized


@pytest.mark.parametrize("text", ["Digest", "Digest ", "Digest x", 'Digest realm="example.com"'])
def test_broken_credentials_are_challenged(
    digest: DigestAuthenticator, phone: Phone, text: str
) -> None:
    """Whatever it is, it proves nothing, and raises nothing else."""
    if text == "Digest":  # a bare scheme is no credentials
        assert digest.authenticate(phone.ask(text), SOURCE) is None
        return
    with pytest.raises(Unauthorized):
        digest.authenticate(phone.ask(text), SOURCE)


def test_number_of_credentials_is_bounded(digest: DigestAuthenticator, phone: Phone) -> None:
    """Each costs hashes: only the first ten are looked at."""
    wrong = Phone(password="guess").credentials(challenge(digest))
    with pytest.raises(Unauthorized):
        digest.authenticate(phone.ask(*[wrong] * 10, phone.credentials(challenge(digest))), SOURCE)


@pytest.mark.parametrize(
    ("method", "request_uri", "named"),
    [
        ("REGISTER", "sip:example.com;transport=udp", "sip:example.com"),
        ("REGISTER", "sip:example.com", "sip:EXAMPLE.com:5060;transport=tcp"),
        ("INVITE", "sip:bob@example.com;transport=udp", "sip:bob@example.com"),
        ("INVITE", "sip:bob@EXAMPLE.com", "sip:bob@example.com"),
    ],
)
def test_uri_may_be_spelled_differently(
    digest: DigestAuthenticator, method: str, request_uri: str, named: str
) -> None:
    """RFC 3261 section 22.4 (6): proxies and UAs respell it."""
    phone = Phone(method=method, uri=request_uri)
    assert digest.authenticate(phone.prove(challenge(digest), uri=named), SOURCE) == ALICE


def test_credentials_are_good_for_one_callee(digest: DigestAuthenticator) -> None:
    """A captured answer does not call somebody else."""
    phone = Phone(method="INVITE", uri="sip:bob@example.com")
    with pytest.raises(Unauthorized):
        digest.authenticate(phone.prove(challenge(digest), uri="sip:carol@example.com"), SOURCE)


def test_method_is_signed(digest: DigestAuthenticator) -> None:
    """An answer made for MESSAGE is none for INVITE."""
    asked = challenge(digest)
    message = Phone(method="MESSAGE", uri="sip:bob@example.com")
    invite = Phone(method="INVITE", uri="sip:bob@example.com")
    with pytest.raises(Unauthorized):
        digest.authenticate(invite.ask(message.credentials(asked)), SOURCE)


def test_user_speaks_for_its_name_in_every_domain(wall: Clock) -> None:
    """One realm may cover several domains; a host is compared in lower case."""
    digest = make(wall, user("alice", "SHA-256"), domains=("example.com", "Example.NET"))
    principal = digest.authenticate(Phone().prove(challenge(digest)), SOURCE)
    assert principal is not None
    assert principal.aors == ("sip:alice@example.com", "sip:alice@example.net")


@pytest.mark.parametrize(
    ("name", "aors"),
    [
        ("alice@example.com", ("sip:alice@example.com", "sip:alice@example.net")),
        ("alice@example.net", ("sip:alice@example.net",)),
        ("al ice", ("sip:al%20ice@example.com", "sip:al%20ice@example.net")),
        ("@", ("sip:%40@example.com", "sip:%40@example.net")),
    ],
)
def test_name_may_carry_its_domain(wall: Clock, name: str, aors: tuple[str, ...]) -> None:
    """Some UAs and operators write ``user@domain``."""
    digest = make(wall, user(name, "SHA-256"), domains=("example.com", "example.net"))
    principal = digest.authenticate(Phone(user=name).prove(challenge(digest)), SOURCE)
    assert principal is not None
    assert principal.aors == aors


def test_only_what_everybody_can_answer_is_offered(wall: Clock) -> None:
    """DESIGN 5: an algorithm without an HA1 of every user of the realm is left out."""
    both, old = user("alice", "MD5", "SHA-256"), user("bob", "MD5")
    elsewhere = user("carol", "SHA-256", realm="other.example")
    digest = make(wall, both, old, elsewhere)
    assert digest.algorithms == ("MD5",)
    assert offered([both, elsewhere], REALM, ("SHA-256", "MD5")) == ("SHA-256", "MD5")
    assert offered([both], REALM, ("MD5", "AKAv1-MD5")) == ("MD5",)


def test_realm_that_cannot_be_served_is_told(wall: Clock) -> None:
    """An operator hears it at start, not each user at each call."""
    with pytest.raises(ConfigErrors) as caught:
        make(wall, user("alice", "MD5"), user("bob", "SHA-256"))
    assert caught.value.problems[0][0] == "auth.algorithms"


def test_user_of_another_realm_is_unknown(wall: Clock) -> None:
    """A8, realm: the same name elsewhere is somebody else."""
    digest = make(wall, user("bob", "SHA-256"), user("alice", "SHA-256", realm="other.example"))
    with pytest.raises(Unauthorized):
        digest.authenticate(Phone().prove(challenge(digest)), SOURCE)


def test_challenges_are_not_remembered(digest: DigestAuthenticator, phone: Phone) -> None:
    """A7: memory only for who has authenticated."""
    for _ in range(100):
        challenge(digest)
        with pytest.raises(Unauthorized):
            digest.authenticate(Phone(password="guess").prove(challenge(digest)), SOURCE)
    assert len(digest.nonces) == 0
    digest.authenticate(phone.prove(challenge(digest)), SOURCE)
    assert len(digest.nonces) == 1


def test_repr_tells_no_secret(digest: DigestAuthenticator) -> None:
    """T17: no HA1 in a log by accident."""
    assert ha1("alice", REALM, "secret", "MD5") not in repr(digest)
    assert "keyring" not in repr(digest).lower()


@pytest.fixture
def throttled(wall: Clock) -> DigestAuthenticator:
    """One that lets three wrong passwords pass a minute."""
    digest = make(wall, user("alice", "MD5", "SHA-256"))
    digest.guesses = Guesses(3, wall)
    return digest


def attempt(digest: DigestAuthenticator, phone: Phone, source: Source = SOURCE) -> str:
    """How *phone* at *source* fares with a new challenge."""
    first = digest.challenges(REALM, False, source)[0]
    try:
        found = digest.authenticate(phone.prove(parse_challenge(first)), source)
    except (Forbidden, Unauthorized) as error:
        return f"{error.status} {error}".strip()
    return found.user if found else ""


REFUSED = "403 Too many wrong passwords"


@pytest.mark.parametrize("name", ["alice", "nobody"])
def test_wrong_passwords_are_counted(
    throttled: DigestAuthenticator, wall: Clock, name: str
) -> None:
    """A8, throttle: the right one too is refused then, and an unknown name fares no other way."""
    guess, right = Phone(name, "guess"), Phone(name)
    assert [attempt(throttled, guess) for _ in range(5)] == ["401"] * 3 + [REFUSED] * 2
    assert attempt(throttled, right) == REFUSED
    wall.advance(60)
    assert attempt(throttled, right) == ("alice" if name == "alice" else "401")


def test_wait_is_told(throttled: DigestAuthenticator, wall: Clock) -> None:
    """A8: rounded up, so that who comes then is not too early."""
    for _ in range(3):
        attempt(throttled, Phone(password="guess"))
        wall.advance(0.5)
    with pytest.raises(Forbidden) as caught:
        throttled.authenticate(Phone().prove(challenge(throttled)), SOURCE)
    assert caught.value.headers == (("Retry-After", "59"),)


def test_one_request_holds_no_more_guesses(throttled: DigestAuthenticator) -> None:
    """A8: ten in one message are ten."""
    asked = challenge(throttled)
    guesses = [Phone(password=f"guess {n}").credentials(asked) for n in range(9)]
    with pytest.raises(Forbidden):
        throttled.authenticate(Phone().ask(*guesses, Phone().credentials(asked)), SOURCE)


@pytest.mark.parametrize(
    ("host", "refused"), [("192.0.2.7", True), ("192.0.2.8", False), ("198.51.100.7", False)]
)
def test_others_are_not_locked_out(
    throttled: DigestAuthenticator, host: str, refused: bool
) -> None:
    """A8: neither the same user elsewhere, nor another one there."""
    for _ in range(4):
        attempt(throttled, Phone(password="guess"))
    assert (attempt(throttled, Phone(), Source("f", host, 5060)) == REFUSED) is refused
    assert attempt(throttled, Phone("bob")) == "401"


def test_ipv6_network_is_one_source(throttled: DigestAuthenticator) -> None:
    """A8: each guess from another address of one /64."""
    guess = Phone(password="guess")
    found = [attempt(throttled, guess, Source("f", f"2001:db8::{n}", 5060)) for n in range(1, 5)]
    assert found == ["401"] * 3 + [REFUSED]
    assert attempt(throttled, Phone(), Source("f", "2001:db8:0:1::1", 5060)) == "alice"


def test_forged_source_locks_nobody_out(throttled: DigestAuthenticator) -> None:
    """A8: whoever does not hear the challenge has no nonce that counts, and learns nothing."""
    attacker = Source("f", "198.51.100.66", 5060)
    first = parse_challenge(throttled.challenges(REALM, False, attacker)[0])
    for nonce in (first.nonce, "chosen"):
        for phone in [Phone(password="guess")] * 5 + [Phone()]:
            with pytest.raises(StaleNonce):
                throttled.authenticate(phone.prove(evolve(first, nonce=nonce)), SOURCE)
    assert attempt(throttled, Phone()) == "alice"


def test_nonce_of_yesterday_is_a_guess_too(throttled: DigestAuthenticator, wall: Clock) -> None:
    """A8: stale for the right password only, so each try is counted."""
    asked = challenge(throttled)
    wall.advance(86400)
    for _ in range(3):
        with pytest.raises(Unauthorized) as caught:
            throttled.authenticate(Phone(password="guess").prove(asked), SOURCE)
        assert caught.type is Unauthorized
    with pytest.raises(Forbidden):
        throttled.authenticate(Phone().prove(asked), SOURCE)


def test_right_passwords_are_not_counted(throttled: DigestAuthenticator, phone: Phone) -> None:
    """A8: nor are retransmissions, which prove the password with a nonce that is used."""
    request = phone.prove(challenge(throttled))
    throttled.authenticate(request, SOURCE)
    for _ in range(10):
        with pytest.raises(StaleNonce):
            throttled.authenticate(request, SOURCE)
    assert attempt(throttled, phone) == "alice"


def test_table_of_guesses_is_bounded(throttled: DigestAuthenticator, wall: Clock) -> None:
    """A8: whoever invents names, however long, takes no more than that of it."""
    throttled.guesses = Guesses(3, wall, max_keys=5)
    for number in range(50):
        attempt(throttled, Phone(f"{number}" + "x" * 3000, "guess"))
    assert len(throttled.guesses) == 5
    assert max(len(key) for key in throttled.guesses._wrong._taken) < 100


def test_guessing_is_told_now_and_then(
    throttled: DigestAuthenticator, wall: Clock, logged: list[str]
) -> None:
    """A8: by the address; a name that is none may be a password (A11), so it is not told."""
    for name in ("alice", "bob"):
        for _ in range(5):
            attempt(throttled, Phone(name, "guess"))
    wall.advance(10)
    for _ in range(3):
        attempt(throttled, Phone("my password", "guess"))
    assert logged == [
        "too many wrong passwords for alice from 192.0.2.7",
        "too many wrong passwords for a user who is none from 192.0.2.7",
    ]
