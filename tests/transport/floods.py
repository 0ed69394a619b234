"""A socket that overflows, and a server that takes its time: what the tests of floods share."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Collection

from attrs import define, field
from twisted.internet.task import Clock

from sippn.transport import DatagramFlow, Flow
from sippn.transport.address import Address, SockAddr
from sippn.transport.fair import network_of

READ = 2e-6  # seconds that each takes
SERVE = 100e-6
REFUSE = 50e-6
KERNEL = 400  # datagrams of the size of a REGISTER in Linux's usual buffer


@define(eq=False)
class Stream:
    """
    Datagrams that somebody sends at a rate.

    :ivar sent: so far; each says when it was, and whose it is.
    """

    name: str
    host: str
    per_second: float
    sent: int = 0

    def until(self, now: float) -> list[tuple[float, bytes, SockAddr]]:
        """What has been sent since the last time."""
        due = int(now * self.per_second)
        made = [(number / self.per_second, self.name) for number in range(self.sent, due)]
        self.sent = max(self.sent, due)
        return [(at, f"{name} {at}".encode(), (self.host, 5060)) for at, name in made]


@define(eq=False)
class Gate:
    """
    A door with a kernel behind it, and a server before it, that share one clock.

    :ivar served: how many of each name; *waits* how long each of them took.
    :ivar lost: by the kernel, blindly; not those of who is *barred*.
    """

    clock: Clock = field(factory=Clock)
    streams: list[Stream] = field(factory=list)
    served: Counter[str] = field(factory=Counter)
    refused: Counter[str] = field(factory=Counter)
    lost: Counter[str] = field(factory=Counter)
    waits: dict[str, list[float]] = field(factory=dict)
    order: list[str] = field(factory=list)
    barred: set[str | bytes] = field(factory=set)
    on_serve: Callable[[str], None] = lambda _: None
    local = Address("192.0.2.10", 5060)
    transport = "UDP"
    _buffer: deque[tuple[bytes, SockAddr]] = field(factory=deque)

    def receive(self, size: int, /) -> tuple[bytes, SockAddr]:  # noqa: ARG002 - all are small
        """See :class:`sippn.transport.intake.Door`."""
        self._arrive()
        if not self._buffer:
            raise BlockingIOError
        self.clock.rightNow += READ
        return self._buffer.popleft()

    def serve(self, octets: bytes, sockaddr: SockAddr) -> None:  # noqa: ARG002 - not kept
        """See :class:`sippn.transport.intake.Door`."""
        name, _, at = octets.decode().partition(" ")
        self.clock.rightNow += SERVE
        self.served[name] += 1
        self.order.append(name)
        self.waits.setdefault(name, []).append(self.clock.seconds() - float(at or 0))
        self.on_serve(name)

    def flow_from(self, sockaddr: SockAddr) -> DatagramFlow:
        """See :class:`sippn.transport.intake.Door`."""
        return DatagramFlow(self, sockaddr)

    def bar(self, networks: Collection[str | bytes]) -> None:
        """See :class:`sippn.transport.intake.Door`."""
        self.barred = set(networks)

    def sent_by_toward(self, remote: Address) -> str:  # noqa: ARG002 - the same to all
        """See :class:`sippn.transport.DatagramSocket`."""
        return str(self.local)

    def send_to(self, octets: bytes, sockaddr: SockAddr) -> None:
        """See :class:`sippn.transport.DatagramSocket`: nobody answers here."""

    def put(self, *names: str, host: str = "192.0.2.1") -> None:
        """Have datagrams there, all at once."""
        self._buffer.extend((f"{name} 0".encode(), (host, 5060)) for name in names)

    def is_vital(self, octets: bytes) -> bool:
        """See :class:`sippn.transport.intake.Triage`: a capital says so."""
        return octets[:1] == b"V"

    def refuse(self, octets: bytes, flow: Flow) -> None:  # noqa: ARG002 - nobody hears it
        """See :class:`sippn.transport.intake.Triage`."""
        self.clock.rightNow += REFUSE
        self.refused[octets.decode().partition(" ")[0]] += 1

    def _arrive(self) -> None:
        now = self.clock.seconds()
        came = [one for stream in self.streams for one in stream.until(now)]
        for _, octets, sockaddr in sorted(came):
            if network_of(sockaddr) in self.barred:
                continue
            if len(self._buffer) < KERNEL:
                self._buffer.append((octets, sockaddr))
            else:
                self.lost[octets.decode().partition(" ")[0]] += 1
