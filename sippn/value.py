"""
How a value is written that nobody changes once it is made.

The type checker holds everybody to that.  At run time nothing does: the guard of
:func:`attrs.frozen` makes each of them five times as expensive, and a REGISTER makes thirty.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

__all__ = ["value_class"]

if TYPE_CHECKING:
    from attrs import frozen as value_class
else:
    from attrs import define

    def value_class(
        cls: type | None = None, *, eq: bool = True, **options: Any
    ) -> type | Callable[[type], type]:
        """Make *cls* a value: compared and hashed by what it holds, unless *eq* is False."""
        if cls is None:
            return lambda cls: value_class(cls, eq=eq, **options)
        return define(cls, eq=eq, unsafe_hash=eq or None, **options)
