"""
What a push is wanted for, and which pushes are one (REQUIREMENTS S-04).
"""

from __future__ import annotations

from hashlib import sha256
from typing import TypeAlias

from attrs import field

from sippn.binding import AOR, PushKind, PushTarget, address_for
from sippn.value import value_class
from sippn.wake.parking import Caller

Key: TypeAlias = tuple[object, ...]

_APNS, _VOIP = "apns", "voip"
_OF_ALL = 6  # parts of a key that says nothing of the call


@value_class
class Want:
    """
    Why a push is wanted, and on whose account.

    :ivar from_: the From of the request, as it came.
    :ivar deadline: monotonic clock, seconds.
    """

    kind: PushKind
    target: PushTarget = field(repr=False)
    aor: AOR
    binding_id: str
    method: str
    call_id: str
    caller: Caller
    from_: str = field(repr=False)
    deadline: float


def key_of(want: Want) -> Key:
    """
    Whom it wakes, and what for; texts: their hashes are known.

    By the token that a push of its kind goes to: several bindings may have it (N-28, N-29).
    An APNs VoIP push is also one call's, as the app has to show one for each (S-04).
    """
    kind, target = want.kind, want.target
    address = address_for(target, kind) or (target.provider, "", False, "", target.prid)
    if kind is PushKind.CALL and address[3] == _VOIP and address[0] == _APNS:
        return (kind.value, *address, want.call_id)
    return (kind.value, *address)


def shows_a_call(key: Key) -> bool:
    """Whether who got the push with *key* has to show that very call, or is stopped (S-12)."""
    return len(key) > _OF_ALL


def device_of(key: Key) -> str:
    """Names where a push goes, whatever for; it tells no PRID."""
    return f"{hash(key[1:_OF_ALL]):x}"


def collapse_key_of(want: Want, key: Key) -> str:
    """
    A push that takes a call back has the same, and replaces the other one if that is late.

    It shows no Call-ID, which may have an address in it.
    """
    shared = f"{want.kind.value}-{want.binding_id}"
    if not shows_a_call(key):
        return shared
    return f"{shared}-{sha256(want.call_id.encode('utf-8', 'surrogateescape')).hexdigest()[:8]}"
