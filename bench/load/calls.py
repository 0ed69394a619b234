"""The calls of a run, and how far each has come."""

from __future__ import annotations

import random
from collections import Counter, deque
from time import perf_counter

from attrs import define, field


@define(eq=False)
class Call:
    """
    One call to a phone that sleeps; all times are of ``perf_counter``, 0: not yet.

    :ivar mark: of its INVITE, and in its Call-ID.
    :ivar pushed: its push reached the push service.
    :ivar woken: its phone sent a REGISTER; *registered*, that was answered.
    :ivar rung: its INVITE reached the phone; by *branch*, the topmost.
    :ivar answered: the 200 reached the caller.
    """

    user: int
    mark: int
    started: float
    pushed: float = 0.0
    woken: float = 0.0
    registered: float = 0.0
    rung: float = 0.0
    answered: float = 0.0
    branch: bytes = b""

    def stage(self) -> str:
        """How far it has come, for the count of those that were lost."""
        if self.answered:
            return "after its 200"
        if self.rung:
            return "after its INVITE had rung"
        if self.registered:
            return "after the REGISTER"
        return "after its push" if self.pushed else "before its push"


@define(eq=False)
class Calls:
    """
    All of them.

    :ivar patience: seconds after which a call that is not over is lost.
    :ivar asked: begun.
    :ivar completed: up to the 200 for the BYE.
    :ivar failed: why the others were not, and how many times.
    :ivar doubled: INVITEs that reached a phone a second time, by another branch.
    :ivar repeated: those that were only sent again.
    :ivar surplus: pushes that no call was waiting for.
    :ivar pushes: of which calls waited.
    """

    _free: deque[int]
    patience: float = 10.0
    asked: int = 0
    completed: int = 0
    doubled: int = 0
    repeated: int = 0
    surplus: int = 0
    pushes: int = 0
    failed: Counter[str] = field(factory=Counter)
    invite_to_push: list[float] = field(factory=list)
    register_to_invite: list[float] = field(factory=list)
    invite_to_answer: list[float] = field(factory=list)
    last_end: float = 0.0
    _marks: int = field(default=0x1000_0000, init=False)
    _open: dict[int, Call] = field(factory=dict, init=False)
    _calling: dict[int, Call] = field(factory=dict, init=False)

    @classmethod
    def to(cls, users: int) -> Calls:
        """None yet, to the phones of so many users, each of whom has one call at a time."""
        return cls(deque(range(users)))

    def __len__(self) -> int:
        """How many are not over."""
        return len(self._open)

    def begin(self) -> Call | None:
        """The next one; None, and it counts as lost, where all phones are in a call."""
        self.asked += 1
        if not self._free:
            self.failed["no phone was free"] += 1
            return None
        self._marks += 1
        call = Call(self._free.popleft(), self._marks, perf_counter())
        self._open[call.mark] = self._calling[call.user] = call
        return call

    def marked(self, mark: int) -> Call | None:
        """The one with *mark*, if it is not over."""
        return self._open.get(mark)

    def push(self, user: int) -> Call | None:
        """Note that *user* was pushed; the call that waited for it, if there was one."""
        call = self._calling.get(user)
        if call is None or call.pushed:
            self.surplus += 1
            return None
        self.pushes += 1
        call.pushed = perf_counter()
        return call

    def complete(self, call: Call) -> None:
        """It is over, and all was well."""
        self._end(call)
        self.completed += 1
        self.invite_to_push.append(call.pushed - call.started)
        self.register_to_invite.append(call.rung - call.woken)
        self.invite_to_answer.append(call.answered - call.started)

    def fail(self, call: Call, why: str) -> None:
        """It is over, and *why* it came to nothing."""
        self._end(call)
        self.failed[why] += 1

    def give_up(self) -> None:
        """Those that have taken too long are lost."""
        late = perf_counter() - self.patience
        for call in [call for call in self._open.values() if call.started < late]:
            self.fail(call, f"lost {call.stage()}")

    def spare(self, count: int) -> None:
        """Do not call the first *count* phones."""
        for _ in range(count):
            self._free.popleft()

    def shuffle(self, seed: int) -> None:
        """Call the phones in a random order, the same for each *seed*."""
        users = list(self._free)
        random.Random(seed).shuffle(users)  # noqa: S311 - no secret
        self._free = deque(users)

    def forget_figures(self) -> None:
        """Count from now on: what has been was to warm up."""
        self.asked = self.completed = self.pushes = 0
        self.doubled = self.repeated = self.surplus = 0
        self.failed.clear()
        for latencies in (self.invite_to_push, self.register_to_invite, self.invite_to_answer):
            latencies.clear()

    def _end(self, call: Call) -> None:
        del self._open[call.mark]
        if self._calling.get(call.user) is call:
            del self._calling[call.user]
        self._free.append(call.user)
        self.last_end = perf_counter()
