"""X-Push: how PortSIP's phones ask to be pushed, in a header field of their own."""

from __future__ import annotations

import re

from zope.interface import implementer

from sippn.binding import PushRequest, PushTarget
from sippn.interfaces import IPushDialect
from sippn.sip import NameAddr, Request, get_param, parse_params

FIELDS = ("X-Push", "X-P-Push", "PortSIP-Push")  # as it was called by and by
PNS = {"android": "fcm", "ios": "apns"}
TOKENS = re.compile(r"([!-{}~]{1,2048})(?:\|([!-{}~]{1,2048}))?")


@implementer(IPushDialect)
class XPush:
    """
    Reads ``X-Push: device-os=ios;device-uid=VOIP|REMOTE;allow-call-push=true;app-id=com.x``.

    The field speaks of the device, so it says something about a REGISTER's only Contact.
    """

    def read(self, register: Request, contact: NameAddr) -> PushRequest | None:
        """Whom to push.  :raises BadRequest: the field cannot be taken apart."""
        found = [name for name in FIELDS if name in register.headers]
        if not found or len(register.contacts) != 1:
            return None
        said = parse_params(f";{register.headers.get(found[0])}")
        if get_param(said, "allow-call-push") == "false":
            return None
        pns = PNS.get((get_param(said, "device-os") or "").lower())
        if pns is None:
            return _cannot("names no device-os that can be pushed")
        prid = TOKENS.fullmatch(get_param(said, "device-uid") or "")
        if prid is None:
            return _cannot("has no device-uid")
        app = get_param(said, "app-id") or ""
        target = PushTarget(pns, app, prid[0])
        if pns == "apns":
            services = zip(("voip", "remote"), prid.groups(), strict=True)
            tokens = tuple((service, token) for service, token in services if token)
            target = PushTarget(pns, app, prid[0], tokens, app)
        return PushRequest(pns, pns, target, dialect="X-Push")


def _cannot(what: str) -> PushRequest:
    """Without a PNS it is a plain REGISTER, and the log says why."""
    return PushRequest("", "", problem=f"X-Push {what}", dialect="X-Push")
