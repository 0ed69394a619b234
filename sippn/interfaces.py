"""
The sockets of sippn: what a plugin provides, and what it may rely on.

All calls come in the reactor thread.  A plugin that also provides
:class:`twisted.application.service.IService` starts and stops with the server:
threads, pools and connections belong into its ``startService``.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeAlias, TypeVar

from attrs import frozen
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.plugin import IPlugin
from zope.interface import Attribute, Interface

from sippn import binding as b
from sippn.http import Overhear
from sippn.sip import NameAddr, Request

T = TypeVar("T")
Maybe: TypeAlias = T | Awaitable[T]  # a value costs nothing; Deferred, ``async def``: awaited


async def settled(value: Maybe[T]) -> T:
    """What a socket's answer comes to, however it was given."""
    return await value if isinstance(value, Awaitable) else value


class IBindingStore(Interface):
    """Keeps one ``Record`` per AOR; decides, queues and caches nothing."""

    durable: bool = Attribute("Whether a committed record survives kill -9.")

    def load(aor: b.AOR) -> Maybe[b.Record | None]:
        """Read one record; at once where that takes microseconds."""

    def find(key: bytes) -> Maybe[Sequence[b.AOR]]:
        """The AORs whose record carries *key*: an index, never a scan."""

    def commit(changes: Sequence[b.Change]) -> Maybe[Sequence[b.AOR]]:
        """
        Compare and swap: write each record whose stored version is ``expected``.

        One batch is in flight at a time, an AOR at most once in it (group commit).
        It is there when it is as durable as :attr:`durable` says; an idle record is deleted.

        :returns: the AORs that lost the race, untouched; all others are written.
        :raises StoreUnavailable: nothing of the batch is written (500, Retry-After).
        """

    def due(before: float, limit: int, lease: float) -> Deferred[Sequence[b.Record]]:
        """Claim what is due *before* (wall clock), for *lease* seconds or until its commit."""

    def scan(after: b.AOR, limit: int) -> Deferred[Sequence[b.Record]]:
        """The next *limit* records in AOR order, for lists and exports."""

    def watch(changed: Callable[[Sequence[b.AOR]], None]) -> None:
        """Tell which AORs other nodes committed; empty: some may be missing, read again."""


class IReadable(Interface):
    """What a store provides whose records another process may read while a server has it open."""

    def read(aor: b.AOR) -> b.Record | None:
        """
        The record of *aor* as it is kept, without starting the store or changing anything.

        :raises ConfigErrors: it can't be read, and what to do.
        """


class INotebook(Interface):
    """What a store provides that keeps a line or two beside its records, as durably as these."""

    def note(name: str) -> str | None:
        """What was noted last under *name*; None: nothing.  :raises StoreUnavailable: can't say."""

    def keep_note(name: str, text: str) -> Deferred[None]:
        """Note *text*; fires when it is durable.  :raises StoreUnavailable: it is not noted."""


class IPushDialect(Interface):
    """Reads how a make of UA asks to be pushed, where it has words of its own (D-07)."""

    def read(register: Request, contact: NameAddr) -> b.PushRequest | None:
        """
        What *contact* of *register* says about push; None: it is none of those UAs.

        It is asked before sippn looks for the dialects that it knows, and does no I/O.

        :raises BadRequest: it is one of them, and makes no sense.
        """


class IPushProvider(Interface):
    """Reaches push notification services (PNS).  Providers compose by wrapping."""

    capabilities: Sequence[b.Capability] = Attribute("What Feature-Caps may promise.")

    def can_push(target: b.PushTarget, kind: b.PushKind) -> bool:
        """
        Whether *target* is complete, configured, and fit for *kind*.

        It is not asked where *target* has no token for *kind* (R-04); which one that is says
        :func:`sippn.binding.service_for`.
        """

    def request_push(job: b.PushJob) -> Deferred[b.PushOutcome]:
        """
        Ask once.  The outcome is a value; a failure is a bug.

        Cancelling drops what has not left yet; what is on the wire may finish unseen.
        """


class IPushLanes(Interface):
    """
    What a push provider provides besides, that asks services which fail one by one.

    Each lane has its own circuit breaker and its own requests in flight: an app whose PNS
    hangs holds up no other app's pushes (RELIABILITY W3).
    """

    def lane_of(target: b.PushTarget) -> str:
        """
        The lane of *target*, which can be pushed: an app, a project, an origin.

        It is named in the log; no part of a PRID but the host of its URL.
        """


class IRegistrationAuthority(Interface):
    """Says who may register: this server, or the registrar behind it."""

    def grant(
        register: Request, plan: b.RegisterPlan, source: b.Source, record: b.Record | None
    ) -> Maybe[b.Grant]:
        """
        Decide on *register*; *record*, what is stored now, does not change by it.

        :raises SIPError: the answer that refuses it.
        """


class IAuthenticator(Interface):
    """Proves identities.  Several are asked in turn; a 401 offers all challenges."""

    def challenges(realm: str, stale: bool, source: b.Source) -> Sequence[str]:
        """Values for WWW- or Proxy-Authenticate to *source*, each naming its algorithm."""

    def authenticate(request: Request, source: b.Source) -> Maybe[b.Principal | None]:
        """
        Who sent it; None: no credentials of this kind.

        :raises Unauthorized: there are some, and they prove nothing.
        :raises SIPError: the answer that refuses it, whoever else might know.
        """


class IRoutingPolicy(Interface):
    """Bends a plan; policies are asked in the order of the configuration."""

    def on_register(register: Request, plan: b.RegisterPlan) -> Maybe[b.RegisterPlan]:
        """Before authority and store are asked.  :raises SIPError: refuse."""

    def determine_targets(request: Request, plan: b.RoutePlan) -> Maybe[b.RoutePlan]:
        """Which AORs and URIs, how long to wait, what to tell the caller meanwhile."""

    def select_bindings(request: Request, found: Sequence[b.Binding]) -> Sequence[b.Binding]:
        """Which of the bindings found, in which order."""

    def on_push(job: b.PushJob) -> Maybe[b.PushJob | None]:
        """Change a push before it leaves; None: send none."""

    def on_push_result(job: b.PushJob, outcome: b.PushOutcome) -> None:
        """Learn what came of it."""


def _any_host(host: str) -> bool:  # noqa: ARG001 - what serves may stand for
    return True


def _no_address(host: str, port: int | None) -> bool:  # noqa: ARG001 - what owns may stand for
    return False


@frozen
class Surroundings:
    """
    What a plugin may use of the process it lives in, given when it is built.

    :ivar reactor: the reactor, for sockets and threads; never imported.
    :ivar clock: monotonic time, for waits; a job's deadline is on it.
    :ivar wall: wall clock, seconds, for what is stored: nobody sets it while the server runs.
        A provider's is the system's, for what a PNS dates.
    :ivar entropy: that many random octets.
    :ivar serves: whether a host is one of the server's domains.
    :ivar owns: whether (host, port) is an address of the server's own; ask once it has started.
    :ivar overhear: told of each HTTP request of a provider's, and of what came of it, by
        ``sippn push test``; None: nobody looks on.
    """

    reactor: Any
    clock: IReactorTime
    wall: Callable[[], float]
    entropy: Callable[[int], bytes]
    serves: Callable[[str], bool] = _any_host
    owns: Callable[[str, int | None], bool] = _no_address
    overhear: Overhear | None = None


class IFactory(IPlugin):
    """One kind of plugin, found by ``twisted.plugin``; imports its code when used."""

    makes: type[Interface] = Attribute("The socket that what it builds provides.")
    prefix: str = Attribute("The ``type`` that names it in the configuration.")
    help: str = Attribute("One line for lists.")

    def parse(table: Mapping[str, object]) -> Callable[[Surroundings], Any]:
        """
        Check the plugin's configuration table without I/O; the result builds it.

        :param table: its keys and values as in the file, ``type`` left out.
        :raises ConfigErrors: everything that is wrong with it, at once.
        """
