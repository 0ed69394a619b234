"""The demo, with all in it real but Apple: loopback, HTTP/2 over TLS, a process of its own."""

from __future__ import annotations

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
from twisted.application.service import IService
from twisted.internet.task import deferLater
from twisted.logger import LogEvent
from zope.interface.verify import verifyObject

from sippn.demo import make_demo
from sippn.demo.scene import Scene
from sippn.demo.stage import DEVICE_TOKEN, Stage
from sippn.interfaces import Surroundings
from sippn.testing.push_server import Answer, APNs
from sippn.testing.push_server.files import APP

ROOT = Path(__file__).parents[2]
PERFORM = """
import signal, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # not so in what a script has put aside
from twisted.internet import reactor
reactor.seconds = time.monotonic
from sippn.demo import perform

def show(text):
    if {gone!r} and {gone!r} in text:
        raise BrokenPipeError
    print(text, flush=True)

perform(reactor, {calls}, show)
"""


def quiet(text: str) -> None:
    """A terminal that nobody looks at."""


@pytest.fixture
def reactor() -> Iterator[Any]:
    """The reactor, as it was before: transactions outlive their sockets by 32 s."""
    from twisted.internet import reactor  # noqa: PLC0415 - pytest-twisted installs it

    yield reactor
    for call in reactor.getDelayedCalls():
        call.cancel()


@pytest.fixture
def stage(reactor: Any) -> Iterator[Stage]:
    around = Surroundings(reactor=reactor, clock=reactor, wall=time.time, entropy=os.urandom)
    stage = Stage.up(around)
    yield stage
    pytest_twisted.blockon(stage.down())


async def test_call_wakes_the_phone_once(stage: Stage) -> None:
    """Issue 2, 13: register, sleep, INVITE, push, re-REGISTER, one INVITE, 180, 200, ACK, BYE."""
    lines: list[str] = []
    outcome = await Scene(stage, lines.append).play()
    assert outcome.woken
    assert re.fullmatch(
        r"alice's phone slept; woken in [0-9]\.[0-9]{2} s; answered; "
        r"1 INVITE delivered, 1 push sent",
        outcome.words,
    )
    shown = [label for line in lines for label in re.findall(r"--([^-|<>]+)-", line)]
    assert [label for label in shown if "accepted" not in label] == [
        "REGISTER",
        "200 OK (REGISTER)",
        "INVITE",
        "100 Trying (INVITE)",
        "push (call)",
        "wake up",
        "REGISTER",
        "200 OK (REGISTER)",
        "INVITE",
        *["180 Ringing (INVITE)"] * 2,
        *["200 OK (INVITE)"] * 2,
        *["ACK"] * 2,
        *["BYE"] * 2,
        *["200 OK (BYE)"] * 2,
    ]
    assert any("alice sleeps" in line for line in lines)
    assert all(len(line) <= 100 for line in lines)


def gone() -> Answer:
    """What APNs says of a token that is no longer in use, whenever it was registered."""
    return APNs.refusal("Unregistered", timestamp=int(time.time() * 1000) + 60_000)


async def test_push_is_one_that_apple_would_take(stage: Stage) -> None:
    """Issue 7, 10: a VoIP push for the app of the Contact, with a token that its key signed."""
    await Scene(stage, quiet).play()
    [push] = stage.pns.apns.pushes
    assert (push.token, push.topic) == (DEVICE_TOKEN, f"{APP}.voip")
    assert (push.push_type, push.priority, push.payload["sippn"]["kind"]) == ("voip", 10, "call")
    assert (stage.pns.apns.provider_tokens, stage.pns.apns.doubled) == (1, 0)


def has_keys(stage: Stage) -> bool:
    """Whether what Apple gives to an app's maker is there."""
    return (Path(stage.keys.name) / "AuthKey.p8").exists()


async def test_keys_are_gone_at_the_end(reactor: Any) -> None:
    """What was written for the demo is no longer there when it is over."""
    around = Surroundings(reactor=reactor, clock=reactor, wall=time.time, entropy=os.urandom)
    stage = Stage.up(around)
    before = has_keys(stage)
    await stage.down()
    assert (before, has_keys(stage)) == (True, False)


async def test_dead_prid_is_a_failed_call(stage: Stage) -> None:
    """A call that is not woken counts as failed, and says why."""
    stage.pns.apns.default = gone()
    outcome = await Scene(stage, quiet).play()
    assert not outcome.woken
    assert outcome.words.startswith("the caller got 480")


async def test_unanswered_call_is_a_failed_call(stage: Stage) -> None:
    """Nobody waits for ever: after its time the call is taken back."""
    outcome = await Scene(stage, quiet, patience=0.1).play()
    assert not outcome.woken
    assert outcome.words == "nobody answered within 0.1 s"


async def test_next_call_starts_afresh(stage: Stage) -> None:
    """A failure does not spoil the calls after it."""
    stage.pns.apns.script.append(gone())
    outcomes = [await Scene(stage, quiet).play() for _ in range(3)]
    assert [outcome.woken for outcome in outcomes] == [False, True, True]


def test_demo_is_a_service(reactor: Any) -> None:
    """It can be put into an application like any other."""
    assert verifyObject(IService, make_demo(reactor, reactor, None, quiet))


async def test_says_goodbye_however_it_ends(reactor: Any) -> None:
    """Stopped in the middle of a call, it tells where the reader's own phone may register."""
    lines: list[str] = []
    demo = make_demo(reactor, reactor, 2, lines.append)
    demo.startService()
    await deferLater(reactor, 0.1)
    await demo.stopService()
    assert await demo.finished is False
    await demo.stopService()
    [goodbye] = [line for line in lines if "5060" in line]
    assert "twistd -n sippn\n" in goodbye
    assert "0 calls; 0 woken" in goodbye


async def test_bug_ends_it_as_failed(reactor: Any, nothing_fails_unseen: list[LogEvent]) -> None:
    """What is wrong with the demo itself is logged, and no reason to hang."""

    def broken(text: str) -> None:
        if text.endswith("APNs"):  # the heading
            raise ZeroDivisionError

    demo = make_demo(reactor, reactor, None, broken)
    demo.startService()
    assert await demo.finished is False
    await demo.stopService()
    assert "the demo broke" in [event["log_format"] for event in nothing_fails_unseen]
    nothing_fails_unseen.clear()


async def test_terminal_that_is_gone_ends_it(reactor: Any) -> None:
    """Piped into a pager that ends, it ends too, and floods nothing with tracebacks."""

    def gone(text: str) -> None:
        if "INVITE" in text:
            raise BrokenPipeError

    demo = make_demo(reactor, reactor, None, gone)
    demo.startService()
    assert await demo.finished is True
    await demo.stopService()


def started(calls: int | None, gone: str = "") -> subprocess.Popen[str]:
    """A process that performs the demo, on a terminal that is gone when *gone* is shown."""
    return subprocess.Popen(
        [sys.executable, "-c", PERFORM.format(calls=calls, gone=gone)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_process_ends_with_0_and_shows_nothing_else() -> None:
    """Issue 2, 13: exit code 0 when every call was woken; no log line anywhere."""
    process = started(calls=1)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (0, "")
    assert "Call 1: alice's phone slept; woken in" in out
    assert "1 call; 1 woken exactly once." in out
    assert "[-]" not in out


def test_process_ends_with_1_otherwise() -> None:
    """Issue 2, 13: less than what was asked for is a failure."""
    process = started(calls=1, gone="wake up")
    _, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (1, "")


def test_interrupt_ends_it_with_a_goodbye() -> None:
    """Ctrl-C is how a demo without a number of calls ends, and no failure."""
    process = started(calls=None)
    assert process.stdout is not None
    for line in process.stdout:
        if "Call 1" in line:
            break
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (0, "")
    assert "register at 127.0.0.1:5060" in out
