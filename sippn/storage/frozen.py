"""
Records as octets, the form in which they are held in memory.

The garbage collector walks every object that might be part of a cycle, and the server
stands still while it does: a fifth of a second for 200,000 records of tuples.  Octets it
does not walk, and they take a fraction of the memory.  They never leave the process.
"""

from __future__ import annotations

from collections.abc import Callable
from marshal import dumps, loads
from typing import Any

from sippn.binding import AOR, Binding, PushState, PushTarget, Record

_binding: Callable[..., Binding] = Binding  # a type checker can't count what is unpacked


def freeze(record: Record) -> bytes:
    """All of *record* but its AOR."""
    bindings = tuple([_freeze_binding(b) for b in record.bindings])
    return dumps((record.version, tuple(record.keys), record.due_at, bindings))


def thaw(aor: AOR, frozen: bytes) -> Record:
    """The record of *aor* that was frozen."""
    version, keys, due_at, bindings = loads(frozen)  # noqa: S302 - our own octets
    thawed = tuple([_thaw_binding(b) for b in bindings])
    return Record(aor, version, thawed, due_at, frozenset(keys))


def stamp(frozen: bytes) -> tuple[int, tuple[bytes, ...]]:
    """The version and the keys of a frozen record."""
    version, keys, _, _ = loads(frozen)  # noqa: S302 - our own octets
    return version, keys


def _freeze_binding(b: Binding) -> tuple[Any, ...]:
    target = b.push_target
    pushed = None
    if target is not None:
        pushed = (target.provider, target.param, target.prid, target.tokens)
    return (
        b.id,
        b.contact,
        b.flow,
        b.expires_at,
        b.registered_at,
        b.call_id,
        b.cseq,
        b.q,
        b.instance,
        b.reg_id,
        b.path,
        b.params,
        b.user_agent,
        pushed,
        b.push_state is PushState.ACTIVE,
    )


def _thaw_binding(frozen: tuple[Any, ...]) -> Binding:
    *plain, pushed, active = frozen
    target = PushTarget(*pushed) if pushed is not None else None
    return _binding(*plain, target, PushState.ACTIVE if active else PushState.DEAD)
