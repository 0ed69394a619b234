"""
All the words for a push that docs/phones.rst lists, said by a linphone.
"""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve, frozen

from tests.peers.account import BOB, Account
from tests.peers.callers import Callers
from tests.peers.linphone import MakePhone, Phone
from tests.peers.push import PushService
from tests.peers.server import Configuration, Listen, Server, StartServer
from tests.peers.waiting import PATIENCE

pytestmark = pytest.mark.peer

ALICE = Account("alice", "f81d4fae-7dec-11d0-a765-00a0c91e6bf6")
PHONES = Path(__file__).parents[2] / "docs" / "phones.rst"
SECRET = "TOKEN"
"""All PRIDs of the rows have it."""

IN_THREE_WAYS = [
    evolve(ALICE, push_params="pn-provider=fcm;pn-param=app;pn-prid=TOKEN"),
    evolve(ALICE, contact_params="pn-type=firebase;app-id=1234;pn-tok=TOKEN"),
    evolve(ALICE, header_params="pn-provider=fcm;pn-param=app;pn-prid=TOKEN"),
]

_ROW = re.compile(
    r"^    \* - ``<sip:alice@\.\.\.;?([^>`]*)>;?([^`]*)``\n"
    r"      - (.+(?:\n        .+)*)\n"
    r"      - ``(.+)``$",
    re.MULTILINE,
)
_WORD = re.compile(r"pn-(?:provider|type)=([a-z.]+)")


@frozen
class Row:
    """
    One way to ask.

    :ivar pushed: what a gateway is told, among other things.
    """

    account: Account
    pushed: dict[str, Any]

    def __str__(self) -> str:
        """Its id among the tests."""
        return self.account.contact_params or self.account.header_params

    @property
    def word(self) -> str:
        """What the phone calls its push service."""
        found = _WORD.search(str(self))
        assert found is not None, self
        return found[1]


ROWS = [
    Row(
        evolve(ALICE, contact_params=in_uri, header_params=behind),
        json.loads(f"{{{pushed}}}"),
    )
    for in_uri, behind, _, pushed in _ROW.findall(PHONES.read_text())
]


def test_all_rows_are_read() -> None:
    """A row that is written otherwise is not left out unseen."""
    assert len(ROWS) == PHONES.read_text().count("* - ``<sip:alice@...") >= 10


@pytest.fixture
def server(start_server: StartServer) -> Server:
    """One that asks for no passwords."""
    return start_server(Configuration(listen=(Listen("udp"), Listen("tcp"))))


@pytest.fixture
def caller(server: Server) -> Iterator[Callers]:
    """Somebody who calls."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as endpoint:
        endpoint.bind(("127.0.0.1", 0))
        endpoint.settimeout(PATIENCE)
        yield Callers(endpoint, server.port)


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_call_wakes_who_asked_for_it_in_any_words(
    row: Row, make_phone: MakePhone, server: Server, caller: Callers, pushes: PushService
) -> None:
    """N-08, U-03: a phone is promised a push in its own words, and woken by those of RFC 8599."""
    alice = make_phone(server.edge(), row.account)
    alice.start()
    alice.wait_until_registered()
    assert f'+sip.pns="{row.word}"' in alice.log
    alice.kill()

    caller.call("alice")
    push = pushes.next()
    assert push["kind"] == "call"
    assert {key: push[key] for key in row.pushed} == row.pushed
    alice.start()
    [(_, answer)] = caller.answers(1, final=True).values()

    assert answer.status == 200
    assert SECRET not in str(answer)
    assert SECRET not in server.log
    assert pushes.all_taken


@pytest.mark.parametrize("transport", ["udp", "tcp"])
@pytest.mark.parametrize("alice", IN_THREE_WAYS, ids=["in the URI", "legacy", "behind the URI"])
def test_who_is_called_by_a_phone_never_sees_its_prid(
    alice: Account, transport: str, make_phone: MakePhone, server: Server
) -> None:
    """P-071, U-01, B 19: what a linphone says about push in its calls is removed from them."""
    calls, called = make_phone(server.edge(transport), alice), make_phone(server.edge("tcp"), BOB)
    for phone in (calls, called):
        phone.start()
    for phone in (calls, called):
        phone.wait_until_registered()
    assert SECRET in calls.log
    calls.call("bob")
    talk_and_hang_up(calls, called)
    assert SECRET not in called.log
    assert SECRET not in server.log


@pytest.mark.parametrize("transport", ["udp", "tcp"])
@pytest.mark.parametrize("alice", IN_THREE_WAYS, ids=["in the URI", "legacy", "behind the URI"])
def test_who_has_logged_out_is_not_pushed(
    alice: Account,
    transport: str,
    make_phone: MakePhone,
    server: Server,
    caller: Callers,
    pushes: PushService,
) -> None:
    """U-05, P-028: linphone takes its binding back, push parameters and all, and sippn lets it."""
    phone = make_phone(server.edge(transport), alice)
    phone.start()
    phone.wait_until_registered()
    phone.log_out()
    caller.call("alice")
    [(_, answer)] = caller.answers(1, final=True).values()
    assert answer.status == 480
    assert pushes.all_taken


def talk_and_hang_up(calls: Phone, called: Phone) -> None:
    """See the call answered, and ended by who was called."""
    for phone in (calls, called):
        phone.wait_until_call("StreamsRunning")
    called.hang_up()
    for phone in (calls, called):
        phone.wait_until_call("Released")
