"""The 200 to a REGISTER (RFC 3261 section 10.3, step 8)."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from attrs import evolve

from sippn.binding import Binding, PushState
from sippn.registrar.reading import Reading
from sippn.sip import (
    URI,
    FeatureCaps,
    without_params,
    without_push_params,
    write_feature_caps,
    write_params,
)

# of a URI's parameters, those that say how it is reached (RFC 3261 section 19.1.1)
_SHOWN = frozenset({"transport", "maddr", "ttl", "user", "method", "lr"})


def contact_fields(
    bindings: Sequence[Binding], own: Collection[Binding], now: float
) -> list[tuple[str, str]]:
    """
    All bindings of the AOR, with the seconds each has left.

    The UA gets its own back as it sent them.  Others may be another's devices: nothing of
    them is shown that could push them, in whichever dialect, or tell them apart (P-004,
    RELIABILITY T7).  What is shown still names them, to whoever removes one.

    :param own: the bindings that this request made or refreshed.
    :param now: wall clock, seconds.
    """
    fields: list[tuple[str, str]] = []
    for binding in bindings:
        shown = _own(binding) if binding in own else _other(binding)
        fields.append(("Contact", f"{shown};expires={_left(binding, now)}"))
    return fields


def _left(binding: Binding, now: float) -> int:
    return max(1, round(binding.expires_at - now))  # 0 would say that it was removed


def _own(binding: Binding) -> str:
    params = write_params(binding.params) if binding.params else ""
    return f"<{binding.contact}>{params}"


def _other(binding: Binding) -> str:
    uri = without_push_params(URI.parse(binding.contact))
    uri = evolve(uri, params=without_params(uri.params, ("pn-purr",)))  # it is for dialogs
    pushed = binding.push_target is not None or binding.push_state is PushState.ELSEWHERE
    if pushed:  # a plugin's dialect may know its token by any name
        shown = tuple([param for param in uri.params if param[0].lower() in _SHOWN])
        uri = evolve(uri, password=None, params=shown, headers="")
    q = "" if binding.q is None else f";q={binding.q // 1000}.{binding.q % 1000:03}"
    return f"<{uri}>{q}"


def feature_caps_fields(caps: Sequence[FeatureCaps]) -> list[tuple[str, str]]:
    """A field for each PNS (F-01)."""
    return [("Feature-Caps", write_feature_caps(one)) for one in caps]


def path_fields(reading: Reading, path: str) -> list[tuple[str, str]]:
    """
    The Path, so that the UA sees who is in its way (RFC 3327 section 5.3).

    :param path: ``"off"``: never; else to a UA that knows of Path (O-45).
    """
    if path == "off" or "path" not in reading.supported:
        return []
    return [("Path", value) for value in reading.path]
