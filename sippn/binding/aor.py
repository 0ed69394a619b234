"""The canonical form of an address-of-record (RFC 3261 section 10.3, step 5)."""

from __future__ import annotations

from urllib.parse import quote

from sippn.binding.values import AOR
from sippn.errors import BadRequest
from sippn.sip import URI, unescape

_USER_UNRESERVED = "-_.!~*'()&=+$,;?/"  # RFC 3261 section 25.1: mark and user-unreserved


def canonical_aor(uri: URI) -> AOR:
    """
    Make of *uri* the index into the bindings: ``sip:user@host`` and nothing else.

    Parameters, port, password and headers go; the user keeps its case and each
    character has one spelling, so that ``%61lice`` is ``alice``.  ``sips`` names the
    same user as ``sip``: how it is reached is no part of who it is.

    :raises BadRequest: *uri* has no user, or one with a broken escape.
    """
    if not uri.user:
        raise BadRequest("an address-of-record needs a user")
    user = quote(unescape(uri.user), safe=_USER_UNRESERVED, errors="surrogateescape")
    return f"sip:{user}@{uri.host.lower().removesuffix('.')}"
