"""
Bindings as tuples and lists of plain values: the one shape of what a store writes down.

The order of the values is the format.  It is on disks: a value that is new goes to the end,
and :mod:`sippn.storage.sqlite_schema` gets a step that adds it to what is there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sippn.binding import Binding, PushState, PushTarget

_LENGTH = 17  # of the values of a binding

_binding: Callable[..., Binding] = Binding  # a type checker can't count what is unpacked


def plain(b: Binding) -> tuple[Any, ...]:
    """All of *b*, in numbers, strings, None, and tuples of these."""
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
        b.refresh_at,
        b.refresh_attempt,
    )


def whole(values: Sequence[Any]) -> Binding:
    """
    The binding of *values*, in which lists may stand for tuples.

    :raises ValueError: there are too few or too many: each would mean another thing.
    """
    if len(values) != _LENGTH:
        raise ValueError("these are not the values of a binding")
    *early, path, params, user_agent, pushed, active, refresh_at, attempt = values
    return _binding(
        *early,
        tuple(path),
        _pairs(params),
        user_agent,
        _target(*pushed) if pushed is not None else None,
        PushState.ACTIVE if active else PushState.DEAD,
        refresh_at,
        attempt,
    )


def _target(provider: str, param: str, prid: str, tokens: Sequence[Sequence[Any]]) -> PushTarget:
    return PushTarget(provider, param, prid, _pairs(tokens))


def _pairs(values: Sequence[Sequence[Any]]) -> tuple[Any, ...]:
    return tuple([tuple(pair) for pair in values]) if values else ()
