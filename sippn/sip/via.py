"""Via: where a request has been, and so where its responses go (RFC 3261 sections 18.2, 20.42)."""

from __future__ import annotations

import re
from typing import Final

from sippn.errors import BadRequest
from sippn.sip.params import Params, get_param, parse_params, write_params
from sippn.sip.uri import parse_hostport
from sippn.value import value_class

_PROTOCOLS: Final = {f"SIP/2.0/{name}": name for name in ("UDP", "TCP", "TLS", "WS", "WSS")}
_PROTOCOL: Final = re.compile(
    r"SIP[ \t]*+/[ \t]*+2\.0[ \t]*+/[ \t]*+([A-Za-z0-9\-.!%*_+`'~]{1,32})[ \t]++(.*)",
    re.IGNORECASE | re.ASCII,
)


@value_class(slots=False)
class Via:
    """
    One hop.

    :ivar transport: upper case, e.g. ``UDP``.
    :ivar host: sent-by as written, an IPv6 address in its brackets.
    :ivar port: sent-by's port; None: the transport's own.
    """

    transport: str
    host: str
    port: int | None
    params: Params = ()

    @classmethod
    def parse(cls, text: str) -> Via:
        """
        Take one value apart.

        :raises BadRequest: it breaks the grammar of RFC 3261 section 25.1.
        """
        semicolon = text.find(";")
        params: Params = ()
        hop = text
        if semicolon >= 0:
            params = parse_params(text[semicolon:])
            hop = text[:semicolon]
        protocol, _, sent_by = hop.partition(" ")
        transport = _PROTOCOLS.get(protocol)
        if transport is None:
            found = _PROTOCOL.fullmatch(hop)
            if found is None:
                raise BadRequest("Bad Via")
            transport, sent_by = found[1].upper(), found[2]
        if " " in sent_by or "\t" in sent_by:
            sent_by = _without_spaces(sent_by)
        host, port = parse_hostport(sent_by)
        return cls(transport, host, port, params)

    @property
    def branch(self) -> str | None:
        """The transaction's name, if it begins with ``z9hG4bK``; None: RFC 2543."""
        return get_param(self.params, "branch")

    @property
    def received(self) -> str | None:
        """Where it really came from; None: nobody has written it."""
        return get_param(self.params, "received")

    @property
    def rport(self) -> str | None:
        """The port it came from; empty: it asks for it (RFC 3581); None: it does not."""
        return get_param(self.params, "rport")

    def with_source(self, host: str, port: int) -> Via:
        """
        Write down where the request came from (RFC 3261 section 18.2.1, RFC 3581 section 4).

        What the sender claimed in ``received`` is dropped: a response would go there.

        :param host: an address, IPv6 without brackets.
        """
        params: list[tuple[str, str | None]] = []
        asked = claimed = False
        for param in self.params:
            name = param[0].lower()
            if name == "rport":
                asked = True
            elif name == "received":
                claimed = True
            else:
                params.append(param)
        if asked or (self.host != host and self.host.strip("[]") != host):
            params.append(("received", host))
        elif not claimed:
            return self
        if asked:
            params.append(("rport", str(port)))
        return Via(self.transport, self.host, self.port, tuple(params))

    def __str__(self) -> str:
        port = "" if self.port is None else f":{self.port}"
        return f"SIP/2.0/{self.transport} {self.host}{port}{write_params(self.params)}"


def _without_spaces(sent_by: str) -> str:
    """Close up ``host : port``, which the grammar allows around the colon only."""
    words = sent_by.replace("\t", " ").strip(" ").split(" ", 8)
    closed = ""
    for word in filter(None, words):
        if closed and closed[-1] != ":" and word[0] != ":":
            raise BadRequest("Bad Via")
        closed += word
    return closed
