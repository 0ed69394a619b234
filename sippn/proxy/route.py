"""
What the Route header fields of a request mean to this proxy (RFC 3261 section 16.4).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from attrs import field

from sippn.errors import BadRequest, SIPError
from sippn.proxy.record_route import Dialog, read_token
from sippn.seal import Keyring, Reference, read_purr
from sippn.sip import URI, Headers, NameAddr, Request, without_push_params
from sippn.value import value_class

_MOST_UNSEALED = 4096  # dialogs, about 1 kB each
_MOST_PURRS = 8  # that are looked at; a request has one
_PURR = "pn-purr"

Owns = Callable[[str, int | None], bool]


@value_class
class Routed:
    """
    A request whose own Route values are used up.

    :ivar dialog: the dialog it belongs to, proved by our token; None: it is outside of any
        that we know.
    :ivar next_hop: the Route value that is left on top, which decides the next hop.
    :ivar mark: it is known by that if it comes back (RFC 5393); empty: it is not looked for.
    :ivar reference: the binding that its PURR stands for (RFC 8599 section 6.2.3); None: it
        has no PURR of ours, or may not use one.
    """

    request: Request
    dialog: Dialog | None
    next_hop: URI | None
    mark: str = ""
    reference: Reference | None = None


@value_class(eq=False)
class RouteReader:
    """
    Reads and removes what concerns this proxy.

    :ivar _owns: whether (host, port) is one of our addresses.
    :ivar _unsealed: what tokens said that came lately: a BYE has that of its ACK.
    """

    _owns: Owns
    _keyring: Keyring
    _unsealed: dict[str, Dialog] = field(factory=dict, init=False, repr=False)

    def preprocess_route(self, request: Request) -> Routed:
        """
        Undo strict routing, then drop the topmost Route value if it names us.

        A Request-URI loses its push parameters: nobody outside tells us whom to push (T6).  A
        PURR is none of them.  It is read in a dialog, and in an INVITE that replaces one;
        elsewhere it is a parameter like any other (T2).

        :raises BadRequest: a Route value that is no URI.
        """
        routes = request.headers.values("Route")
        if not routes:
            plain = _to(request, request.request_uri, request.headers)
            reference = self._reference(plain, ()) if _is_for_a_dialog(request) else None
            return Routed(plain, None, None, reference=reference)
        given, uri, dialog = tuple(routes), request.request_uri, None
        if uri.param("lr") is not None and self._is_ours(uri):
            dialog = self._dialog(uri)  # a strict router has put our Record-Route value there
            uri = _route(routes.pop())
        dialog, top = self._use_up(routes, dialog)
        headers = request.headers
        if len(routes) < len(given):
            headers = headers.copy()
            if routes:
                headers.set("Route", ", ".join(routes))
            else:
                headers.remove("Route")
        used = _to(request, uri, headers)
        proved = dialog if request.to.tag else None
        reference = self._reference(used, given) if _is_for_a_dialog(request) else None
        return Routed(used, proved, top, reference=reference)

    def _use_up(self, routes: list[str], dialog: Dialog | None) -> tuple[Dialog | None, URI | None]:
        """Drop what names us; the dialog that the first token proved, and the value left on top."""
        while routes:
            top = _route(routes[0])
            proved = self._dialog(top)
            if proved is None and not self._owns(top.host, top.port):
                return dialog, top
            dialog = dialog or proved
            del routes[0]
        return dialog, None

    def purr_of_contact(self, request: Request) -> Reference | None:
        """What the PURR in the Contact of *request* stands for (RFC 8599 section 6.1.1)."""
        if _PURR not in request.headers.line("Contact").lower():
            return None
        try:
            purr = request.contacts[0].uri.param(_PURR)
        except SIPError:
            return None
        return read_purr(purr, self._keyring) if purr else None

    def _reference(self, request: Request, routes: Sequence[str]) -> Reference | None:
        """What a PURR of ours stands for, in the Request-URI or in the Route."""
        purrs = [request.request_uri.param(_PURR)] if _PURR in request.uri.lower() else []
        for value in routes:
            if len(purrs) < _MOST_PURRS and _PURR in value.lower():
                purrs.append(_route(value).param(_PURR))
        for purr in purrs:
            reference = read_purr(purr, self._keyring) if purr else None
            if reference is not None:
                return reference
        return None

    def _is_ours(self, uri: URI) -> bool:
        return self._owns(uri.host, uri.port) or self._dialog(uri) is not None

    def _dialog(self, uri: URI) -> Dialog | None:
        token = uri.user
        if not token:
            return None
        dialog = self._unsealed.get(token)
        if dialog is None:
            dialog = read_token(token, self._keyring)
            if dialog is not None:
                if len(self._unsealed) >= _MOST_UNSEALED:
                    self._unsealed.clear()
                self._unsealed[token] = dialog
        return dialog


def _to(request: Request, uri: URI, headers: Headers) -> Request:
    """*request* on its way to *uri*; itself if nothing of it has changed."""
    public = without_push_params(uri)
    used = request if headers is request.headers else request.derived(headers)
    return used if public is request.request_uri else used.readdressed(str(public))


def _is_for_a_dialog(request: Request) -> bool:
    """Whether it is in one, or begins one in the place of another (RFC 3891)."""
    if request.to.tag:
        return True
    return request.method == "INVITE" and "replaces" in request.headers.keys


def _route(value: str) -> URI:
    try:
        return NameAddr.parse(value).uri
    except SIPError as error:
        raise BadRequest("Bad Route") from error
