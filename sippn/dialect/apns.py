"""
APNs: one app has several services, and a UA may have a token for each.

RFC 8599 section 10: ``pn-param`` is ``TeamID.BundleID.service``.  In the field it is also
``TeamID.BundleID.voip&remote`` with ``pn-prid=T1:voip&T2:remote``, a bundle id alone, or an
``app-id`` that ends in ``.dev`` or ``.prod`` (REQUIREMENTS 1.8, 1.10, D-01 to D-03, D-09).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from sippn.value import value_class

VOIP: Final = "voip"
REMOTE: Final = "remote"
MAX_TOKENS: Final = 8

# Apple's team ids have ten characters, Linphone's stand-in ABCD1234 has eight; the first label
# of a bundle id is a top-level domain the wrong way round: shorter, and in lower case
_TEAM: Final = re.compile(r"[A-Z0-9]{8,12}")
_SERVICE: Final = re.compile(r"[a-z0-9_\-]{1,32}")
_SERVICES: Final = (VOIP, REMOTE)
_DEFAULT: Final = (REMOTE,)
_SANDBOX: Final = "dev"
_ENVIRONMENTS: Final = (_SANDBOX, "prod")


@value_class
class Topic:
    """
    What a ``pn-param`` names.

    :ivar bundle: the app's bundle id; empty: none.
    :ivar services: that it declares, in their order; none: it says nothing.
    :ivar sandbox: it names the test environment.
    """

    bundle: str
    services: tuple[str, ...] = ()
    sandbox: bool = False


@lru_cache(maxsize=64)  # a server has few apps
def topic_of(param: str, *, is_app_id: bool = False) -> Topic:
    """
    Read a ``pn-param``.

    The first label is a team id only if it looks like one, and the last is a service only
    if it is one: UAs leave out either.

    :param is_app_id: it is an ``app-id``, which ends in an environment; in a ``pn-param``
        one stands behind a service only, for a bundle id may well end in ``.dev``.
    """
    before, _, last = param.rpartition(".")
    environment = last.lower() if before and last.lower() in _ENVIRONMENTS else ""
    if environment and (is_app_id or _services(before.rpartition(".")[2])):
        param = before
    else:
        environment = ""
    team, _, rest = param.partition(".")
    if rest and _TEAM.fullmatch(team):
        param = rest
    bundle, _, last = param.rpartition(".")
    services = _services(last)
    return Topic(bundle if services else param, services, environment == _SANDBOX)


def _services(label: str) -> tuple[str, ...]:
    """The services that *label* is, or joins with ``&``; none: it is a part of a bundle id."""
    label = label.lower()
    if label in _SERVICES:
        return (label,)
    if "&" not in label:
        return ()
    names = [name for name in label.split("&") if name]
    known = len(names) <= MAX_TOKENS and all(map(_SERVICE.fullmatch, names))
    return tuple(dict.fromkeys(names)) if known else ()


def tokens_of(prid: str, services: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """
    The (service, token) pairs of a ``pn-prid``; none: it does not say what they are for.

    Its labels count before the *services* that are declared.  A token without one is for
    the only service that is left; ``remote`` where none is declared, for APNs gives a VoIP
    token only to apps that ask for one.
    """
    if "&" not in prid and ":" not in prid and len(services) < 2:  # as RFC 8599 has it
        return (((services or _DEFAULT)[0], prid),)
    labelled: dict[str, str] = {}
    unlabelled: dict[str, None] = {}
    for part in prid.split("&")[:MAX_TOKENS]:
        token, _, label = part.rpartition(":")
        label = label.lower()
        if label in _SERVICES or label in services:
            if token:
                labelled.setdefault(label, token)
        elif part:
            unlabelled[part] = None
    left = [service for service in services or _DEFAULT if service not in labelled]
    if len(unlabelled) == 1 and left:
        service = REMOTE if REMOTE in left else left[0]
        labelled[service] = next(iter(unlabelled))
    return tuple(labelled.items())
