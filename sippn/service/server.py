"""
Introduces everyone to everyone, then leaves.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from attrs import define
from twisted.application.internet import TimerService
from twisted.application.service import IService, MultiService
from twisted.internet.defer import maybeDeferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from sippn.auth import Admission, AuthSettings, Budget, DigestAuthenticator, Trusted
from sippn.core import Element
from sippn.events import Bus
from sippn.interfaces import (
    IAuthenticator,
    IBindingStore,
    IPushProvider,
    IRoutingPolicy,
    Surroundings,
)
from sippn.location import LocationService
from sippn.proxy import TIMER_C, DomainPolicy, Forwarder, Means, Proxy, RouteReader
from sippn.push import Dispatcher, Limited, Metered, Pace, PushLimits, Retrying, Slots
from sippn.registrar import LocalAuthority, Registrar
from sippn.seal import Keyring, load_or_create
from sippn.service.settings import ServerSettings
from sippn.stack import SIPStack
from sippn.transaction import FixedTimer, Timers, TransactionLayer
from sippn.transport import Listener, Resolver, UDPListener
from sippn.transport.settings import ListenSettings
from sippn.wake import Parking, Pushes, WakeQueue

EXPIRY_EVERY = 5.0  # seconds between looks at what has expired

_log = Logger()

Listen = Callable[[ListenSettings, Surroundings], Listener]


def listen_udp(settings: ListenSettings, surroundings: Surroundings) -> Listener:
    """The listener that *settings* ask for, not started yet."""
    return UDPListener(
        surroundings.reactor, settings.host, settings.port, advertise=settings.advertise
    )


class Server(MultiService):
    """
    A whole server as a service: starting it opens its sockets.

    :ivar stack: says what it listens on.
    :ivar bus: what happens in it.
    :ivar location: who is where.
    """

    def __init__(
        self, stack: SIPStack, bus: Bus, location: LocationService, others: Sequence[object]
    ) -> None:
        """
        :param others: plugins; those that are services start and stop with this one.
        """
        super().__init__()
        self.stack = stack
        self.bus = bus
        self.location = location
        for other in others:
            if IService.providedBy(other):
                self.addService(IService(other))

    def privilegedStartService(self) -> None:
        """
        Open the sockets, before twistd gives up root.

        :raises CannotListenError: an address is taken.
        """
        super().privilegedStartService()
        self.stack.start()

    def stopService(self) -> Any:
        """Close the sockets, then stop the plugins."""
        self.stack.stop()
        return super().stopService()


def make_server(
    settings: ServerSettings, surroundings: Surroundings, listen: Listen = listen_udp
) -> Server:
    """
    Make all rooms from their settings and introduce them.

    :param listen: makes a listener; tests give one of a memory network.
    :raises ConfigErrors: the key file cannot be used.
    """
    return _House.furnished(settings, surroundings).open(listen)


@define(eq=False)
class _House:
    """What more than one room is introduced to."""

    settings: ServerSettings
    surroundings: Surroundings
    keyring: Keyring
    bus: Bus
    store: IBindingStore
    location: LocationService
    providers: Sequence[IPushProvider]
    policies: Sequence[IRoutingPolicy]
    dispatcher: Dispatcher

    @classmethod
    def furnished(cls, settings: ServerSettings, around: Surroundings) -> _House:
        bus = Bus()
        store = settings.storage(around)
        providers = [build(around) for build in settings.providers]
        policies = [build(around) for build in settings.policies]
        return cls(
            settings=settings,
            surroundings=around,
            keyring=_keyring(settings.keys_file, around),
            bus=bus,
            store=store,
            location=LocationService(store, around.clock, around.wall),
            providers=providers,
            policies=policies,
            dispatcher=_dispatcher(providers, policies, settings.push, around, bus),
        )

    def open(self, listen: Listen) -> Server:
        around = self.surroundings
        stack = self._stack([listen(one, around) for one in self.settings.listen])
        stack.core = Element(
            stack,
            self._admission(),
            self._registrar(),
            self._proxy(stack),
            self._serves,
            around.entropy,
        )
        upkeep = _every(EXPIRY_EVERY, self.location.expire_due, around.clock)
        return Server(
            stack, self.bus, self.location, [upkeep, self.store, *self.providers, *self.policies]
        )

    def _serves(self, host: str) -> bool:
        """Whether *host* is one of our domains; without a list every host is."""
        domains = self.settings.domains
        return not domains or host.lower() in domains

    def _stack(self, listeners: Sequence[Listener]) -> SIPStack:
        around = self.surroundings
        return SIPStack(
            listeners=listeners,
            layer=TransactionLayer(around.clock, Timers(), self.bus),
            resolver=Resolver(around.reactor.nameResolver, around.clock),
            bus=self.bus,
            clock=around.clock,
            entropy=around.entropy,
            limits=self.settings.message,
        )

    def _admission(self) -> Admission:
        auth = self.settings.auth
        authenticators: list[IAuthenticator] = [Trusted(auth.trusted)]
        if auth.mode == "digest":
            authenticators.append(self._digest(auth))
        return Admission(
            authenticators, auth.realm, self._serves, auth.strangers, auth.mode != "none"
        )

    def _digest(self, auth: AuthSettings) -> DigestAuthenticator:
        return DigestAuthenticator(
            users=auth.users,
            realm=auth.realm,
            algorithms=auth.algorithms,
            keyring=self.keyring,
            wall=self.surroundings.wall,
            entropy=self.surroundings.entropy,
            domains=self.settings.domains,
        )

    def _registrar(self) -> Registrar:
        settings = self.settings.registrar
        return Registrar(
            authority=LocalAuthority(settings, self.dispatcher),
            location=self.location,
            push=self.dispatcher,
            policies=self.policies,
            settings=settings,
            serves=self._serves,
            wall=self.surroundings.wall,
            entropy=self.surroundings.entropy,
            bus=self.bus,
            clock=self.surroundings.clock,
        )

    def _proxy(self, stack: SIPStack) -> Proxy:
        around, settings = self.surroundings, self.settings.proxy
        queue = self._wake_queue()
        self.location.subscribe(queue.location_changed)
        means = Means(
            forwarder=Forwarder(
                stack,
                self.keyring,
                around.clock,
                self.bus,
                settings.strip_pn_to_ua,
                self.settings.auth.realm,
            ),
            queue=queue,
            parking=Parking(self.settings.parking),
            settings=settings,
            clock=around.clock,
            wall=around.wall,
            entropy=around.entropy,
            bus=self.bus,
            timer_c=FixedTimer(around.clock, TIMER_C),
        )
        policies = [*self.policies, DomainPolicy(self._serves, stack.owns)]
        routes = RouteReader(stack.owns, self.keyring)
        return Proxy(stack, self.location, routes, policies, means)

    def _wake_queue(self) -> WakeQueue:
        around = self.surroundings
        per_hour = self.settings.parking.pushes_per_hour_stranger
        pushes = Pushes(
            push=self.dispatcher,
            clock=around.clock,
            wall=around.wall,
            entropy=around.entropy,
            by_stranger=Budget(per_hour, around.clock),
            to_device=Budget(per_hour, around.clock),
            disown=self.location.disown_prid,
        )
        return WakeQueue(pushes, around.clock, self.bus)


def _every(seconds: float, work: Callable[[], object], clock: IReactorTime) -> IService:
    """Do *work* again and again; once failed is told, and done again the next time."""
    timer = TimerService(seconds, lambda: maybeDeferred(work).addErrback(_told))
    timer.clock = clock
    return timer


def _told(failure: Failure) -> None:
    _log.failure("what has expired could not be removed", failure)


def _keyring(path: str | None, around: Surroundings) -> Keyring:
    secret = around.entropy(32) if path is None else load_or_create(path, around.entropy)
    return Keyring(secret, around.entropy)


def _dispatcher(
    providers: Sequence[IPushProvider],
    policies: Sequence[IRoutingPolicy],
    limits: PushLimits,
    around: Surroundings,
    bus: Bus,
) -> Dispatcher:
    """Each provider metered, limited and retried; all of them at one pace."""
    clock, pace = around.clock, Pace(around.clock, limits.pushes_per_second)

    def wrapped(provider: IPushProvider) -> IPushProvider:
        slots = Slots(limits.in_flight_per_provider)
        limited = Limited(Metered(provider, clock, bus), clock, slots, pace)
        return Retrying(limited, clock, around.entropy)

    return Dispatcher([wrapped(provider) for provider in providers], policies)
