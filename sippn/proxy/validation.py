"""
What a request must be before it is proxied (RFC 3261 section 16.3).
"""

from __future__ import annotations

from sippn.errors import BadExtension, TooManyHops, UnsupportedURIScheme
from sippn.proxy.forwarding import public_contacts
from sippn.sip import Request, split_values


def validate_request(request: Request) -> None:
    """
    Check *request*; its grammar was checked when it was read.

    :raises UnsupportedURIScheme: the Request-URI is neither sip nor sips.
    :raises TooManyHops: Max-Forwards ran out.
    :raises BadExtension: Proxy-Require asks for anything at all; in an ACK, which nobody can
        answer, it is passed over.
    :raises BadRequest: a Contact that could not be passed on; better now than when somebody
        was woken for it.
    """
    if not request.uri[:5].lower().startswith(("sip:", "sips:")):
        raise UnsupportedURIScheme
    if request.max_forwards == 0:
        raise TooManyHops
    if "proxy-require" in request.headers.keys and request.method != "ACK":
        wanted = request.headers.get_all("Proxy-Require")
        options = ", ".join(option for line in wanted for option in split_values(line))
        raise BadExtension("", [("Unsupported", options)])
    public_contacts(request.headers)
