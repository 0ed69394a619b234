"""Who sends so much that to read it is too much already (RELIABILITY A6)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import ClassVar, Final

from attrs import define, field
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from sippn.transport.fence import MOST_BARRED

FLOOD: Final = 20_000  # datagrams of one source in a second: some times what can be served
BARRED_SECONDS: Final = 10.0  # short, as an address over UDP is a claim
_WINDOW_SECONDS: Final = 1.0

Network = str | bytes
"""As :func:`sippn.transport.fair.network_of` tells them."""


@define(eq=False, repr=False)
class Floods:
    """
    Has sources that flood barred for a while, so that others find room in the sockets' buffers.

    A source that is alone is not: an edge proxy in front of us is the only one that sends, and
    silence would serve nobody.

    :ivar count: how many times somebody was barred.
    :ivar _bar: takes all who are barred now.
    """

    _clock: IReactorTime
    _bar: Callable[[Collection[Network]], None]
    count: int = field(default=0, init=False)
    _barred: dict[Network, IDelayedCall] = field(factory=dict, init=False)  # until then
    _came: dict[Network, int] = field(factory=dict, init=False)
    _since: float = field(default=0.0, init=False)
    _log: ClassVar[Logger] = Logger()

    def read(self, came: Mapping[Network, int]) -> None:
        """So many datagrams of each source were read just now."""
        now, counts = self._clock.seconds(), self._came
        if now - self._since > _WINDOW_SECONDS:
            counts.clear()
            self._since = now
        for network, number in came.items():
            counts[network] = counts.get(network, 0) + number
            if counts[network] > FLOOD and len(counts) > 1 and len(self._barred) < MOST_BARRED:
                counts[network] = 0
                self._begin(network)

    def stop(self) -> None:
        """Nobody is barred any more."""
        for call in self._barred.values():
            call.cancel()
        self._barred.clear()

    def _begin(self, network: Network) -> None:
        if network in self._barred:
            return  # it had sent that before
        self.count += 1
        self._barred[network] = self._clock.callLater(BARRED_SECONDS, self._end, network)
        self._bar(self._barred)
        source = network if isinstance(network, str) else f"{network.hex(':', 2)}::/64"
        self._log.warn(
            "{source} sent more than {most} datagrams in a second: it is not heard for"
            " {seconds:g} s",
            source=source,
            most=FLOOD,
            seconds=BARRED_SECONDS,
        )

    def _end(self, network: Network) -> None:
        del self._barred[network]
        self._bar(self._barred)
