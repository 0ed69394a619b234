"""
Writes a data base of bindings through the store's own interface, as phones would over hours.

``python -m sippn_bench_fill PATH COUNT DOMAIN OVERDUE``, with the sippn on the path whose
layout it is.  The phones of the first OVERDUE users should have been asked to refresh already.
"""

from __future__ import annotations

import sys
import time
from hashlib import sha256
from typing import Any

from attrs import fields
from twisted.internet.defer import Deferred
from twisted.internet.task import react

from sippn.binding import Binding, Change, PushTarget, Record, prid_keys
from sippn.storage.sqlite import SQLiteStore

_BATCH = 2_000
_LIFE, _LEAD = 30 * 86_400, 3_600  # seconds, as of a phone that asks for the most
_APP = "com.example.phone"


def _read(prid: str) -> dict[str, Any]:
    """What a sippn that knows of services makes of a PRID; an older one has no place for it."""
    known = {field.name for field in fields(PushTarget)}
    return {"tokens": (("remote", prid),), "app": _APP} if "app" in known else {}


def record(user: int, domain: str, now: float, overdue: bool) -> Record:
    """The record of one user with one phone that sleeps, registered in the last twenty days."""
    prid = f"{user:08x}" * 8
    registered = now - (_LIFE - _LEAD + 60 if overdue else user % 1_728_000)
    param = f"ABCD123456.{_APP}.remote"  # a VoIP token would be asked for no refresh
    target = PushTarget("apns", param, prid, **_read(prid))
    pushing = f"pn-provider=apns;pn-param={param};pn-prid={prid}"
    binding = Binding(
        id=sha256(b"%d" % user).hexdigest()[:22],
        contact=f"sip:u{user}@127.0.0.1:40000;{pushing}",
        flow="",
        expires_at=registered + _LIFE,
        registered_at=registered,
        call_id=f"r{user}-5f0e3a61c4@phone.invalid",
        cseq=0,
        instance=f"<urn:uuid:00000000-0000-4000-8000-{user:012d}>",
        user_agent="bench/1",
        push_target=target,
        refresh_at=registered + _LIFE - _LEAD,
    )
    due_at, keys = binding.refresh_at, prid_keys(target)
    return Record(
        f"sip:u{user}@{domain}", int(registered * 1000), (binding,), due_at=due_at, keys=keys
    )


async def fill(reactor: object, path: str, domain: str, count: int, overdue: int) -> None:
    """Commit *count* records to the data base at *path*."""
    store = SQLiteStore(path, reactor)  # type: ignore[arg-type]  # twisted's own reactor
    store.startService()
    now = time.time()
    for first in range(0, count, _BATCH):
        users = range(first, min(count, first + _BATCH))
        raced = await store.commit([Change(record(u, domain, now, u < overdue), 0) for u in users])
        if raced:
            raise SystemExit(f"{len(raced)} records were there already")
    await store.stopService()


def _main(reactor: object) -> Deferred[None]:
    path, count, domain, overdue = sys.argv[1:]
    return Deferred.fromCoroutine(fill(reactor, path, domain, int(count), int(overdue)))


if __name__ == "__main__":
    react(_main)
