"""One message to a phone, as FCM's HTTP v1 API takes it."""

from __future__ import annotations

import json
from typing import Final

from sippn.binding import PushJob, PushKind
from sippn.providers.payload import Payload

_LONGEST_LIFE: Final = 2419200  # seconds: four weeks, more is refused
_WRITER: Final = json.JSONEncoder(separators=(",", ":"), check_circular=False)


def message(job: PushJob, payload: Payload, now: float) -> bytes:
    """
    The JSON body that asks for *job*, a data message: the app decides what its user sees.

    All is urgent, which wakes a phone that dozes, but a refresh that is not the last.  Google
    lowers the priority of an app whose urgent messages show its user nothing, so what can wait
    does not claim it.

    :param now: of the clock that the job's deadline is on, seconds.
    """
    waits = job.kind is PushKind.REFRESH and not job.urgent
    android = {
        "priority": "normal" if waits else "high",
        "ttl": f"{max(1, min(int(job.life(now)), _LONGEST_LIFE))}s",
    }
    if job.collapse_key:
        android["collapse_key"] = job.collapse_key
    data = payload.of(job, job.deadline - now)
    said = {"message": {"token": job.target.prid, "data": data, "android": android}}
    return _WRITER.encode(said).encode("ascii")
