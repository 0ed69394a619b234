"""
Bindings as tuples of plain values: the one shape of what a store writes down.

The order of the values is the format.  It is on disks: a value that is new goes to the end,
and :mod:`sippn.storage.sqlite_schema` gets a step that adds it to what is there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sippn.binding import Binding, PushState, PushTarget

# by name: a look-up in an Enum costs as much as all else of a binding's values
_ACTIVE, _DEAD, _ELSEWHERE = PushState.ACTIVE, PushState.DEAD, PushState.ELSEWHERE

_target: Callable[..., PushTarget] = PushTarget  # a type checker can't count what is unpacked


def plain(b: Binding) -> tuple[Any, ...]:
    """All of *b*, in numbers, strings, None, and tuples of these."""
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
        None if b.push_target is None else _pushed(b.push_target),
        _pushes(b.push_state),
        b.refresh_at,
        b.refresh_attempt,
        b.asleep_until,
    )


def whole(values: Sequence[Any]) -> Binding:
    """
    The binding of *values*.

    :raises ValueError: there are too few or too many: each would mean another thing.
    """
    (
        binding_id,
        contact,
        flow,
        expires_at,
        registered_at,
        call_id,
        cseq,
        q,
        instance,
        reg_id,
        path,
        params,
        user_agent,
        pushed,
        active,
        refresh_at,
        attempt,
        asleep_until,
    ) = values
    return Binding(
        binding_id,
        contact,
        flow,
        expires_at,
        registered_at,
        call_id,
        cseq,
        q,
        instance,
        reg_id,
        path,
        params,
        user_agent,
        _target(*pushed) if pushed is not None else None,
        _ACTIVE if active else _ELSEWHERE if active is None else _DEAD,
        refresh_at,
        attempt,
        asleep_until,
    )


def _pushed(target: PushTarget) -> tuple[Any, ...]:
    """Half of what there is to say is said of few: most have but the first values."""
    first = (target.provider, target.param, target.prid, target.tokens)
    if not target.app and not target.sandbox and target.delay is None and not target.hints:
        return first
    return (*first, target.app, target.sandbox, target.delay, target.hints)


def _pushes(state: PushState) -> bool | None:
    """Whether pushes reach the UA; None: a proxy on the way knows."""
    return True if state is _ACTIVE else None if state is _ELSEWHERE else False


def tupled(value: Any) -> Any:
    """*value*, of what has no tuples, with tuples for lists, however deep."""
    if isinstance(value, list):
        return tuple([tupled(each) if type(each) is list else each for each in value])
    return value
