"""PURRs: by which requests in the dialogs of a UA find its binding (RFC 8599 section 6.2.1)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from sippn.binding import AOR, Binding
from sippn.registrar.support import Promise
from sippn.seal import Reference
from sippn.sip import FeatureCaps

WritePURR: TypeAlias = Callable[[Reference], str]
"""Writes a PURR for a binding: each time another one, which tells nobody anything."""

_LONGEST: Final = 512  # characters that a tag-value takes here: enough for an AOR of 300


def with_purrs(
    aor: AOR, promised: Promise, registered: Sequence[Binding], purr: WritePURR
) -> list[FeatureCaps]:
    """
    What is *promised*, with a new PURR in each field that means one binding (P-063).

    :param registered: the bindings, as they were committed.
    """
    return [_with_purr(aor, one, promised, registered, purr) for one in promised.feature_caps]


def _with_purr(
    aor: AOR, caps: FeatureCaps, promised: Promise, registered: Sequence[Binding], purr: WritePURR
) -> FeatureCaps:
    for pns, target in promised.in_dialogs:
        if pns == caps.pns:
            for binding in registered:
                if binding.push_target is target or binding.push_target == target:
                    new = purr(Reference(aor, binding.id))
                    if len(new) <= _LONGEST:
                        return FeatureCaps(pns, caps.vapid, caps.pnsreg, new)
    return caps
