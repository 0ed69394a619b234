"""
Requests in the words of deployed clients, as INTEROP.md has seen them.

A client here writes each request itself, field by field; all else of it, its socket and
what it does about a call, is a scripted UA's.
"""

from __future__ import annotations

import hashlib
import re

from attrs import define, field

from sippn.sip import NameAddr, Request, Response, write
from sippn.testing.house import House
from sippn.testing.ua import ScriptedUA
from sippn.testing.ua_account import SDP

DOMAIN = "example.com"
_HASHES = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}


@define(eq=False)
class Client:
    """
    One app on one phone, from its start to its end.

    :ivar instance: stays the same when the app starts anew; the Call-ID does not.
    :ivar transport: ``"UDP"`` or ``"TCP"``, as Via has it.
    """

    house: House
    user: str
    instance: str = "urn:uuid:6d1f0a52-33c4-4c0e-9a77-0c5d8e21b9f4"
    transport: str = "UDP"
    ua: ScriptedUA = field(init=False)
    call_id: str = field(init=False)
    tag: str = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.ua = self.house.phone(self.user)
        self.call_id, self.tag = self._random(), self._random()

    @property
    def aor(self) -> str:
        """Who it is."""
        return f"sip:{self.user}@{DOMAIN}"

    @property
    def answers(self) -> list[Response]:
        """Every response it got."""
        return [message for message in self.ua.received if isinstance(message, Response)]

    @property
    def lowered(self) -> str:
        """Its transport as URIs have it."""
        return self.transport.lower()

    def contact(self, params: str = "", *, port: int | None = None, user: str | None = None) -> str:
        """Its Contact URI with *params*; another *port* is one that it does not listen on."""
        address = self.ua.address
        return f"sip:{user or self.user}@{address.host}:{port or address.port}{params}"

    def say(self, line: str, *fields: str, body: bytes = b"") -> None:
        """
        Send a request: *line*, a Via, and *fields* as they are.

        A stream cannot do without Content-Length: there it is added where it is not.
        """
        stream = self.transport != "UDP"
        alias = ";alias" if stream else ""
        branch = f"z9hG4bK.{self._random()}~"
        via = f"Via: SIP/2.0/{self.transport} {self.ua.address}{alias};branch={branch};rport"
        lines = [f"{line} SIP/2.0", via, *fields]
        if stream and not any(one.startswith("Content-Length:") for one in fields):
            lines.append(f"Content-Length: {len(body)}")
        self.ua.endpoint.send("\r\n".join([*lines, "", ""]).encode() + body, self.house.address)

    def ask(self, line: str, *fields: str, body: bytes = b"") -> Response:
        """Send a request and let the answer come; the last there is."""
        self.say(line, *fields, body=body)
        self.house.run()
        return self.answers[-1]

    def quit(self) -> None:
        """End without a word to anybody, as linphone does where pushes are allowed."""
        self.ua.sleep()
        self.ua.endpoint.close()
        self.house.run()

    def restarted(self) -> Client:
        """The same app once more, on another socket."""
        return Client(self.house, self.user, self.instance, self.transport)

    def _random(self) -> str:
        return self.house.entropy(6).hex()


def linphone_register(
    client: Client, contact: str, *more: str, cseq: int = 20, expires: int | None = 600
) -> list[str]:
    """
    A REGISTER as linphone writes it: INTEROP section 1; neither Content-Length nor Allow.

    :param contact: the value of its Contact; *more* are further fields.
    """
    return [
        f"REGISTER sip:{DOMAIN}",
        f'From: "{client.user}" <{client.aor}>;tag={client.tag}',
        f'To: "{client.user}" <{client.aor}>',
        f"CSeq: {cseq} REGISTER",
        f"Call-ID: {client.call_id}",
        "Max-Forwards: 70",
        "Supported: replaces, outbound, gruu",
        "Accept: application/sdp",
        "Accept: text/plain",
        "Accept: application/vnd.gsma.rcs-ft-http+xml",
        f"Contact: {contact}",
        *([] if expires is None else [f"Expires: {expires}"]),
        "User-Agent: phone-of-a-test",
        *more,
    ]


def linphone_contact(client: Client, params: str, port: int | None = None) -> str:
    """The Contact that goes with it: *params* in the URI, the instance after it."""
    uri = client.contact(params, port=port)
    return f'"{client.user}" <{uri}>;+sip.instance="<{client.instance}>"'


def linphone_invite(client: Client, target: str, contact: str) -> list[str]:
    """An INVITE as linphone writes it, by way of a Route to the server; its body is SDP."""
    return [
        f"INVITE {target}",
        f'From: "{client.user}" <{client.aor}>;tag={client.tag}',
        f"To: {target}",
        "CSeq: 20 INVITE",
        f"Call-ID: {client.call_id}",
        "Max-Forwards: 70",
        preloaded_route(client),
        "Supported: replaces, outbound, gruu",
        "Allow: INVITE, ACK, CANCEL, OPTIONS, BYE, REFER, NOTIFY, MESSAGE, INFO, PRACK, UPDATE",
        "Content-Type: application/sdp",
        f"Content-Length: {len(SDP)}",
        f"Contact: {contact}",
        "User-Agent: phone-of-a-test",
    ]


def baresip_register(client: Client, contact: str, cseq: int = 3107) -> list[str]:
    """A REGISTER as baresip writes it: INTEROP section 3; its expiry is in the Contact."""
    return [
        f"REGISTER sip:{DOMAIN};transport={client.lowered}",
        f"Contact: {contact}",
        "Max-Forwards: 70",
        preloaded_route(client),
        f"To: <{client.aor}>",
        f'From: "{client.user}" <{client.aor}>;tag={client.tag}',
        f"Call-ID: {client.call_id}",
        f"CSeq: {cseq} REGISTER",
        "User-Agent: desk phone of a test",
        "Supported: gruu, outbound, path",
        "Allow: INVITE,ACK,BYE,CANCEL,OPTIONS,NOTIFY,SUBSCRIBE,INFO,MESSAGE,REFER",
        "Content-Length: 0",
    ]


def baresip_contact(client: Client, expires: int, params: str = "") -> str:
    """The Contact that goes with it: the user is new at every start, *params* come last."""
    uri = baresip_uri(client)
    return f'<{uri}>;expires={expires};+sip.instance="<{client.instance}>"{params}'


def baresip_uri(client: Client) -> str:
    """Where baresip says it is: it names its transport, unless that is UDP."""
    transport = "" if client.transport == "UDP" else f";transport={client.lowered}"
    return client.contact(transport, user=f"{client.user}-0x55aa10")


def baresip_invite(client: Client, target: str) -> list[str]:
    """An INVITE as baresip writes it: ``;transport=`` in the Request-URI and in To."""
    to = f"{target};transport={client.lowered}"
    return [
        f"INVITE {to}",
        f"Contact: <{baresip_uri(client)}>",
        "Max-Forwards: 70",
        preloaded_route(client),
        f"To: <{to}>",
        f'From: "{client.user}" <{client.aor}>;tag={client.tag}',
        f"Call-ID: {client.call_id}",
        "CSeq: 9071 INVITE",
        "Supported: gruu",
        "Content-Type: application/sdp",
        f"Content-Length: {len(SDP)}",
    ]


def preloaded_route(client: Client) -> str:
    """A Route to the server before there is any dialog: its outbound proxy."""
    return f"Route: <sip:{client.house.address};transport={client.lowered};lr>"


def query(client: Client) -> list[NameAddr]:
    """Which bindings there are: a REGISTER of somebody else's, without a Contact."""
    asking = Client(client.house, client.user, "urn:uuid:other", client.transport)
    lines = linphone_register(asking, "", expires=None)
    answer = asking.ask(*[line for line in lines if not line.startswith("Contact")])
    assert answer.status == 200
    return list(answer.contacts)


def proof(challenge: str, client: Client, password: str, method: str, uri: str) -> str:
    """
    Credentials as linphone writes them: two spaces here and there, and its own order.

    Reckoned here by RFC 7616 and not by sippn, whose bugs it would share.
    """
    words = dict(re.findall(r'(\w+)="?([^",]+)"?', challenge))
    algorithm, realm, nonce = words["algorithm"], words["realm"], words["nonce"]

    def digest(text: str) -> str:
        return _HASHES[algorithm](text.encode()).hexdigest()

    secret, asked = digest(f"{client.user}:{realm}:{password}"), digest(f"{method}:{uri}")
    response = digest(f"{secret}:{nonce}:00000001:aZ3k~:auth:{asked}")
    return (
        f'Authorization:  Digest realm="{realm}", nonce="{nonce}", algorithm={algorithm}, '
        f'username="{client.user}",  uri="{uri}", response="{response}", cnonce="aZ3k~", '
        "nc=00000001, qop=auth"
    )


def invites(house: House) -> list[Request]:
    """Every INVITE that the server sent to anybody, retransmissions included."""
    addresses = {one.to for one in house.network.carried if one.source == house.address}
    sent = [message for address in addresses for message in house.sent_to(address)]
    return [m for m in sent if isinstance(m, Request) and m.method == "INVITE"]


def seen_by(ua: ScriptedUA) -> bytes:
    """All that *ua* was told, as it was on the wire."""
    return b"".join(write(message) for message in ua.received)
