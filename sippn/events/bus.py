"""
Where news is told and heard.
"""

from __future__ import annotations

from collections.abc import Callable

from attrs import define, field

from sippn.events.happenings import Event

Listener = Callable[[Event], None]


@define(eq=False)
class Bus:
    """
    Tells every listener everything, in order of subscription.

    A listener does not raise: it is told in the middle of somebody's work.

    :ivar heard: whether anybody listens; ask it before making an event on a hot path.
    """

    heard: bool = field(default=False, init=False)
    _listeners: list[Listener] = field(factory=list, init=False)

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """
        Tell *listener* from now on.

        :returns: call it to be told no more.
        """
        self._listeners.append(listener)
        self.heard = True

        def unsubscribe() -> None:
            self._listeners.remove(listener)
            self.heard = bool(self._listeners)

        return unsubscribe

    def publish(self, event: Event) -> None:
        """Tell everyone *event*."""
        for listener in tuple(self._listeners):
            listener(event)
