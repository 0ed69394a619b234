"""
A8: digest: replay, nonce and nc, realm, downgrade, qop, identity, quoting, enumeration, throttle.

Replay, nonce, downgrade and qop are T16's, in ``test_t16_digest.py``.
"""

from __future__ import annotations

import pytest
from attrs import evolve

from sippn.service import ServerSettings
from sippn.sip import Challenge, Response, parse_challenge
from sippn.testing.house import House
from tests.auth.test_digest import Phone
from tests.threats.scene import ALICE, BOB, DOMAIN, SECRET, Sender, sleeper

URI = f"sip:{DOMAIN}"
GUESSES = 10  # a minute
REFUSED = (403, "Too many wrong passwords")


@pytest.fixture
def settings(settings: ServerSettings, request: pytest.FixtureRequest) -> ServerSettings:
    """As usual; where a test says so, without a throttle."""
    if "unthrottled" in request.fixturenames:
        return evolve(settings, auth=evolve(settings.auth, wrong_passwords=0))
    return settings


@pytest.fixture
def unthrottled() -> None:
    """``limits.wrong_passwords = 0``."""


def challenge(sender: Sender, method: str = "REGISTER", sender_is: str = ALICE) -> Challenge:
    """What it is asked for."""
    uri = URI if method == "REGISTER" else BOB
    name = "WWW-Authenticate" if method == "REGISTER" else "Proxy-Authenticate"
    sender.ask(method, uri, From=f"<{sender_is}>;tag=c", To=f"<{sender_is}>")
    return parse_challenge(sender.answers()[-1].headers.get_all(name)[0])


def attempt(
    sender: Sender, user: str, password: str, method: str = "REGISTER", **changes: str
) -> Response:
    """One try with a new challenge."""
    uri = URI if method == "REGISTER" else BOB
    asked = challenge(sender, method)
    text = Phone(user, password, method, uri).credentials(asked, 1, **changes)
    name = "Authorization" if method == "REGISTER" else "Proxy-Authorization"
    sender.ask(method, uri, (name, text), From=f"<{ALICE}>;tag=c", To=f"<{ALICE}>")
    return sender.answers()[-1]


def said(response: Response) -> tuple[int, str]:
    """Its status line."""
    return response.status, response.reason


# enumeration


def shape(response: Response) -> list[tuple[str, str]]:
    """All that an attacker can tell answers apart by: names in order, what is not random."""
    random = {"To", "Via", "CSeq", "Call-ID", "WWW-Authenticate", "Proxy-Authenticate"}
    return [(name, "" if name in random else value) for name, value in response.headers]


@pytest.mark.parametrize("method", ["REGISTER", "INVITE", "MESSAGE"])
def test_names_that_exist_are_like_those_that_do_not(house: House, method: str) -> None:
    """A8, enumeration: status, reason, fields and challenges of a wrong password are the same."""
    found = []
    for name in ("alice", "nobody", "", "a" * 500, 'ali"ce'):
        answer = attempt(Sender.at(house), name, "guess", method)
        challenges = [
            (one.algorithm, one.qop, one.stale, len(one.nonce))
            for field in ("WWW-Authenticate", "Proxy-Authenticate")
            for one in map(parse_challenge, answer.headers.get_all(field))
        ]
        found.append((said(answer), shape(answer), challenges))
    assert all(one == found[0] for one in found)
    assert found[0][0][0] == (401 if method == "REGISTER" else 407)


@pytest.mark.parametrize("name", ["alice", "bob", "nobody"])
def test_challenge_does_not_say_who_exists(house: House, name: str) -> None:
    """A8, enumeration: whoever is registered, or not, or unknown, is challenged alike."""
    sleeper(house, "alice", "token-a")
    sender = Sender.at(house)
    sender.ask("REGISTER", URI, From=f"<sip:{name}@{DOMAIN}>;tag=1", To=f"<sip:{name}@{DOMAIN}>")
    assert said(sender.answers()[-1]) == (401, "Unauthorized")


# identity


@pytest.mark.parametrize(
    "target",
    [
        BOB,
        f"sip:bob@{DOMAIN}:5060",
        f"sip:%62ob@{DOMAIN}",
        f"sip:bob@{DOMAIN.upper()}",
        f'"alice" <sip:bob@{DOMAIN}>',
    ],
)
def test_password_is_for_its_own_aor(house: House, target: str) -> None:
    """A8, identity: alice's says nothing about bob, however he is written."""
    to = target if "<" in target else f"<{target}>"
    contact = ("Contact", "<sip:x@192.0.2.9>")
    assert Sender.at(house).register("alice", contact, To=to) == [403]


@pytest.mark.parametrize("method", ["INVITE", "MESSAGE", "SUBSCRIBE"])
def test_from_is_the_user_who_proved_it(house: House, method: str) -> None:
    """A8, identity: mallory cannot call as alice; without credentials he cannot either."""
    sleeper(house, "bob", "token-b")
    sender = Sender.at(house)
    assert attempt(sender, "mallory", SECRET, method).status == 403
    assert sender.ask(method, BOB, From=f"<{ALICE}>;tag=1") == [407]
    assert house.pns.jobs == []


@pytest.mark.parametrize("domain", ["EXAMPLE.com", "example.com.", "elsewhere.example"])
def test_user_of_another_domain(house: House, domain: str) -> None:
    """A8, identity: a name with a domain is that of the domain, and of no other."""
    answer = attempt(Sender.at(house), f"alice@{domain}", SECRET)
    assert answer.status == 401


# realm


@pytest.mark.parametrize("realm", ["elsewhere.example", "EXAMPLE.COM", "", "example.com "])
def test_other_realms_are_not_ours(house: House, realm: str) -> None:
    """A8, realm: what was proved elsewhere is nothing here; it is passed over and challenged."""
    sender = Sender.at(house)
    asked = evolve(challenge(sender), realm=realm)
    text = Phone("alice", SECRET).credentials(asked)
    assert sender.ask(
        "REGISTER", URI, ("Authorization", text), From=f"<{ALICE}>;tag=1", To=f"<{ALICE}>"
    ) == [401]


# quoting


@pytest.mark.parametrize(
    ("before", "after", "status"),
    [
        ("qop=auth", 'qop="auth"', 200),
        ('nonce="', 'nonce= "', 200),
        ("nc=00000001", 'nc="00000001"', 200),
        ("algorithm=SHA-256", 'algorithm="sha-256"', 200),
        ('username="alice"', "username=alice", 200),
        ('username="alice"', 'username="al\\ice"', 200),
        ('username="alice"', 'username="alice\\"', 401),
        ('username="alice"', 'username="alice", username="alice"', 401),
        ('username="alice"', "username='alice'", 401),
        ('response="', "response='", 401),
        ("nc=00000001", "nc=1", 401),
        ("nc=00000001", "nc=0000000g", 401),
        ("nc=00000001", "nc=\u0660\u0660\u0660\u0660\u0660\u0660\u0660\u0661", 401),
        ("Digest ", 'Digest a a="",real', 401),
        ("Digest ", "Digest , ", 401),
        ("Digest ", "digest\t", 200),
    ],
)
def test_quoting(house: House, before: str, after: str, status: int) -> None:
    """A8, quoting: what RFC 7616 lets pass as quoted or not; nothing else is guessed at."""
    sender = Sender.at(house)
    text = Phone("alice", SECRET).credentials(challenge(sender))
    assert before in text
    written = text.replace(before, after, 1)
    found = sender.ask(
        "REGISTER", URI, ("Authorization", written), From=f"<{ALICE}>;tag=1", To=f"<{ALICE}>"
    )
    assert found == [status]


# throttle


@pytest.mark.parametrize("name", ["alice", "nobody"])
@pytest.mark.parametrize("method", ["REGISTER", "INVITE"])
def test_guesses_are_throttled(house: House, name: str, method: str) -> None:
    """A8, throttle: ten wrong ones in a minute; then the right one is refused as well."""
    sender = Sender.at(house)
    wrong = 401 if method == "REGISTER" else 407
    found = [attempt(sender, name, f"guess {n}", method).status for n in range(GUESSES)]
    assert found == [wrong] * GUESSES
    for password in ("guess", SECRET):
        answer = attempt(sender, name, password, method)
        assert said(answer) == REFUSED
        assert 0 < int(answer.headers.get("Retry-After") or 0) <= 60
    house.run(59)
    assert attempt(sender, name, SECRET, method).status == 403
    house.run(1)
    answer = attempt(sender, name, SECRET, method)
    assert answer.status not in ({403} if name == "alice" else {403, 200})


def test_victim_elsewhere_is_not_locked_out(house: House) -> None:
    """A8, throttle: nor is anybody else where the attacker is."""
    attacker = Sender.at(house, "198.51.100.66")
    for _ in range(3 * GUESSES):
        attempt(attacker, "alice", "guess")
    assert attempt(attacker, "alice", SECRET).status == 403
    assert Sender.at(house).register("alice") == [200]
    assert Sender.at(house, "198.51.100.67").register("alice") == [200]
    assert attacker.register("bob") == [200]


@pytest.mark.parametrize("transport", ["udp"])
def test_forged_datagrams_lock_nobody_out(house: House) -> None:
    """A8, throttle: who writes alice's address into his does not hear what she is asked."""
    alice = sleeper(house, "alice", "token-a")
    own = challenge(Sender.at(house, "198.51.100.66"))
    forger = Sender(house, alice.endpoint)
    for number in range(3 * GUESSES):
        text = Phone("alice", "guess").credentials(own, number + 1)
        assert forger.ask(
            "REGISTER", URI, ("Authorization", text), From=f"<{ALICE}>;tag=f", To=f"<{ALICE}>"
        ) == [401]
    assert house.get(alice.wake()).status == 200


def test_guesses_in_one_message_are_so_many(house: House) -> None:
    """A8, throttle: nine lines of Authorization are nine of the ten."""
    sender = Sender.at(house)
    asked = challenge(sender)
    lines = [("Authorization", Phone("alice", f"guess {n}").credentials(asked)) for n in range(9)]
    about = {"From": f"<{ALICE}>;tag=1", "To": f"<{ALICE}>"}
    assert sender.ask("REGISTER", URI, *lines, **about) == [401]
    assert sender.ask("REGISTER", URI, *lines, **about) == [403]


def test_refusal_costs_no_call_that_waits(house: House) -> None:
    """A8, P-044: wrong passwords while a call waits take nothing from it."""
    alice = sleeper(house, "alice", "token-a")
    call = house.phone("bob", password=SECRET).call(ALICE)
    house.run()
    attacker = Sender.at(house, "198.51.100.66")
    for _ in range(GUESSES + 2):
        attempt(attacker, "alice", "guess")
    assert not call.failed.called
    house.get(alice.wake())
    house.run()
    assert call.answered.called


@pytest.mark.usefixtures("unthrottled")
def test_throttle_can_be_off(house: House) -> None:
    """A8: ``limits.wrong_passwords = 0``."""
    sender = Sender.at(house)
    assert {attempt(sender, "alice", "guess").status for _ in range(3 * GUESSES)} == {401}
    assert sender.register("alice") == [200]
