"""
Introduces everyone to everyone, then leaves.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from attrs import define, evolve, frozen
from twisted.application.internet import TimerService
from twisted.application.service import IService, MultiService
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from sippn.auth import Admission, AuthSettings, DigestAuthenticator, Guesses, Trusted
from sippn.binding import AOR, Decision
from sippn.containment import ContainedDialect, ContainedPolicy, ContainedService, ContainedStore
from sippn.core import Element
from sippn.errors import ConfigErrors, StoreUnavailable
from sippn.events import Bus
from sippn.interfaces import (
    IAuthenticator,
    IBindingStore,
    IPushDialect,
    IPushProvider,
    IRoutingPolicy,
    Surroundings,
)
from sippn.location import LocationService
from sippn.proxy import (
    TIMER_C,
    DomainPolicy,
    Forwarder,
    LateCalls,
    Means,
    Proxy,
    RouteReader,
    Selection,
)
from sippn.push import Departures, Dispatcher
from sippn.registrar import LocalAuthority, Registrar
from sippn.seal import Keyring, load_or_create, write_purr
from sippn.service.figures import Figures
from sippn.service.report import Report
from sippn.service.settings import ServerSettings
from sippn.service.sockets import Sockets
from sippn.service.waking import wake_queue, ways_of
from sippn.service.wall import Boot, TimeKeeping, WallClock
from sippn.stack import SIPStack, Triage
from sippn.transaction import FixedTimer, Timers, TransactionLayer
from sippn.transport import Intake, Listener, Resolver
from sippn.transport.settings import ListenSettings
from sippn.upkeep import Upkeep
from sippn.wake import Parking, WakeQueue

LOOK_EVERY = 0.25  # seconds between looks at what is due

_log = Logger()

Listen = Callable[[ListenSettings, Surroundings], Listener]


class Server(MultiService):
    """
    A whole server as a service: starting it opens its sockets.

    :ivar stack: says what it listens on.
    :ivar bus: what happens in it.
    :ivar location: who is where.
    :ivar figures: what it counts of itself.
    """

    def __init__(
        self,
        stack: SIPStack,
        bus: Bus,
        location: LocationService,
        proxy: Proxy,
        figures: Figures,
        services: Sequence[IService],
    ) -> None:
        """
        :param proxy: to be shut down before anything else.
        :param services: start in this order with this one, and stop in the opposite one.
        """
        super().__init__()
        self.stack = stack
        self.bus = bus
        self.location = location
        self.figures = figures
        self._proxy = proxy
        for service in services:
            self.addService(service)

    def privilegedStartService(self) -> None:
        """
        Open the sockets, before twistd gives up root.

        :raises CannotListenError: an address is taken.
        """
        super().privilegedStartService()
        self.stack.start()

    def stopService(self) -> Deferred[None]:
        """
        Answer all who wait, let the plugins end what they have begun, then close the sockets.

        What the store still commits is answered on them.
        """
        return Deferred.fromCoroutine(self._stop())

    async def _stop(self) -> None:
        await self._proxy.shut_down()
        await maybeDeferred(super().stopService)
        await maybeDeferred(self.stack.stop)


def make_server(
    settings: ServerSettings,
    surroundings: Surroundings,
    listen: Listen | None = None,
    boot: Boot | None = None,
) -> Server:
    """
    Make all rooms from their settings and introduce them.

    :param listen: makes a listener, not started yet; tests give one of a memory network.
    :param boot: None: nobody knows, and a restart believes the wall clock.
    :raises ConfigErrors: the key file cannot be used, or a certificate.
    """
    wall = WallClock(surroundings.wall, boot or Boot("", surroundings.clock.seconds))
    house = _House.furnished(settings, surroundings, wall)
    return house.open(listen or Sockets.within(settings.streams, surroundings, house.intake))


@define(eq=False)
class _House:
    """
    What more than one room is introduced to.

    :ivar wall: also that of the *surroundings*, but for providers: what a PNS dates, it dates
        by a clock like the system's.
    :ivar contained: the *policies*, for all who do not look after themselves as the proxy does.
    """

    settings: ServerSettings
    surroundings: Surroundings
    wall: WallClock
    keyring: Keyring
    bus: Bus
    store: IBindingStore
    location: LocationService
    providers: Sequence[IPushProvider]
    policies: Sequence[IRoutingPolicy]
    contained: Sequence[IRoutingPolicy]
    dialects: Sequence[IPushDialect]
    addresses: _Addresses
    dispatcher: Dispatcher
    queue: WakeQueue
    parking: Parking
    triage: Triage
    intake: Intake

    @classmethod
    def furnished(cls, settings: ServerSettings, outside: Surroundings, wall: WallClock) -> _House:
        bus, addresses = Bus(), _Addresses()
        outside = evolve(outside, serves=settings.serves, owns=addresses.owns)
        around = evolve(outside, wall=wall)
        store = settings.storage(around)
        providers = [build(outside) for build in settings.providers]
        policies = [build(around) for build in settings.policies]
        contained = [ContainedPolicy(policy, around.clock) for policy in policies]
        dialects = [build(around) for build in settings.dialects]
        location = LocationService(ContainedStore(store, around.clock), around.clock, around.wall)
        departures, parking = Departures(), Parking(settings.parking)
        triage = Triage(parking, around.entropy)
        ways = ways_of(providers, settings.push, departures, around, bus)
        dispatcher = Dispatcher(ways, contained, lambda: wall.ahead)
        return cls(
            settings=settings,
            surroundings=around,
            wall=wall,
            keyring=_keyring(settings.keys_file, around),
            bus=bus,
            store=store,
            location=location,
            providers=providers,
            policies=policies,
            contained=contained,
            dialects=dialects,
            addresses=addresses,
            dispatcher=dispatcher,
            queue=wake_queue(settings.parking, dispatcher, departures, location, around, bus),
            parking=parking,
            triage=triage,
            intake=Intake(around.clock, triage),
        )

    def open(self, listen: Listen) -> Server:
        around = self.surroundings
        stack = self._stack(_listeners(self.settings.listen, listen, around))
        self.triage.stack = self.addresses.stack = stack
        self.location.subscribe(_Kept(stack, around.wall).location_changed)
        proxy = self._proxy(stack)
        stack.core = Element(
            stack, self._admission(), self._registrar(stack), proxy, around.serves, around.entropy
        )
        figures = Figures(self.parking, self.queue.latency, self.intake)
        services = [
            *self._services(self.store),
            TimeKeeping(self.wall, self.store, around.clock),
            self._upkeep(),
            *self._services(*self.providers, *self.policies, *self.dialects),
            Report(around.clock, figures.seen),
        ]
        return Server(stack, self.bus, self.location, proxy, figures, services)

    def _services(self, *plugins: object) -> list[IService]:
        """Those of *plugins* that start and stop with the server."""
        clock = self.surroundings.clock
        services = [IService(plugin) for plugin in plugins if IService.providedBy(plugin)]
        return [ContainedService(service, clock) for service in services]

    def _stack(self, listeners: Sequence[Listener]) -> SIPStack:
        around = self.surroundings
        return SIPStack(
            listeners=listeners,
            layer=TransactionLayer(around.clock, Timers(), self.bus),
            resolver=Resolver(
                around.reactor.nameResolver,
                around.clock,
                transports=tuple(listener.transport for listener in listeners),
            ),
            bus=self.bus,
            clock=around.clock,
            entropy=around.entropy,
            limits=self.settings.message,
        )

    def _upkeep(self) -> IService:
        around = self.surroundings
        upkeep = Upkeep(
            location=self.location,
            push=self.dispatcher,
            clock=around.clock,
            wall=around.wall,
            entropy=around.entropy,
            bus=self.bus,
            attempts=self.settings.registrar.push.refresh_attempts,
            per_second=self.settings.push.pushes_per_second,
            settings=self.settings.upkeep,
        )
        self.location.subscribe(upkeep.location_changed)
        return _every(LOOK_EVERY, upkeep.look, around.clock)

    def _admission(self) -> Admission:
        auth = self.settings.auth
        authenticators: list[IAuthenticator] = [Trusted(auth.trusted)]
        if auth.mode == "digest":
            authenticators.append(self._digest(auth))
        return Admission(
            authenticators, auth.realm, self.settings.serves, auth.strangers, auth.mode != "none"
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
            guesses=Guesses(auth.wrong_passwords, self.surroundings.clock),
        )

    def _registrar(self, stack: SIPStack) -> Registrar:
        settings, clock = self.settings.registrar, self.surroundings.clock
        dialects = tuple(ContainedDialect(dialect, clock) for dialect in self.dialects)
        return Registrar(
            authority=LocalAuthority(settings, self.dispatcher, dialects),
            location=self.location,
            push=self.dispatcher,
            policies=self.contained,
            settings=settings,
            serves=self.settings.serves,
            wall=self.surroundings.wall,
            entropy=self.surroundings.entropy,
            bus=self.bus,
            clock=self.surroundings.clock,
            reaches=lambda token: stack.flow(token) is not None,
            purr=partial(write_purr, keyring=self.keyring),
            dialects=dialects,
        )

    def _proxy(self, stack: SIPStack) -> Proxy:
        around, settings = self.surroundings, self.settings.proxy
        forwarder = self._forwarder(stack)
        late_calls = LateCalls(forwarder, around.clock)
        self.location.subscribe(self.queue.location_changed)
        self.location.subscribe(late_calls.location_changed)
        policies = [*self.policies, DomainPolicy(self.settings.serves, stack.owns)]
        means = Means(
            forwarder=forwarder,
            queue=self.queue,
            parking=self.parking,
            selection=Selection(policies, around.clock),
            late_calls=late_calls,
            settings=settings,
            clock=around.clock,
            wall=around.wall,
            entropy=around.entropy,
            bus=self.bus,
            timer_c=FixedTimer(around.clock, TIMER_C),
            hedge=FixedTimer(around.clock, settings.hedge),
        )
        routes = RouteReader(stack.owns, self.keyring)
        return Proxy(stack, self.location, routes, means)

    def _forwarder(self, stack: SIPStack) -> Forwarder:
        return Forwarder(
            stack,
            self.keyring,
            self.surroundings.clock,
            self.bus,
            self.settings.proxy.strip_pn_to_ua,
            self.settings.auth.realm,
        )


@define(eq=False)
class _Addresses:
    """Our own, for policies that are there before the sockets are."""

    stack: SIPStack | None = None

    def owns(self, host: str, port: int | None) -> bool:
        """Whether that is one of them."""
        return self.stack is not None and self.stack.owns(host, port)


@frozen
class _Kept:
    """Lets no connection that carries a binding be closed for being idle."""

    _stack: SIPStack
    _wall: Callable[[], float]

    def location_changed(self, _: AOR, decision: Decision) -> None:
        """Somebody has registered on a flow."""
        now = self._wall()
        for binding in decision.registered:
            self._stack.keep(binding.flow, binding.expires_at - now)


def _listeners(
    settings: Sequence[ListenSettings], listen: Listen, around: Surroundings
) -> list[Listener]:
    """Each of them; a complaint about one says which."""
    listeners: list[Listener] = []
    for number, one in enumerate(settings):
        try:
            listeners.append(listen(one, around))
        except ConfigErrors as errors:
            named = [
                (where.replace("listen", f"listen[{number}]", 1), what)
                for where, what in errors.problems
            ]
            raise ConfigErrors(named) from None
    return listeners


def _every(seconds: float, work: Callable[[], object], clock: IReactorTime) -> IService:
    """Do *work* again and again; once failed is told, and done again the next time."""
    timer = TimerService(seconds, lambda: maybeDeferred(work).addErrback(_told))
    timer.clock = clock
    return timer


def _told(failure: Failure) -> None:
    if not failure.check(StoreUnavailable):  # which the store has told of
        _log.failure("what is due could not be looked up", failure)


def _keyring(path: str | None, around: Surroundings) -> Keyring:
    secret = around.entropy(32) if path is None else load_or_create(path, around.entropy)
    return Keyring(secret, around.entropy)
