"""
Copies of a request for a branch, and of a response for the caller (RFC 3261 16.6 and 16.7).
"""

from __future__ import annotations

from collections.abc import Collection

from sippn.errors import BadRequest, UnsupportedURIScheme
from sippn.proxy.breadth import MOST_BREADTH
from sippn.sip import (
    Headers,
    NameAddr,
    Request,
    Response,
    is_digest,
    is_push_param,
    parse_credentials,
    split_values,
    without_push_params,
)

WAIT_HEADER = "P-Sippn-Wait"
_WAIT_KEY = "p-sippn-wait"


def forwarded_request(
    request: Request,
    uri: str,
    routes: Collection[str] = (),
    record_routes: Collection[str] = (),
    breadth: int = MOST_BREADTH,
) -> Request:
    """
    *request* as it leaves for *uri*; its Via is the stack's to add.

    :param routes: Route values to put in front, topmost first.
    :param record_routes: Record-Route values to put in front, topmost first.
    :param breadth: its Max-Breadth.
    """
    headers = request.headers.copy()
    hops = request.max_forwards
    headers.set("Max-Forwards", str(70 if hops is None else hops - 1))
    if "max-breadth" in headers.keys:
        headers.remove("Max-Breadth")
    headers.add("Max-Breadth", str(breadth))
    for value in reversed(tuple(routes)):
        headers.add_first("Route", value)
    for value in reversed(tuple(record_routes)):
        headers.add_first("Record-Route", value)
    if _WAIT_KEY in headers.keys:
        headers.remove(WAIT_HEADER)  # it was told to us
    _hide_push_params(headers)
    forwarded = request.derived(headers, "max_forwards", "contacts")
    return forwarded if uri == request.uri else forwarded.readdressed(uri)


def without_credentials(request: Request, realm: str) -> Request:
    """
    *request* without what proves its sender to us (RFC 3261 section 22.3).

    Credentials for the realms of others are for proxies behind us, and stay.
    """
    if "proxy-authorization" not in request.headers.keys:
        return request
    offers = request.headers.get_all("Proxy-Authorization")
    others = [offer for offer in offers if not _is_for(offer, realm)]
    if len(others) == len(offers):
        return request
    headers = request.headers.copy()
    headers.remove("Proxy-Authorization")
    for offer in others:
        headers.add("Proxy-Authorization", offer)
    return request.derived(headers)


def _is_for(offer: str, realm: str) -> bool:
    """What names our realm and cannot be read by us may be read by those behind us."""
    try:
        return is_digest(offer) and parse_credentials(offer).realm == realm
    except BadRequest:
        return f'"{realm}"' in offer


def upstream_response(response: Response) -> Response:
    """
    *response* as it goes on to the caller: without our Via, without push parameters.

    :raises BadRequest: it cannot: there is no other Via, or its Contact makes no sense.
    """
    headers = response.headers.copy()
    if headers.pop_value("Via") is not None and "via" not in headers.keys:
        raise BadRequest("No Via of the caller's")
    _hide_push_params(headers)
    return Response(response.status, response.reason, headers, response.body)


def public_contacts(headers: Headers) -> str | None:
    """
    P-004, T7: what others may see of the Contacts: a PRID is for the registrar alone.

    :returns: what stands in place of them; None: nothing has to be hidden.
    :raises BadRequest: a Contact with push parameters that cannot be told from the rest.
    """
    contacts = headers.line("Contact")
    lowered = contacts.lower()
    if "pn-" not in lowered and "app-id" not in lowered:
        return None
    return ", ".join([_hidden(value) for value in split_values(contacts)])


def _hide_push_params(headers: Headers) -> None:
    public = public_contacts(headers)
    if public is not None:
        headers.set("Contact", public)


def _hidden(value: str) -> str:
    contact = NameAddr.parse(value)
    params = tuple(p for p in contact.params if not is_push_param(p[0].lower()))
    return str(NameAddr(contact.display, _hidden_uri(contact), params))


def _hidden_uri(contact: NameAddr) -> str:
    try:
        return str(without_push_params(contact.uri))
    except UnsupportedURIScheme:  # tel and its like have parameters, too
        start, *params = contact.uri_text.split(";")
        kept = (p for p in params if not is_push_param(p.partition("=")[0].lower()))
        return ";".join([start, *kept])
