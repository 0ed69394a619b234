"""The canonical form of an address-of-record (RFC 3261 section 10.3, step 5)."""

from __future__ import annotations

import re
from urllib.parse import quote

from sippn.binding.values import AOR
from sippn.errors import BadRequest
from sippn.sip import URI, unescape

# as good as all: there is nothing to decode, and nothing to leave out
_PLAIN_USER = re.compile(r"[A-Za-z0-9_.\-+]+")
_PLAIN = re.compile(r"sips?:([A-Za-z0-9_.\-+]{1,128}+)@([a-z0-9](?:[a-z0-9.\-]{0,126}[a-z0-9])?)")
_NUL = "%00"  # the one control character there may be; it stays escaped (RFC 4475 section 3.1.1.4)
_USER_UNRESERVED = "-_.!~*'()&=+$,;?/"  # RFC 3261 section 25.1: mark and user-unreserved


def aor_of(text: str) -> AOR:
    """
    The address-of-record that *text*, a URI, names: see :func:`canonical_aor`.

    :raises UnsupportedURIScheme: neither sip nor sips.
    :raises BadRequest: no URI, or as :func:`canonical_aor`.
    """
    plain = _PLAIN.fullmatch(text)
    if plain is not None:
        return f"sip:{plain[1]}@{plain[2]}"
    return canonical_aor(URI.parse(text))


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
    user = uri.user
    if _PLAIN_USER.fullmatch(user) is None:
        parts = [unescape(part) for part in user.split(_NUL)]
        user = _NUL.join([quote(p, safe=_USER_UNRESERVED, errors="surrogateescape") for p in parts])
    return f"sip:{user}@{uri.host.lower().removesuffix('.')}"
