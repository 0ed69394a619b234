"""
All three plugins in a real server: a phone that sleeps is called by its short number.

``pytest -s tests/test_woken_call.py`` tells what happens.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted  # type: ignore[import-untyped] # it has no py.typed
from acme_sippn.journal import read_journal
from twisted.internet.defer import Deferred
from twisted.internet.protocol import Factory
from twisted.protocols.basic import LineOnlyReceiver

from sippn.sip import PushParams, Response
from sippn.testing.endpoints import UDPEndpoint
from sippn.testing.ua import ScriptedUA
from sippn.testing.ua_account import Account
from sippn.transport import Address

CONFIGURATION = Path(__file__).parents[1] / "acme.toml"
TWISTD = Path(sys.executable).with_name("twistd")
PATIENCE = 10.0  # seconds


class Gateway(LineOnlyReceiver):
    """The program at the other end of the socket: it takes a push, and wakes the phone."""

    delimiter = b"\n"
    transport: Any
    phone: ScriptedUA
    pushes: list[dict[str, str]]

    def lineReceived(self, line: bytes) -> None:
        """A push."""
        push = json.loads(line)
        say(f"the gateway is asked to push: {push['kind']} for {push['aor']}")
        self.pushes.append(push)
        self.sendLine(json.dumps({"id": push["id"], "verdict": "ACCEPTED"}).encode())
        self.phone.wake()


@pytest.fixture
def reactor() -> Any:
    """The one that pytest-twisted runs."""
    from twisted.internet import reactor

    return reactor


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Address]:
    """A server with the configuration of this package, on a free port; its log has no traceback."""
    config = tmp_path / "acme.toml"
    config.write_text(CONFIGURATION.read_text().replace("port = 5060", "port = 0"))
    command = [str(TWISTD), "-n", "--pidfile=", f"--logfile={tmp_path / 'log'}"]
    twistd = subprocess.Popen([*command, "sippn", "--config", str(config)])
    try:
        yield listening(twistd, tmp_path / "log")
        twistd.terminate()
        assert twistd.wait(PATIENCE) == -signal.SIGTERM
    finally:
        twistd.kill()
        twistd.wait()
    log = (tmp_path / "log").read_text()
    assert "Traceback" not in log, log
    assert "secret-prid" not in log, log


@pytest_twisted.ensureDeferred  # type: ignore[untyped-decorator] # it has no py.typed
async def test_a_sleeping_phone_is_called_by_its_short_number(
    server: Address, reactor: Any, tmp_path: Path
) -> None:
    """Policy, store and provider of this package each do their part."""
    phone = ua("alice", server, reactor, PushParams("acme", "app", "secret-prid"))
    caller = ua("bob", server, reactor)
    Gateway.phone, Gateway.pushes = phone, []
    gateway = reactor.listenUNIX(str(tmp_path / "pushes.sock"), Factory.forProtocol(Gateway))

    assert (await soon(phone.register(), reactor)).status == 200
    [[record]] = read_journal(tmp_path / "registrations.jsonl")
    say(f"the journal has {record.aor}")
    phone.sleep()
    say("the phone sleeps; somebody calls 11")
    call = caller.call("sip:11@example.com")
    answer = await soon(call.answered, reactor)
    say(f"the phone is awake, and answers: {answer.status} {answer.reason}")
    assert (await soon(call.hang_up(), reactor)).status == 200

    [push] = Gateway.pushes
    assert (push["aor"], push["prid"]) == ("sip:alice@example.com", "secret-prid")
    assert (len(phone.incoming), phone.missed) == (1, 0)
    for one in (phone, caller):
        one.sleep()  # its timers say nothing more
        one.endpoint.close()
    await gateway.stopListening()


def soon(answer: Deferred[Response], reactor: Any) -> Deferred[Response]:
    """Wait for *answer*, but not for ever."""
    return answer.addTimeout(PATIENCE, reactor)


def listening(twistd: subprocess.Popen[bytes], log: Path) -> Address:
    """Where the server listens, once its log says so."""
    for _ in range(int(PATIENCE / 0.05)):
        text = log.read_text() if log.exists() else ""
        found = re.search(r"listening on udp 127.0.0.1:([0-9]+)", text)
        if found:
            return Address("127.0.0.1", int(found[1]))
        if twistd.poll() is not None:
            break
        time.sleep(0.05)
    raise AssertionError(f"it does not listen: {text}")


def ua(user: str, server: Address, reactor: Any, push: PushParams | None = None) -> ScriptedUA:
    """A phone on a socket of its own."""
    account = Account(user, "example.com", push=push)
    return ScriptedUA(account, UDPEndpoint(reactor), server, reactor, os.urandom)


def say(what: str) -> None:
    """For who watches."""
    print(f"  {what}")
