"""What client and server transactions have in common: a state, timers, and octets to repeat."""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping
from typing import Any, ClassVar, TypeAlias

from attrs import define, field

from sippn.transaction.clockwork import Clockwork
from sippn.transaction.flow import Flow
from sippn.transaction.machine import Action, Input, Machine, State
from sippn.transaction.matching import Key
from sippn.transaction.outlet import Outlet
from sippn.transaction.timer_queue import Handle

Act: TypeAlias = Callable[[Any, Any], None]


@define(eq=False)
class Transaction:
    """
    A machine that runs.

    At any time it has at most one timer that ends a state and, on an unreliable flow, one
    that repeats.  On a reliable one it is its :class:`~sippn.transaction.flow.FlowUser`,
    the server side too: a caller's connection is not idle while the other end rings.
    Terminated, it is in no table, on no flow and holds no timer, and nothing here holds it.

    :ivar state: where it is; :meth:`feed` alone moves it.
    """

    _entry: ClassVar[tuple[State, tuple[Act, ...]]]
    _rows: ClassVar[Mapping[State, Mapping[Input, tuple[State, tuple[Act, ...]]]]]

    _clockwork: Clockwork
    _outlet: Outlet
    _table: MutableMapping[Key, Any]
    _key: Key
    flow: Flow
    state: State = field(init=False)
    _octets: bytes = field(default=b"", init=False)
    _timer: Handle | None = field(default=None, init=False)
    _repeating: Handle | None = field(default=None, init=False)
    _interval: float = field(default=0.0, init=False)

    @classmethod
    def follow(cls, machine: Machine) -> None:
        """
        Make this class run *machine*: look its actions up once, not at every input.

        :raises KeyError: the class lacks an action.
        """
        acts = cls._acts()

        def bound(actions: tuple[Action, ...]) -> tuple[Act, ...]:
            return tuple(acts[action] for action in actions)

        state, actions = machine.begins
        cls._entry = (state, bound(actions))
        cls._rows = {
            before: {event: (after, bound(done)) for event, (after, done) in row.items()}
            for before, row in machine.table.items()
        }

    @classmethod
    def _acts(cls) -> dict[Action, Act]:
        return {
            Action.STOP_RETRANSMITTING: cls._stop_retransmitting,
            Action.STOP_TIMERS: cls._stop_timers,
            Action.TERMINATE: cls._terminate,
        }

    @property
    def terminated(self) -> bool:
        """Whether it is over: whatever comes now is not its own."""
        return self.state is State.TERMINATED

    def begin(self, message: object = None) -> None:
        """
        Enter the table and the first state.

        :param message: what it is about, for the actions.
        """
        self._table[self._key] = self
        if self.flow.reliable:
            self.flow.join(self)
        self.state, acts = self._entry
        for act in acts:
            act(self, message)

    def feed(self, event: Input, message: object = None) -> None:
        """
        Do what the machine's table says about *event*.

        The next state is entered first, so whoever is told may speak to the transaction.

        :param message: what the event is about, for the actions.
        """
        self.state, acts = self._rows[self.state][event]
        for act in acts:
            act(self, message)

    def flow_lost(self) -> None:
        """Learn that the connection is gone; a response finds out by itself."""

    def _repeat(self, event: Input, interval: float) -> None:
        """Feed *event* after *interval* seconds, if the flow may lose what it is given."""
        if not self.flow.reliable:
            self._interval = interval
            self._repeating = self._clockwork.repeating(interval).start(self.feed, event)

    def _stop_retransmitting(self, _: object) -> None:
        if self._repeating is not None:
            self._repeating.cancel()
            self._repeating = None

    def _stop_timers(self, _: object) -> None:
        repeating, timer = self._repeating, self._timer
        if repeating is not None:
            repeating.cancel()
            self._repeating = None
        if timer is not None:
            timer.cancel()
            self._timer = None

    def _terminate(self, _: object) -> None:
        self._stop_timers(None)
        self._table.pop(self._key, None)
        if self.flow.reliable:
            self.flow.leave(self)


def starts(event: Input, *, keeping: bool = False) -> Act:
    """
    Make the action that starts *event*'s timer: at once if the flow makes it take no time.

    :param keeping: feed what the action was about with the event; the timer holds it until then.
    """

    def start(transaction: Transaction, message: object) -> None:
        queue = transaction._clockwork.queues[transaction.flow.reliable][event]  # noqa: SLF001 - an action is a method that has no def
        kept = message if keeping else None
        if queue is None:
            transaction.feed(event, kept)
        else:
            transaction._timer = queue.start(transaction.feed, event, kept)  # noqa: SLF001 - the same

    return start
