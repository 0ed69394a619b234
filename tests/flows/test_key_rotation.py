"""
What was given out before a restart, with the same keys, with newer ones, and without them.
"""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from attrs import evolve

from sippn.auth.settings import AuthSettings, User
from sippn.proxy import ProxySettings
from sippn.seal import rotate
from sippn.service import ServerSettings
from sippn.sip import answer as answer_to
from sippn.sip import ha1, parse_challenge, write_credentials
from sippn.storage.memory import MemoryStore
from sippn.testing.house import House
from tests.flows.talk import pushed, sleeps, talking
from tests.threats.scene import Sender

KEPT = 3  # rotations after which the first key is there still


@pytest.fixture
def settings(settings: ServerSettings, tmp_path: Path) -> ServerSettings:
    """A server that keeps what it knows: its bindings, and its keys."""
    store = MemoryStore()
    return evolve(settings, keys_file=str(tmp_path / "sippn.keys"), storage=lambda _: store)


def restarted(settings: ServerSettings, house: House, rotations: int) -> House:
    """The next server, after so many rotations."""
    house.server.stopService()
    assert settings.keys_file is not None
    for number in range(rotations):
        rotate(settings.keys_file, random.Random(number).randbytes)  # noqa: S311 - for tests
    return House.built(settings)


@pytest.mark.parametrize("rotations", [0, 1, KEPT, KEPT + 1])
@pytest.mark.parametrize("purr", [True, False])
def test_dialog_outlives_the_keys_that_are_kept(
    settings: ServerSettings, rotations: int, purr: bool
) -> None:
    """
    Q-06, P-061: a phone is woken for a BYE by the PURR of the server before, or by what that
    one wrote into its Record-Route; without the key it is refused, and nobody is pushed.
    """
    settings = evolve(settings, proxy=ProxySettings(mid_dialog="purr" if purr else "all"))
    before = House.built(settings)
    dialog = talking(before, purr=purr).there.dialog
    after = restarted(settings, before, rotations)
    bob = Sender.at(after)
    routes = [("Route", route) for route in dialog.routes]
    named = {"From": dialog.local, "To": dialog.remote, "Call_ID": dialog.call_id}
    bob.ask("BYE", dialog.target, *routes, **named)
    if rotations > KEPT:
        assert pushed(after) == []
        assert bob.answers()[-1].status >= 400
    else:
        assert pushed(after) == [("mid-dialog", "BYE")]
        alice = sleeps(after, "alice", purr=purr)
        after.run()
        assert [one.uri for one in alice.requests] == [dialog.target]
    after.server.stopService()


@pytest.mark.parametrize("rotations", [1, KEPT + 1])
def test_nonce_of_before_is_stale_and_no_wrong_password(
    settings: ServerSettings, rotations: int
) -> None:
    """RFC 7616 section 3.3: the phone asks again by itself, and nobody has to type a password."""
    proof = ha1("alice", "example.com", "secret", "MD5")
    user = User("alice", "example.com", (("MD5", proof),))
    settings = evolve(
        settings, auth=AuthSettings(mode="digest", realm="example.com", users=(user,))
    )
    before = House.built(settings)
    named = {"From": "<sip:alice@example.com>;tag=r", "To": "<sip:alice@example.com>"}
    sender = Sender.at(before)
    sender.ask("REGISTER", "sip:example.com", **named)
    challenge = parse_challenge(sender.answers()[-1].headers.get_all("WWW-Authenticate")[0])
    after = restarted(settings, before, rotations)
    sender = Sender.at(after)
    uri = "sip:example.com"
    credentials = write_credentials(answer_to(challenge, "alice", "secret", "REGISTER", uri, "c"))
    sender.ask("REGISTER", uri, ("Authorization", credentials), **named)
    told = sender.answers()[-1]
    assert told.status == 401
    challenge = parse_challenge(told.headers.get_all("WWW-Authenticate")[0])
    assert challenge.stale
    credentials = write_credentials(answer_to(challenge, "alice", "secret", "REGISTER", uri, "c"))
    assert sender.ask("REGISTER", uri, ("Authorization", credentials), **named) == [200]
    after.server.stopService()
