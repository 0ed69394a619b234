"""
What the Route header fields of a request mean to this proxy (RFC 3261 section 16.4).
"""

from __future__ import annotations

from collections.abc import Callable

from attrs import frozen

from sippn.errors import BadRequest, SIPError
from sippn.proxy.record_route import Dialog, read_token
from sippn.seal import Keyring
from sippn.sip import URI, NameAddr, Request, without_push_params

Owns = Callable[[str, int | None], bool]


@frozen
class Routed:
    """
    A request whose own Route values are used up.

    :ivar dialog: the dialog it belongs to, proved by our token; None: it is outside of any
        that we know.
    :ivar next_hop: the Route value that is left on top, which decides the next hop.
    """

    request: Request
    dialog: Dialog | None
    next_hop: URI | None


@frozen
class RouteReader:
    """
    Reads and removes what concerns this proxy.

    :ivar _owns: whether (host, port) is one of our addresses.
    """

    _owns: Owns
    _keyring: Keyring

    def preprocess_route(self, request: Request) -> Routed:
        """
        Undo strict routing, then drop the topmost Route value if it names us.

        A Request-URI loses its push parameters: nobody outside tells us whom to push (T6).

        :raises BadRequest: a Route value that is no URI.
        """
        headers = request.headers.copy()
        uri, dialog = request.request_uri, None
        routes = headers.values("Route")
        if routes and self._is_ours(uri) and uri.param("lr") is not None:
            dialog = self._dialog(uri)  # a strict router has put our Record-Route value there
            uri = _route(routes[-1])
            headers.set("Route", ", ".join(routes[:-1]))
            if not headers.get("Route"):
                headers.remove("Route")
        while (top := _top_route(headers.values("Route"))) is not None and self._is_ours(top):
            headers.pop_value("Route")
            dialog = dialog or self._dialog(top)
        changed = Request(request.method, str(without_push_params(uri)), headers, request.body)
        return Routed(changed, dialog if request.to.tag else None, top)

    def _is_ours(self, uri: URI) -> bool:
        return self._owns(uri.host, uri.port) or self._dialog(uri) is not None

    def _dialog(self, uri: URI) -> Dialog | None:
        return read_token(uri.user, self._keyring) if uri.user else None


def _top_route(values: list[str]) -> URI | None:
    return _route(values[0]) if values else None


def _route(value: str) -> URI:
    try:
        return NameAddr.parse(value).uri
    except SIPError as error:
        raise BadRequest("Bad Route") from error
