"""What a gateway is told, and what its answers say: one contract for each preset of a webhook."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from attrs import evolve, frozen

from sippn.binding import PushJob, PushKind, PushOutcome, PushTarget, Verdict
from sippn.http import Answer
from sippn.providers.rows import Row
from sippn.providers.sylk import PLATFORMS, SYLK_ROWS, sylk_body, sylk_key, sylk_takes
from sippn.providers.verdicts import seconds_to_wait
from sippn.providers.webhook_settings import Preset

_WRITER: Final = json.JSONEncoder(separators=(",", ":"), check_circular=False)

ROWS: Final[Mapping[str, Row]] = MappingProxyType(
    {
        "HTTP 2xx": Row(Verdict.ACCEPTED, "the gateway has it"),
        "HTTP 404, 410": Row(Verdict.DEAD, "the gateway says that the PRID is gone"),
        "HTTP 429": Row(Verdict.BUSY, "the gateway is asked too often"),
        "HTTP 5xx": Row(Verdict.BUSY, "the gateway is out of order for now"),
        "HTTP 401, 403": Row(
            Verdict.REFUSED,
            "the gateway does not take what shows it who we are",
            "see headers and signing_key of its table, Authorization above all",
        ),
        "HTTP 3xx": Row(
            Verdict.REFUSED,
            "the gateway sends us elsewhere, where our headers are not to be known",
            "write in url where it sends us, if that is right",
        ),
        "HTTP 4xx": Row(
            Verdict.REFUSED,
            "the gateway does not take the push",
            "see its log, and that url and preset are right",
        ),
    }
)
"""By HTTP status (DESIGN section 5)."""


@frozen
class Contract:
    """
    How a gateway is spoken to.

    :ivar takes: whether it can be told of a push of that kind to that target, whose PNS is
        served.
    :ivar write: the JSON body, of a job with its service, its token and the seconds it has left.
    :ivar reads: what it says is in the bodies of its answers, too.
    :ivar reaches: the PNSs that it reaches; none: any, whose names nobody knows.
    """

    takes: Callable[[PushTarget, PushKind], bool]
    write: Callable[[PushJob, str, str, float], bytes]
    rows: Mapping[str, Row]
    key: Callable[[Answer], str]
    reads: bool = False
    reaches: tuple[str, ...] = ()

    def outcome(self, answer: Answer, wall: float) -> PushOutcome:
        """
        What *answer* says.

        The detail is the number alone: reason phrase and body are the gateway's, and may repeat
        the PRID they were sent.

        :param wall: wall clock, seconds, for a Retry-After that is a date.
        """
        row = self.rows[self.key(answer)]
        outcome = row.outcome(f"HTTP {answer.status}")
        wait = answer.value(b"retry-after")
        if row.verdict is not Verdict.BUSY or wait is None:
            return outcome
        return evolve(outcome, retry_after=seconds_to_wait(wait, wall))


def _generic_key(answer: Answer) -> str:
    status = answer.status
    if 200 <= status < 300:
        return "HTTP 2xx"
    if status in (404, 410):
        return "HTTP 404, 410"
    if status in (401, 403):
        return "HTTP 401, 403"
    return "HTTP 429" if status == 429 else f"HTTP {status // 100}xx"


def write_generic(job: PushJob, service: str, token: str, left: float) -> bytes:
    """The JSON object of DESIGN section 5; nothing in it is of the caller."""
    target = job.target
    body: dict[str, Any] = {
        "kind": job.kind.value,
        "provider": target.provider,
        "param": target.param,
        "prid": target.prid,
        "token": token,
        "service": service,
        "app": target.app,
        "sandbox": target.sandbox,
        "hints": dict(target.hints),
        "aor": job.aor,
        "call_id": job.call_id,
        "method": job.method,
        "deadline": round(left, 3),
        "id": job.id,
    }
    if job.reason:
        body["reason"] = job.reason
    return _WRITER.encode(body).encode("ascii")


def _write_sylk(
    job: PushJob,
    _service: str,
    token: str,
    _left: float,
) -> bytes:
    return _WRITER.encode(sylk_body(job, token)).encode("ascii")


GENERIC: Final = Contract(lambda _target, _kind: True, write_generic, ROWS, _generic_key)
SYLK: Final = Contract(
    sylk_takes, _write_sylk, SYLK_ROWS, sylk_key, reads=True, reaches=tuple(PLATFORMS)
)

CONTRACTS: Final[Mapping[Preset, Contract]] = MappingProxyType(
    {Preset.GENERIC: GENERIC, Preset.SYLK: SYLK}
)
