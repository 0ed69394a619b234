"""Apple's, Google's and a browser's push services, on loopback."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from attrs import define, field
from cryptography.hazmat.primitives.asymmetric import ec
from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.interfaces import IDelayedCall

from sippn.testing.push_server.apns import APNs, Team
from sippn.testing.push_server.apns_push import Device
from sippn.testing.push_server.authority import NAMES, Authority, private_pem
from sippn.testing.push_server.fcm import FCM
from sippn.testing.push_server.fcm_tokens import PATH, TokenEndpoint
from sippn.testing.push_server.files import (
    APP,
    KEY_ID,
    PROJECT,
    TEAM,
    TYPES,
    Files,
    account,
    new_key,
    service_account,
    write_secret,
)
from sippn.testing.push_server.listener import Port
from sippn.testing.push_server.service import Service
from sippn.testing.push_server.subscription import armoured, point
from sippn.testing.push_server.webpush import WebPushService


@define(eq=False)
class PushServer:
    """
    Push services that behave like the real ones, or as they are told.

    Each has a port of its own, as each has a host of its own in life: APNs, its sandbox, FCM
    with the token endpoint, web push.  They speak TLS by a certificate authority that is made
    anew with each server, HTTP/2 and HTTP/1.1.

    :ivar reactor: for sockets and time.
    :ivar names: for the server's certificate, beside those of loopback.
    :ivar wall: the clock on the wall, in seconds since 1970.
    :ivar apns: production; *sandbox* is Apple's other environment.
    """

    reactor: Any
    names: Iterable[str] = ()
    wall: Callable[[], float] = time.time
    authority: Authority = field(factory=Authority.new, init=False)
    apns: APNs = field(init=False)
    sandbox: APNs = field(init=False)
    fcm: FCM = field(init=False)
    webpush: WebPushService = field(init=False)
    _team_key: ec.EllipticCurvePrivateKey = field(factory=new_key, init=False, repr=False)
    _vapid_key: ec.EllipticCurvePrivateKey = field(factory=new_key, init=False, repr=False)
    _ports: tuple[Port, ...] = field(init=False)
    _delayed: set[IDelayedCall] = field(factory=set, init=False)

    def __attrs_post_init__(self) -> None:
        """Make the services; nobody listens yet."""
        later, wall = self._later, self.wall
        devices: dict[str, Device] = {}
        teams = [Team(TEAM, KEY_ID, self._team_key.public_key(), frozenset({APP}))]
        tokens = TokenEndpoint(later, wall, "fcm token", account=account())
        vapid = armoured(point(self._vapid_key.public_key()))
        self.apns = APNs(later, wall, "apns", teams=teams, devices=devices)
        self.sandbox = APNs(later, wall, "apns sandbox", teams=teams, devices=devices, sandbox=True)
        self.fcm = FCM(later, wall, "fcm", project=PROJECT, tokens=tokens)
        self.webpush = WebPushService(later, wall, "webpush", vapid=vapid)
        certified = self.authority.server((*NAMES, *self.names))
        plain = self.authority.options(certified, clients=False)
        asking = self.authority.options(certified, clients=True)
        self._ports = tuple(
            Port(self.reactor, service, asking if isinstance(service, APNs) else plain)
            for service in self.services
        )

    @property
    def services(self) -> tuple[Service[Any], ...]:
        """All four."""
        return self.apns, self.sandbox, self.fcm, self.webpush

    @property
    def url(self) -> str:
        """Where APNs listens, production."""
        return self.apns.url

    @property
    def acted(self) -> Counter[str]:
        """How often each push reached its phone."""
        return sum((service.acted for service in self.services), Counter())

    @property
    def tls_delay(self) -> float:
        """Seconds for which a client waits until its handshake begins."""
        return self._ports[0].tls_delay

    @tls_delay.setter
    def tls_delay(self, seconds: float) -> None:
        for port in self._ports:
            port.tls_delay = seconds

    def start(self, port: int = 0, host: str = "127.0.0.1") -> None:
        """
        Listen; after :meth:`stop` at the same ports as before.

        :param port: of APNs; the others follow it.  0: any that are free.
        :raises CannotListenError: one is taken.
        """
        for offset, listener in enumerate(self._ports):
            listener.start(port + offset if port else listener.number, host)
            listener.service.listens(f"https://localhost:{listener.number}")

    def stop(self) -> Deferred[None]:
        """Close the ports, cut what is connected, forget delayed answers."""
        for call in self._delayed:
            call.cancel()
        self._delayed.clear()
        stopped = [port.stop() for port in self._ports]
        return DeferredList(stopped, consumeErrors=True).addCallback(lambda _: None)

    def cut(self, service: Service[Any] | None = None) -> None:
        """Cut every connection, those of *service* alone if it is given."""
        for port in self._ports:
            if service is None or port.service is service:
                port.cut()

    def write(self, folder: Path) -> Files:
        """
        Write what a provider needs into *folder*; :meth:`start` came before.

        :returns: where it is.
        """
        files = Files.in_folder(folder)
        client = self.authority.client(APP)
        files.ca_file.write_bytes(self.authority.own.pem)
        write_secret(files.apns_key_file, private_pem(self._team_key))
        write_secret(files.apns_certificate_file, client.pem + client.key_pem)
        write_secret(files.service_account_file, service_account(self.fcm.url + PATH))
        write_secret(files.vapid_key_file, private_pem(self._vapid_key))
        return files

    def tables(self, folder: Path, types: Iterable[str] = TYPES) -> str:
        """
        The providers' tables of TOML; what they name is written into *folder*.

        :param types: of the providers that are wanted.
        """
        urls = {service.name: service.url for service in self.services}
        return self.write(folder.absolute()).tables(types, urls)

    def _later(self, seconds: float, what: Callable[[], None]) -> None:
        def now() -> None:
            self._delayed.discard(call)
            what()

        call: IDelayedCall = self.reactor.callLater(seconds, now)
        self._delayed.add(call)
