"""
The Proxy Unique Registration Reference (RFC 8599 section 6.2.1).
"""

from __future__ import annotations

from sippn.seal.keyring import Keyring
from sippn.value import value_class

_PURPOSE = "purr"
_BLOCK = 48  # octets: the length of a PURR is not to tell that of an AOR


@value_class
class Reference:
    """
    The binding that a PURR stands for.

    :ivar aor: canonical.
    """

    aor: str
    binding_id: str


def write_purr(reference: Reference, keyring: Keyring) -> str:
    """
    A new PURR for *reference*: each time another one, in which nobody else finds anything.

    It needs no table: it is good as long as the binding, and the key, are there.
    """
    plain = f"{reference.binding_id} {reference.aor}".encode("utf-8", "surrogateescape")
    return keyring.seal(_PURPOSE, plain.ljust(-(-len(plain) // _BLOCK) * _BLOCK))


def read_purr(purr: str, keyring: Keyring) -> Reference | None:
    """What *purr* stands for; None: it was not made here."""
    plain = keyring.unseal(_PURPOSE, purr)
    if plain is None:
        return None
    binding_id, _, aor = plain.decode("utf-8", "surrogateescape").rstrip(" ").partition(" ")
    return Reference(aor, binding_id)
