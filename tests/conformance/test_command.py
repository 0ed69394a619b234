"""The suite as a command: what it understands, what it says, how it ends."""

from __future__ import annotations

import socket
import subprocess
import sys

import pytest
from twisted.python import usage

from sippn.testing.conformance import CATALOGUE, Options, Result, Users, Verdict
from sippn.testing.conformance.__main__ import line, main
from sippn.transport import Address

HOST = ("127.0.0.1", "5060")


def parsed(*words: str) -> Options:
    options = Options()
    options.parseOptions(words)
    return options


def test_says_little_and_gets_much() -> None:
    """N-30: host and port are enough; the domain is then the host, and users are made up."""
    options = parsed(*HOST)
    subject = options.subject
    assert subject.address == Address("127.0.0.1", 5060)
    assert (subject.transport, subject.domain, subject.host) == ("udp", "127.0.0.1", "127.0.0.1")
    assert subject.webhook == Address("127.0.0.1", 9070)
    assert (subject.password, len(options.scenarios)) == (None, len(CATALOGUE))
    assert options.users.casts > 1000


@pytest.mark.parametrize("words", [(*HOST, "--domain", "a.b"), ("--domain", "a.b", *HOST)])
def test_options_come_before_or_behind(words: tuple[str, ...]) -> None:
    """N-30: HOST and PORT are at either end."""
    assert parsed(*words).subject.domain == "a.b"


@pytest.mark.parametrize(
    ("words", "story"),
    [
        ((), "HOST and PORT"),
        (("127.0.0.1",), "HOST and PORT"),
        (("localhost", "5060"), "localhost is no IP address"),
        (("127.0.0.1", "sip"), "sip is no port"),
        (("127.0.0.1", "65536"), "65536 is no port"),
        ((*HOST, "--transport", "tls"), "write udp or tcp"),
        ((*HOST, "--webhook", "9070"), "--webhook: nothing is no IP address"),
        ((*HOST, "--wait", "long"), "--wait long: write a number"),
        ((*HOST, "--wait", "nan"), "--wait nan: write a number"),
        ((*HOST, "--users", "a,b"), "write 3 or more"),
        ((*HOST, "--only", "P-999"), "no scenario is called so"),
        ((*HOST, "--colour"), "colour"),
    ],
)
def test_wrong_words_are_explained(words: tuple[str, ...], story: str) -> None:
    """N-30: a usage error says what to write."""
    with pytest.raises(usage.UsageError, match=story):
        parsed(*words)


def test_scenarios_are_chosen_by_id_or_name() -> None:
    """N-30: ``--only`` takes several, and patterns."""
    chosen = parsed(*HOST, "--only", "P-046,U-0*,plain_register").scenarios
    assert {"nobody_comes", "too_late", "plain_register", "removed"} <= {one.name for one in chosen}
    assert len(chosen) < len(CATALOGUE) / 2


def test_scenarios_say_what_they_show() -> None:
    """N-30: each has an id, a sentence, and a name that no other has."""
    assert len({one.name for one in CATALOGUE}) == len(CATALOGUE)
    assert len({(one.ids, one.what) for one in CATALOGUE}) == len(CATALOGUE)
    assert all(one.ids[0] in "PUFGDQ" and one.ids[1] == "-" for one in CATALOGUE)
    assert all(len(one.what) > 20 for one in CATALOGUE)


def test_users_are_dealt_out() -> None:
    """N-30: three a scenario, nobody to two at a time."""
    users = Users(("a", "b", "c", "d", "e", "f", "g"))
    assert users.casts == 2
    first, second = users.take(), users.take()
    assert first == {"alice": "a", "bob": "b", "carol": "c"}
    assert second == {"alice": "d", "bob": "e", "carol": "f"}
    users.give_back(first)
    assert users.take() == first
    assert Users(("x-{}",)).take() == {"alice": "x-1", "bob": "x-2", "carol": "x-3"}


def test_line_has_verdict_time_and_story() -> None:
    """N-30: what failed stands below."""
    one = next(one for one in CATALOGUE if one.name == "nobody_comes")
    assert line(one, Result(Verdict.OK, "", 1.234)) == (f"ok        1.23 s  P-046: {one.what}")
    failed = line(one, Result(Verdict.FAILED, "the caller got 408", 25))
    assert failed.splitlines() == [
        f"failed   25.00 s  P-046: {one.what}",
        "                  the caller got 408",
    ]


@pytest.mark.parametrize(("verdict", "lines"), [(Verdict.FAILED, 3), (Verdict.SKIPPED, 2)])
def test_what_was_said_is_shown(verdict: Verdict, lines: int) -> None:
    """N-30: ``--show`` is for what failed."""
    result = Result(verdict, "the caller got 408", 25, ("  0.001  alice -> REGISTER",))
    said = line(CATALOGUE[0], result, show=True).splitlines()
    assert len(said) == lines
    assert said[-1].endswith("REGISTER") == (verdict is Verdict.FAILED)


def test_scenarios_are_listed() -> None:
    """N-30: ``--list`` needs no server."""
    said: list[str] = []
    with pytest.raises(SystemExit) as end:
        main(["--list"], said.append)
    assert end.value.code == 0
    assert len(said) == len(CATALOGUE)


def test_wrong_words_end_it(capsys: pytest.CaptureFixture[str]) -> None:
    """N-30: status 2 is not a server's failure."""
    with pytest.raises(SystemExit) as end:
        main(["127.0.0.1"], print)
    assert end.value.code == 2
    assert "Usage: python -m sippn.testing.conformance HOST PORT" in capsys.readouterr().err


def test_nobody_there() -> None:
    """N-30: a server that does not answer is told once, and not for each scenario."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        port = str(silent.getsockname()[1])
        command = [sys.executable, "-m", "sippn.testing.conformance", "127.0.0.1", port]
        with socket.socket() as other:
            other.bind(("127.0.0.1", 0))
            webhook = f"127.0.0.1:{other.getsockname()[1]}"
        words = ["--patience", "0.2", "--webhook", webhook]
        done = subprocess.run([*command, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == (
        f"nobody is at udp 127.0.0.1:{port}: no final response to a REGISTER that asks for bindings"
        " within 0.2 s\n"
    )
