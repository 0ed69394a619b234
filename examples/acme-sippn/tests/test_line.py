"""The provider, with somebody at the other end of the line who takes every push."""

from __future__ import annotations

import json

from acme_sippn.line import Line, LineProvider

from sippn.binding import Verdict
from sippn.interfaces import IPushProvider
from sippn.testing.contracts import PushProviderContract
from sippn.testing.results import succeeded


class Gateway:
    """
    The transport of a line, with a program at its end that answers at once.

    :ivar line: the connection.
    :ivar says: the verdict.
    :ivar heard: what was written.
    :ivar cut: whether the connection was.
    """

    def __init__(self, line: Line) -> None:
        self.line = line
        self.says = "ACCEPTED"
        self.heard: list[bytes] = []
        self.cut = False

    def write(self, line: bytes) -> None:
        """Take a push."""
        self.heard.append(line)
        answer = {"id": json.loads(line)["id"], "verdict": self.says}
        self.line.lineReceived(json.dumps(answer).encode())

    def loseConnection(self) -> None:
        """Hang up."""
        self.cut = True


class TestLineProvider(PushProviderContract):
    """All that a provider promises, and what is this one's own."""

    gateway: Gateway

    def make_provider(self) -> IPushProvider:
        """One that is connected."""
        provider = LineProvider("pushes.sock", "acme", reactor=None)
        line = Line(provider)
        line.transport = self.gateway = Gateway(line)
        line.connectionMade()
        return provider

    def verdict(self) -> Verdict:
        """What comes of a push."""
        return succeeded(self.provider.request_push(self.job())).verdict

    def test_a_push_is_a_line(self) -> None:
        """It says whom to wake, and what for."""
        assert self.verdict() is Verdict.ACCEPTED
        assert json.loads(self.gateway.heard[0]) == {
            "id": "job-call",
            "kind": "call",
            "param": "app",
            "prid": self.target().prid,
            "aor": "sip:alice@example.com",
        }

    def test_a_verdict_is_passed_on(self) -> None:
        """A phone that is gone is forgotten by sippn."""
        self.gateway.says = "DEAD"
        assert self.verdict() is Verdict.DEAD

    def test_nonsense_ends_the_connection(self) -> None:
        """What waits for an answer has failed, and the next push as well."""
        self.gateway.says = "PERHAPS"
        asked = self.provider.request_push(self.job())
        assert self.gateway.cut
        self.gateway.line.connectionLost()
        assert succeeded(asked).verdict is Verdict.FAILED
        assert self.verdict() is Verdict.FAILED
