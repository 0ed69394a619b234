"""
Copies of a request for a branch, and of a response for the caller (RFC 3261 16.6 and 16.7).
"""

from __future__ import annotations

from collections.abc import Collection

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
    _hide_push_params(headers)
    return Request(request.method, uri, headers, request.body)


def upstream_response(response: Response, status: int | None = None) -> Response:
    """
    *response* as it goes on to the caller: without our Via, without push parameters.

    :param status: in place of its own.
    """
    headers = response.headers.copy()
    headers.pop_value("Via")
    _hide_push_params(headers)
    if status is None:
        return Response(response.status, response.reason, headers, response.body)
    return Response(status, "", headers, response.body)


def _hide_push_params(headers: Headers) -> None:
    """P-004, T7: a PRID in a Contact is nobody's business but the registrar's."""
    contacts = headers.get_all("Contact")
    if not any("pn-" in contact.lower() for contact in contacts):
        return
    values = [_hidden(value) for line in contacts for value in split_values(line)]
    headers.set("Contact", ", ".join(values))


def _hidden(value: str) -> str:
    contact = NameAddr.parse(value)
    if contact.uri_text == "*":
        return value
    uri = without_push_params(contact.uri)
    params = tuple(p for p in contact.params if not p[0].lower().startswith("pn-"))
    return str(NameAddr(contact.display, str(uri), params))
