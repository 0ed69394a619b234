"""
What an app is told by a push, beside what its PNS needs (REQUIREMENTS N-27).

Little by default: the kind, and a hash that is the same for all pushes of one call.  Who calls
is for the operator to disclose (RFC 8599 section 13), by a preset or by templates of his own.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from attrs import field, frozen

from sippn.binding import PushJob, PushKind
from sippn.providers.facts import call_hash
from sippn.providers.table import Table
from sippn.providers.template import Fill, compiled

__all__ = ["LINPHONE", "MINIMAL", "PRESETS", "Payload", "Preset", "call_hash", "payload_of"]

MINIMAL: Final = MappingProxyType(
    {kind: {"kind": kind.value, "id": "{id}"} for kind in PushKind}
    | {PushKind.CANCEL: {"kind": "cancel", "id": "{id}", "reason": "{reason}"}}
)
"""
What an app is told unless the operator says otherwise.

Why a call is taken back belongs to it: one that was answered elsewhere is no missed call
(REQUIREMENTS S-12).
"""

_LINPHONE_ALERTS: Final = MappingProxyType(
    {
        PushKind.CALL: "{pn-call-str|IC_MSG}",
        PushKind.MESSAGE: "{pn-msg-str|IM_MSG}",
    }
)
_LINPHONE_SILENT: Final = "IC_SIL"

LINPHONE: Final = MappingProxyType(
    {
        kind: {
            "uuid": "",
            "from-uri": "{from_uri}",
            "display-name": "{from_name}",
            "call-id": "{call_id}",
            "sip-from": "{from}",
            "loc-key": _LINPHONE_ALERTS.get(kind, _LINPHONE_SILENT),
            "loc-args": "{from}",
        }
        for kind in PushKind
    }
)
"""What liblinphone is used to from Flexisip as FCM data."""

PRESET: Final = "minimal"
"""What a payload is where the operator says nothing."""

Preset: TypeAlias = Mapping[PushKind, Mapping[str, Any]]

PRESETS: Final[Mapping[str, Preset]] = MappingProxyType({"minimal": MINIMAL, "linphone": LINPHONE})

_KINDS: Final = tuple(kind.value for kind in PushKind)


@frozen
class Payload:
    """
    One app's payload for each kind of push, checked; no job can make it something else.

    :ivar names: of its members, by kind.
    :ivar preset: the name of the preset; empty: it is the operator's own.
    """

    _fills: Mapping[PushKind, Fill] = field(repr=False)
    names: Mapping[PushKind, frozenset[str]]
    preset: str = ""

    def of(self, job: PushJob, left: float) -> dict[str, Any]:
        """
        The payload of *job*: a new object, for JSON.

        Each value that is of a request or of a UA is cut to
        :data:`sippn.providers.facts.LONGEST`; how large the whole may be knows the PNS.

        :param left: seconds until the deadline.
        """
        filled: dict[str, Any] = self._fills[job.kind](job, left)
        return filled


def payload_of(
    table: Table,
    key: str = "payload",
    *,
    flat: bool = False,
    presets: Mapping[str, Preset] = PRESETS,
) -> Payload:
    """
    Read the payload at *key* of *table*, ``"minimal"`` where there is none.

    It is the name of one of *presets*, or a table by kind; kinds that this leaves out are
    minimal.  What is wrong, *table* refuses; the result is minimal there.

    :param flat: all values are strings, as FCM wants its data.
    """
    written = table.value(key)
    preset = ""
    chosen = dict(presets[PRESET])
    if isinstance(written, Mapping):
        chosen |= _by_kind(table, key, written)
    elif isinstance(written, str) and written in presets:
        preset, chosen = written, dict(presets[written])
    elif written is None:
        preset = PRESET
    else:
        names = " or ".join(f'"{name}"' for name in presets)
        table.refuse(key, f"must be {names}, or a table by kind of push")
    fills: dict[PushKind, Fill] = {}
    for kind, template in chosen.items():
        problems, fills[kind] = compiled(template, flat=flat)
        for where, what in problems:
            table.refuse(".".join((key, kind.value, *where)), what)
    members = {kind: frozenset(template) for kind, template in chosen.items()}
    return Payload(fills, members, preset)


def _by_kind(
    table: Table, key: str, written: Mapping[str, object]
) -> dict[PushKind, Mapping[str, Any]]:
    found: dict[PushKind, Mapping[str, Any]] = {}
    for name, template in written.items():
        if name not in _KINDS:
            table.refuse(f"{key}.{name}", f"is no kind of push; known: {', '.join(_KINDS)}")
        elif not isinstance(template, Mapping):
            table.refuse(f"{key}.{name}", "must be a table: what the JSON object is to have")
        else:
            found[PushKind(name)] = template
    return found
