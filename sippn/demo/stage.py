"""
Who takes part in the demo: a server, a push service, a phone and a caller.

All of it is real but the people and Apple: sockets on loopback, the server as its configuration
makes it, pushes as APNs takes them, over HTTP/2 and TLS.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from attrs import frozen
from twisted.internet.defer import Deferred, DeferredList, maybeDeferred

from sippn.config import Factories, read
from sippn.interfaces import Surroundings
from sippn.service import Server, make_server
from sippn.sip import PushParams
from sippn.testing.endpoints import UDPEndpoint
from sippn.testing.push_server import PushServer
from sippn.testing.push_server.files import APP, TEAM
from sippn.testing.ua import ScriptedUA
from sippn.testing.ua_account import Account
from sippn.transport import Address

CALLEE, CALLER, PNS = "alice", "bob", "APNs"
DOMAIN = "example.com"
DEVICE_TOKEN = "5e" * 32  # what Apple would have given to alice's phone

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
{providers}
"""


@frozen(eq=False)
class Stage:
    """
    Everybody, up and running.

    :ivar keys: a folder with what APNs gives to an app's maker; it is gone at the end.
    :ivar phone: alice's, with push parameters; *caller* is bob's, without.
    """

    around: Surroundings
    keys: TemporaryDirectory[str]
    pns: PushServer
    server: Server
    phone: ScriptedUA
    caller: ScriptedUA

    @classmethod
    def up(cls, around: Surroundings) -> Stage:
        """Bring everybody up, on free ports."""
        pns = PushServer(around.reactor)
        pns.start()
        keys = TemporaryDirectory(prefix="sippn-demo-")
        providers = pns.tables(Path(keys.name), ["apns"])
        text = CONFIGURATION.format(domain=DOMAIN, providers=providers)
        settings = read(text, Path("/"), {}, Factories.installed()).settings
        server = make_server(settings, around)
        server.privilegedStartService()
        server.startService()
        address = _listening(server)
        push = PushParams("apns", f"{TEAM}.{APP}.voip", DEVICE_TOKEN)
        return cls(
            around,
            keys,
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
        ).addCallback(lambda _: self.keys.cleanup())


def _listening(server: Server) -> Address:
    transport, _, written = server.stack.listening[0].partition(" ")
    address = Address.parse(written)
    if address is None:
        raise ValueError(f"{transport} {written} is no address")
    return address


def _phone(account: Account, server: Address, around: Surroundings) -> ScriptedUA:
    endpoint = UDPEndpoint(around.reactor)
    return ScriptedUA(account, endpoint, server, around.clock, around.entropy)
