"""
Browsers that are pushed, a push service on the memory network, and what nobody may connect to.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from attrs import define, evolve, field
from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import Factory, Protocol

from sippn.interfaces import Surroundings
from sippn.providers.webpush.provider import WebPush
from sippn.providers.webpush.settings import webpush_settings
from sippn.service import ServerSettings
from sippn.sip import escape_pvalue
from sippn.testing.house import House
from sippn.testing.push_server import PushServer, Subscription

HOST = "push.example.net"
PUBLIC = "9.9.9.9"
INSIDE = ("127.0.0.1", "::1", "10.0.0.1", "169.254.169.254", "192.168.1.1", "0.0.0.0")
PORTS = (22, 80, 443, 8443)


class Canary(Factory):
    """
    Sits wherever nobody has any business.

    :ivar connections: how often somebody came all the same.
    """

    noisy = False

    def __init__(self) -> None:
        self.connections = 0

    def listen(self, reactor: Any) -> None:
        """Sit down."""
        for host in INSIDE:
            for port in PORTS:
                reactor.listenTCP(port, self, interface=host)

    def buildProtocol(self, addr: IAddress | None) -> Protocol:  # noqa: ARG002 - nobody may come
        """Count."""
        self.connections += 1
        return Protocol()


@define(eq=False)
class Outside:
    """
    What a server with Web Push has around it.

    :ivar folder: for keys.
    :ivar names: of the push service, whose address is :data:`PUBLIC`.
    :ivar table: of the provider, beside what is always the same.
    """

    folder: Path
    names: Sequence[str] = (HOST,)
    table: dict[str, object] = field(factory=dict)
    canary: Canary = field(factory=Canary, init=False)
    house: House = field(init=False)
    pns: PushServer = field(init=False)
    provider: WebPush = field(init=False)

    def live(self, settings: ServerSettings) -> House:
        """A running server with these surroundings."""
        self.house = House.built(evolve(settings, providers=(self._build,)))
        self.addresses = dict.fromkeys(self.names, (PUBLIC,))
        self.canary.listen(self.house.network.reactor)
        return self.house

    @property
    def addresses(self) -> dict[str, Sequence[str]]:
        """Of each name there is."""
        return self.house.network.reactor.nameResolver.addresses

    @addresses.setter
    def addresses(self, addresses: dict[str, Sequence[str]]) -> None:
        self.house.network.reactor.nameResolver.addresses = addresses

    @property
    def dialled(self) -> list[str]:
        """Hosts that the server has tried to connect to."""
        return [address.host for address in self.house.network.reactor.dialled]

    def settle(self) -> None:
        """Let all that is under way arrive: a TLS handshake takes a few turns."""
        for _ in range(3):
            self.house.run()

    def _build(self, around: Surroundings) -> WebPush:
        self.pns = PushServer(around.reactor, names=self.names, wall=around.wall)
        self.pns.start(440, PUBLIC)  # the fourth of its services is the one for browsers
        files = self.pns.write(self.folder)
        table = {
            "vapid_key_file": str(files.vapid_key_file),
            "contact": "mailto:ops@example.com",
            "allow_hosts": list(self.names),
            "ca_file": str(files.ca_file),
        }
        self.provider = WebPush.build(webpush_settings(table | self.table), around)
        return self.provider


def words(url: str, subscription: Subscription | None = None) -> str:
    """What a browser puts into its Contact URI; with *subscription* its keys as well."""
    written = f";pn-provider=webpush;pn-prid={escape_pvalue(url)}"
    if subscription is not None:
        written += f";sippn-wp-p256dh={subscription.p256dh};sippn-wp-auth={subscription.auth}"
    return written
