"""
Who takes part in the demo: a server, a push service, a phone and a caller.

All of it is real but the people: sockets on loopback, the server as its configuration
makes it, pushes over HTTP.
"""

from __future__ import annotations

from pathlib import Path

from attrs import frozen
from twisted.internet.defer import Deferred, DeferredList, maybeDeferred

from sippn.config import Factories, read
from sippn.interfaces import Surroundings
from sippn.service import Server, make_server
from sippn.sip import PushParams
from sippn.testing.endpoints import UDPEndpoint
from sippn.testing.pns import ScriptedPNS
from sippn.testing.ua import ScriptedUA
from sippn.testing.ua_account import Account
from sippn.transport import Address

CALLEE, CALLER, PNS = "alice", "bob", "push service"
DOMAIN = "example.com"

CONFIGURATION = """\
role = "registrar"
domains = ["{domain}"]
[[listen]]
transport = "udp"
host = "127.0.0.1"
port = 0
[storage]
type = "memory"
[auth]
mode = "none"
[[trusted]]
address = "127.0.0.0/8"
[[push.provider]]
type = "webhook"
pn_provider = "demo"
url = "{url}"
"""


@frozen(eq=False)
class Stage:
    """
    Everybody, up and running.

    :ivar phone: alice's, with push parameters; *caller* is bob's, without.
    """

    around: Surroundings
    pns: ScriptedPNS
    server: Server
    phone: ScriptedUA
    caller: ScriptedUA

    @classmethod
    def up(cls, around: Surroundings) -> Stage:
        """Bring everybody up, on free ports."""
        pns = ScriptedPNS(around.reactor)
        text = CONFIGURATION.format(domain=DOMAIN, url=pns.start())
        settings = read(text, Path("/"), {}, Factories.installed()).settings
        server = make_server(settings, around)
        server.privilegedStartService()
        server.startService()
        address = _listening(server)
        push = PushParams("demo", "org.example.phone", "the-phone-of-alice")
        return cls(
            around,
            pns,
            server,
            _phone(Account(CALLEE, DOMAIN, push=push), address, around),
            _phone(Account(CALLER, DOMAIN), address, around),
        )

    @property
    def participants(self) -> dict[str, str]:
        """Whose address is whose."""
        return {str(self.caller.address): CALLER, str(self.phone.address): CALLEE}

    def down(self) -> Deferred[object]:
        """Stop everybody."""
        for ua in (self.phone, self.caller):
            ua.sleep()  # its timers say nothing more to a socket that is gone
            ua.endpoint.close()
        return DeferredList(
            [maybeDeferred(self.server.stopService), self.pns.stop()], consumeErrors=True
        ).addCallback(lambda _: None)


def _listening(server: Server) -> Address:
    transport, _, written = server.stack.listening[0].partition(" ")
    address = Address.parse(written)
    if address is None:
        raise ValueError(f"{transport} {written} is no address")
    return address


def _phone(account: Account, server: Address, around: Surroundings) -> ScriptedUA:
    endpoint = UDPEndpoint(around.reactor)
    return ScriptedUA(account, endpoint, server, around.clock, around.entropy)
