"""
What a Contact says about push, whatever dialect it speaks (REQUIREMENTS 1.10 and 1.11).
"""

from __future__ import annotations

from typing import Final

from sippn.binding import PushRequest
from sippn.dialect.fields import DECISIVE, delay_of, gather, hints_of
from sippn.dialect.names import APNS, PNS, pns_called
from sippn.dialect.targets import target_of
from sippn.dialect.words import LINPHONE, Words, words_of
from sippn.errors import BadRequest
from sippn.sip import URI, Params

_ABOUT_PUSH: Final = frozenset({"pn-provider", "pn-prid", "pn-type", "pn-tok"})


def read_push(uri: URI, params: Params) -> PushRequest | None:
    """
    Read the push parameters of a Contact; None: it says nothing about push.

    What means to be pushed and cannot be understood has a *problem*, for the operator and
    the author of the app.  Where its *pns* is empty as well, no PNS is named, and its
    REGISTER is a plain one (RFC 8599 section 5.6.1).

    :param params: its header parameters, where some UAs put what belongs into *uri*.
    :raises BadRequest: a PRID that is empty, or a parameter that is overlong, there twice,
        with a control character, or no UTF-8 (T12).
    """
    found = gather(uri.params, params)
    if not found or _ABOUT_PUSH.isdisjoint(found):
        return None
    words = words_of(found)
    if words.prid == "":
        raise BadRequest("Empty PRID")
    pns = pns_called(words.provider or "")
    problem = (pns.problem or _incomplete(pns, words)) if pns.word else _unnamed(words)
    if problem or words.prid is None:
        return PushRequest(pns.word, pns.name, None, problem, words.dialect)
    if DECISIVE.issuperset(found):
        target = target_of(pns, words)
    else:
        target = target_of(pns, words, delay_of(found), hints_of(found))
    if target is None:
        problem = "no token of the PRID says which service it is for"
    return PushRequest(pns.word, pns.name, target, problem, words.dialect)


def _incomplete(pns: PNS, words: Words) -> str:
    """What *pns* needs and *words* lack (RFC 8599 section 5.6.1.1); empty: nothing."""
    if pns.name == APNS and words.prid is not None and not words.param:
        return "apns needs the app in pn-param: TeamID.BundleID.service"
    return ""


def _unnamed(words: Words) -> str:
    """What is wrong with *words*, which name no PNS; empty: they ask for all."""
    token, kind = ("pn-tok", "pn-type") if words.dialect == LINPHONE else ("pn-prid", "pn-provider")
    if words.prid is not None:
        return f"{token} without {kind}"
    return "pn-type without pn-tok or pn-prid" if words.provider is None else ""
