"""What both ends of a scripted call remember: RFC 3261 section 12."""

from __future__ import annotations

from ipaddress import ip_address

from attrs import define

from sippn.sip import URI, NameAddr, Request, Response
from sippn.testing.ua_client import Draft, Numbers
from sippn.transport import Address


def next_hop(uri: str, routes: tuple[str, ...], otherwise: Address) -> Address:
    """Where a request of a dialog goes; *otherwise* where that is a name."""
    first = NameAddr.parse(routes[0]).uri if routes else URI.parse(uri)
    host = first.host.strip("[]")
    try:
        ip_address(host)
    except ValueError:
        return otherwise
    return Address(host, first.port or 5060)


@define(eq=False)
class Dialog:
    """
    One dialog, from one side.

    :ivar local: From value of what this side sends, its tag included; *remote* the To value.
    :ivar target: the other side's Contact URI.
    :ivar routes: the route set, nearest proxy first.
    :ivar server: where to send what names no address.
    """

    call_id: str
    local: str
    remote: str
    target: str
    routes: tuple[str, ...]
    contact: str
    numbers: Numbers
    server: Address

    @classmethod
    def of_caller(
        cls, response: Response, contact: str, numbers: Numbers, server: Address
    ) -> Dialog:
        """The caller's side, by the response that makes it (section 12.1.2)."""
        return cls(
            response.call_id,
            response.headers.get("From") or "",
            response.headers.get("To") or "",
            response.contacts[0].uri_text,
            tuple(reversed(response.headers.values("Record-Route"))),
            contact,
            numbers,
            server,
        )

    @classmethod
    def of_callee(cls, invite: Request, tag: str, contact: str, server: Address) -> Dialog:
        """The callee's side, by the INVITE it answers (section 12.1.1)."""
        return cls(
            invite.call_id,
            f"{invite.headers.get('To')};tag={tag}",
            invite.headers.get("From") or "",
            invite.contacts[0].uri_text,
            tuple(invite.headers.values("Record-Route")),
            contact,
            Numbers(),
            server,
        )

    def draft(self, method: str, body: bytes = b"", body_type: str = "application/sdp") -> Draft:
        """A request inside it (section 12.2.1.1), through the route set."""
        fields = [
            *(("Route", route) for route in self.routes),
            ("From", self.local),
            ("To", self.remote),
            ("Call-ID", self.call_id),
            ("Contact", self.contact),
        ]
        if body:
            fields.append(("Content-Type", body_type))
        to = next_hop(self.target, self.routes, self.server)
        return Draft(method, self.target, tuple(fields), self.numbers, to, body)

    def concerns(self, request: Request) -> bool:
        """Whether *request* is one of the other side's in this dialog."""
        return (
            request.call_id == self.call_id
            and request.to.tag == NameAddr.parse(self.local).tag
            and request.from_.tag == NameAddr.parse(self.remote).tag
        )
