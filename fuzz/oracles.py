"""What must be true of everything that the server emits, whatever it was sent."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict, deque
from collections.abc import Sequence

from attrs import define, field, frozen

from fuzz.case import Case
from fuzz.draft import Sender
from fuzz.strict import Emitted, Malformed, answers, read

ORACLES = (
    "alive",
    "framing",
    "injection",
    "beyond",
    "well-formed",
    "answers",
    "unproved",
    "secrets",
    "level",
    "amplification",
    "log",
)
"""What is checked, in the order of the report."""

PRID = b"prid-of-the-sleeper-0123456789abcdef"
MOST_AMPLIFIED = 1.5
_LEAST_SENT = 20_000  # octets: before, a few answers decide
_SECONDS_ALIVE = 2.0
_SUSPECTS = 40  # iterations: one of them may have done it

_BEYOND = re.compile(rb"Beyond-[0-9]+-")
_CANARY_LINE = re.compile(rb"(?:\A|[\r\n])[ \t]*X-Canary-[0-9]+[ \t]*:")
_SMUGGLED = b"Smuggled-"
_PUSH_FIELDS = {b"host", b"content-type", b"user-agent", b"content-length"}
_PUSH_KEYS = {
    *("kind", "provider", "param", "prid", "token", "service", "app", "sandbox", "hints"),
    *("aor", "call_id", "method", "deadline", "id"),
}


@frozen
class Failure:
    """
    An oracle that was not satisfied.

    :ivar case: seed and number; empty: it is not known whose fault it is.
    :ivar emitted: what was wrong.
    """

    oracle: str
    reason: str
    case: str = ""
    kind: str = ""
    emitted: bytes = b""

    def __str__(self) -> str:
        whose = f"{self.case} ({self.kind})" if self.case else "(of no known iteration)"
        shown = f"\n    emitted: {self.emitted[:2000]!r}" if self.emitted else ""
        return f"{self.oracle}: {whose}: {self.reason}{shown}"


@define(eq=False)
class Oracles:
    """
    All that was found, and what it was found in.

    :ivar checked: how many things each oracle has looked at.
    :ivar worst: the slowest answer to a probe, seconds; *worst_after* this iteration.
    :ivar recent: the iterations that were sent last.
    :ivar sent: octets by UDP source that has proved nothing; *received* by it.
    """

    failures: list[Failure] = field(factory=list)
    checked: Counter[str] = field(factory=Counter)
    statuses: Counter[int] = field(factory=Counter)
    worst: float = 0.0
    worst_after: str = ""
    sent: dict[str, int] = field(factory=lambda: defaultdict(int))
    recent: deque[str] = field(factory=lambda: deque(maxlen=_SUSPECTS))
    received: dict[str, int] = field(factory=lambda: defaultdict(int))

    def fail(
        self, oracle: str, reason: str, case: Case | None = None, emitted: bytes = b""
    ) -> None:
        """An oracle is not satisfied."""
        name, kind = (case.name, case.kind) if case else ("", "")
        if case is None and oracle in ("alive", "log"):
            reason += f"; it was sent {', '.join(self.recent)}"
        self.failures.append(Failure(oracle, reason, name, kind, emitted))

    def emitted(
        self, octets: bytes, case: Case | None, sent: Sequence[bytes] = (), own: bool = False
    ) -> Emitted | None:
        """
        Look at one message that the server sent.

        :param case: which it is of, as far as that can be seen.
        :param sent: the requests of which it must answer one; none: it need not answer any.
        :param own: its receiver may know the PRID of the sleeper.
        """
        self.checked["well-formed"] += 1
        try:
            message = read(octets)
        except Malformed as wrong:
            self.fail("well-formed", str(wrong), case, octets)
            self._smuggled(octets, octets, case)
            return None
        self._smuggled(message.head, octets, case)
        if message.status:
            self.statuses[message.status] += 1
            self._answered(message, case, sent, octets)
        else:
            self._forwarded(message, case, octets)
        self.checked["secrets"] += 1
        if not own and PRID in octets:
            self.fail("secrets", "the PRID of somebody else", case, octets)
        return message

    def pushed(self, head: bytes, body: bytes, case: Case | None) -> None:
        """Look at a POST to the push service."""
        self.checked["injection"] += 1
        names = {line.partition(b":")[0].lower() for line in head.split(b"\r\n")[1:]}
        if names != _PUSH_FIELDS or head.count(b"\r") != head.count(b"\n"):
            self.fail("injection", f"a POST with the fields {sorted(names)}", case, head)
        self._smuggled(head, body, case)
        try:
            said = json.loads(body)
        except ValueError:
            said = {}
        recall = said.get("kind") == "cancel"  # says why, where somebody said why
        if set(said) - ({"reason"} if recall else set()) != _PUSH_KEYS:
            self.fail("injection", "a push that is not what it should be", case, body)

    def logged(self, text: bytes) -> None:
        """Look at what was logged, whole lines."""
        for line in text.split(b"\n"):
            self.checked["log"] += 1
            if b"Traceback" in line or b"Unhandled" in line:
                self.fail("log", "a bug was met", None, text[text.index(line) :][:3000])
            if _CANARY_LINE.search(line.replace(b"\x85", b"\n")):
                self.fail("log", "a line that a peer began", None, line)
            if PRID in line or _BEYOND.search(line):
                self.fail("log", "a secret", None, line)

    def answered_in(self, seconds: float) -> None:
        """A probe was answered."""
        self.checked["alive"] += 1
        if seconds > self.worst:
            self.worst, self.worst_after = seconds, "".join([*self.recent][-1:])
        if seconds > _SECONDS_ALIVE:
            self.fail("alive", f"a probe was answered after {seconds:.2f} s")

    def amplified(self) -> None:
        """Compare what unknown sources have sent with what they were sent, now."""
        self.checked["amplification"] += 1
        pairs = [(one, sent, self.received[one]) for one, sent in self.sent.items()]
        whole = ("all of them", sum(sent for _, sent, _ in pairs), sum(got for *_, got in pairs))
        for source, sent, got in [*pairs, whole]:
            if sent >= _LEAST_SENT and got > MOST_AMPLIFIED * sent:
                self.fail("amplification", f"{source} sent {sent} octets and got {got}")

    def _smuggled(self, head: bytes, whole: bytes, case: Case | None) -> None:
        self.checked["injection"] += 1
        self.checked["beyond"] += 1
        if _CANARY_LINE.search(head):
            self.fail("injection", "a header field that nobody sent", case, whole)
        if _SMUGGLED in head:
            self.fail("injection", "a request that nobody sent", case, whole)
        if _BEYOND.search(whole):
            self.fail("beyond", "octets from beyond the end of a message", case, whole)

    def _answered(
        self, message: Emitted, case: Case | None, sent: Sequence[bytes], octets: bytes
    ) -> None:
        if sent:
            self.checked["answers"] += 1
            wrong = [answers(message, one) for one in sent]
            if all(wrong):
                self.fail("answers", wrong[0], case, octets)
        if case is not None and case.kind == "who_exists" and 101 <= message.status < 300:
            self.fail("unproved", f"{message.status} for a wrong password", case, octets)

    def _forwarded(self, message: Emitted, case: Case | None, octets: bytes) -> None:
        self.checked["unproved"] += 1
        if case is not None and case.sender is not Sender.TRUSTED and case.proof is None:
            self.fail("unproved", "a request of somebody who has proved nothing", case, octets)
        offered = [*message.all(b"proxy-authorization"), *message.all(b"authorization")]
        if any(b'realm="fuzz.test"' in one for one in offered if message.method != b"REGISTER"):
            self.fail("secrets", "credentials for the server itself", case, octets)
