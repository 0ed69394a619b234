"""How a record is written anew: its version, when it is due, and what it is found by."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256

from sippn.binding.services import services_of
from sippn.binding.values import AOR, Binding, Decision, PushTarget, Record

LINGER = 180.0  # seconds that an expired binding stays, unseen: Timer C, the longest wait


def rewrite(
    aor: AOR,
    record: Record | None,
    bindings: Iterable[Binding],
    now: float,
    registered: tuple[Binding, ...] = (),
) -> Decision:
    """
    Decide that *bindings* replace those of *record*.

    What has expired is not in the way, but stays for a while: a call may wait for it, and
    its UA, which was pushed in time, comes back a moment late as who it was (S-13 e).  What
    sleeps on, though it expired, stays for as long as it may be woken (S-32).

    The version is the wall clock in milliseconds, so that it does not start over where a
    record is deleted and made again, or the old one + 1 where the clock was set back.
    """
    kept: list[Binding] = []  # no comprehensions: it is hot, and they cost a call each
    ids: list[str] = []
    due_at: float | None = None
    for binding in bindings:
        asleep_until = binding.asleep_until
        gone_at = (binding.expires_at if asleep_until is None else asleep_until) + LINGER
        if gone_at > now:
            kept.append(binding)
            ids.append(binding.id)
            due = binding.refresh_at
            if due is None:
                due = gone_at
            if due_at is None or due < due_at:
                due_at = due
    version = int(now * 1000)
    removed: list[Binding] = []
    if record is not None:
        version = max(version, record.version + 1)
        for binding in record.bindings:
            if binding.id not in ids:
                removed.append(binding)  # noqa: PERF401 - as above
    stays = tuple(kept)
    after = Record(aor, version, stays, due_at, _keys_of(record, stays))
    return Decision(after, registered, tuple(removed))


def asleep(binding: Binding, now: float) -> bool:
    """Whether *binding* expired, and may be woken all the same (REQUIREMENTS S-32)."""
    until = binding.asleep_until
    return until is not None and binding.expires_at <= now < until


def prid_key(provider: str, token: str) -> bytes:
    """
    A key under which a record with *token* of *provider* is found.

    A digest, so that no index of a store holds a PRID.
    """
    return sha256(f"{provider}\0{token}".encode("utf-8", "surrogateescape")).digest()


def prid_keys(target: PushTarget) -> frozenset[bytes]:
    """The keys under which a record with *target* is found: each token has one."""
    return frozenset([prid_key(target.provider, token) for _, token in services_of(target)])


def _keys_of(record: Record | None, bindings: tuple[Binding, ...]) -> frozenset[bytes]:
    """
    The keys of *record* once it holds *bindings*; those that no PRID made stay.

    A refresh changes none: digests are made only where a target came or went.
    """
    if record is None:
        return _prid_keys(bindings)
    if len(record.bindings) == len(bindings):
        for old, new in zip(record.bindings, bindings, strict=True):
            if old.push_target is not new.push_target and old.push_target != new.push_target:
                break
        else:
            return record.keys
    return record.keys - _prid_keys(record.bindings) | _prid_keys(bindings)


def _prid_keys(bindings: Iterable[Binding]) -> frozenset[bytes]:
    targets = [b.push_target for b in bindings if b.push_target is not None]
    return frozenset().union(*[prid_keys(target) for target in targets])
