"""
Copies of a request for a branch, and of a response for the caller (RFC 3261 16.6 and 16.7).
"""

from __future__ import annotations

from collections.abc import Collection

from sippn.errors import BadRequest, UnsupportedURIScheme
from sippn.sip import Headers, NameAddr, Request, Response, split_values, without_push_params

WAIT_HEADER = "P-Sippn-Wait"
_PRIVATE = (WAIT_HEADER, "Proxy-Authorization")  # told to us, and to nobody behind us


def forwarded_request(
    request: Request, uri: str, routes: Collection[str] = (), record_routes: Collection[str] = ()
) -> Request:
    """
    *request* as it leaves for *uri*; its Via is the stack's to add.

    :param routes: Route values to put in front, topmost first.
    :param record_routes: Record-Route values to put in front, topmost first.
    """
    headers = request.headers.copy()
    hops = request.max_forwards
    headers.set("Max-Forwards", str(70 if hops is None else hops - 1))
    for value in reversed(tuple(routes)):
        headers.add_first("Route", value)
    for value in reversed(tuple(record_routes)):
        headers.add_first("Record-Route", value)
    for name in _PRIVATE:
        headers.remove(name)
    hide_push_params(headers)
    return Request(request.method, uri, headers, request.body)


def upstream_response(response: Response) -> Response:
    """
    *response* as it goes on to the caller: without our Via, without push parameters.

    :raises BadRequest: it cannot: there is no other Via, or its Contact makes no sense.
    """
    headers = response.headers.copy()
    if headers.pop_value("Via") is not None and "Via" not in headers:
        raise BadRequest("No Via of the caller's")
    hide_push_params(headers)
    return Response(response.status, response.reason, headers, response.body)


def hide_push_params(headers: Headers) -> None:
    """
    P-004, T7: a PRID in a Contact is nobody's business but the registrar's.

    :raises BadRequest: a Contact with push parameters that cannot be told from the rest.
    """
    contacts = headers.get_all("Contact")
    if not any("pn-" in contact.lower() for contact in contacts):
        return
    values = [_hidden(value) for line in contacts for value in split_values(line)]
    headers.set("Contact", ", ".join(values))


def _hidden(value: str) -> str:
    contact = NameAddr.parse(value)
    params = tuple(p for p in contact.params if not p[0].lower().startswith("pn-"))
    return str(NameAddr(contact.display, _hidden_uri(contact), params))


def _hidden_uri(contact: NameAddr) -> str:
    try:
        return str(without_push_params(contact.uri))
    except UnsupportedURIScheme:  # tel and its like have parameters, too
        start, *params = contact.uri_text.split(";")
        return ";".join([start, *(p for p in params if not p.lower().startswith("pn-"))])
