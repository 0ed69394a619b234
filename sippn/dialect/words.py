"""
Who is to be pushed, in the words of RFC 8599, whichever words the UA used.

The RFC's words win over older ones: a UA that sends both sends the older ones for servers
that know no better (REQUIREMENTS D-03).
"""

from __future__ import annotations

from typing import Final

from attrs import field

from sippn.dialect.fields import Found, text_of
from sippn.value import value_class

RFC_8599: Final = "RFC 8599"
SLIDES: Final = "pn-type"  # draft-holmberg-sipcore-sip-push, before it was the RFC's draft
LINPHONE: Final = "app-id"  # liblinphone before 4.4, and Flexisip


@value_class
class Words:
    """
    What a Contact says.

    :ivar provider: empty: it asks for all; None: it names none.
    :ivar prid: None: it has none.
    :ivar dialect: what it was written in.
    :ivar of_app_id: *param* is an ``app-id``.
    """

    provider: str | None
    param: str
    prid: str | None = field(repr=lambda prid: "<prid>" if prid else repr(prid))
    dialect: str = RFC_8599
    of_app_id: bool = False


def words_of(found: Found) -> Words:
    """
    The words of *found*.

    :raises BadRequest: as :func:`sippn.dialect.fields.text_of`.
    """
    if "pn-type" in found or "pn-tok" in found:
        return _with_older(found)
    return Words(_said("pn-provider", found), text_of("pn-param", found), _said("pn-prid", found))


def _with_older(found: Found) -> Words:
    """``pn-type=apple;app-id=...;pn-tok=...``, or ``pn-type=acme:param;pn-prid=...``."""
    provider, prid = _said("pn-provider", found), _said("pn-prid", found)
    if provider is not None and (prid is not None or "pn-tok" not in found):
        return Words(provider, text_of("pn-param", found), prid)
    kind, colon, of_kind = text_of("pn-type", found).partition(":")
    dialect = LINPHONE if prid is None or "app-id" in found else SLIDES
    if prid is None:
        prid = _said("pn-tok", found)
    if not provider and prid is not None:
        provider = kind or None  # without a token it asks nothing: these dialects have no query
    if "pn-param" in found:
        return Words(provider, text_of("pn-param", found), prid, dialect)
    if colon:
        return Words(provider, of_kind, prid, dialect)
    return Words(provider, text_of("app-id", found), prid, dialect, of_app_id=True)


def _said(name: str, found: Found) -> str | None:
    return text_of(name, found) if name in found else None
