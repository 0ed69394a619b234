"""Which AORs carry a key."""

from __future__ import annotations

from collections.abc import Collection

from attrs import define, field

from sippn.binding import AOR


@define(eq=False, repr=False)
class KeyIndex:
    """
    Keys to AORs.

    Nearly every key has one AOR, and then no container, which the garbage collector
    would have to walk; a PRID that a gateway shares among thousands still costs one step.
    """

    _aors: dict[bytes, AOR | dict[AOR, None]] = field(factory=dict, init=False)

    def find(self, key: bytes) -> tuple[AOR, ...]:
        """The AORs that carry *key*, in the order in which they got it."""
        held = self._aors.get(key, {})
        return (held,) if isinstance(held, str) else tuple(held)

    def move(self, aor: AOR, old: Collection[bytes], new: Collection[bytes]) -> None:
        """*aor* carried the *old* keys and carries the *new* ones."""
        for key in old:
            if key not in new:
                self._remove(key, aor)
        for key in new:
            if key not in old:
                self._add(key, aor)

    def __len__(self) -> int:
        return len(self._aors)

    def _add(self, key: bytes, aor: AOR) -> None:
        held = self._aors.get(key)
        if held is None:
            self._aors[key] = aor
        elif isinstance(held, str):
            self._aors[key] = {held: None, aor: None}
        else:
            held[aor] = None

    def _remove(self, key: bytes, aor: AOR) -> None:
        held = self._aors[key]
        if isinstance(held, dict):
            del held[aor]
        if not held or held == aor:
            del self._aors[key]
