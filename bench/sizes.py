"""How much is measured."""

from __future__ import annotations

from attrs import frozen


@frozen
class Sizes:
    """
    The numbers of all measures; the defaults are those of bench/RESULTS.md.

    :ivar rounds: of most measures; *pairs* of those that compare one server with itself.
    :ivar bindings: push bindings that are registered, then refreshed.
    :ivar rate: of durable refreshes a second, for so many *seconds*.
    :ivar users: whose phones are called; more of them where the rate is fixed.
    :ivar calls: in a closed loop of each of *at_a_time*, after some to warm up.
    :ivar rates: calls a second; *http_rates* with push by HTTP; each for *call_seconds*.
    :ivar pushed: calls pushed by APNs, of each of *pushed_at_a_time*, also with a GOAWAY every
        *goaway* streams; *pushes* while memory is looked at.
    :ivar registers: a second, beside which it is seen what a phone waits for.
    :ivar parked: INVITEs that wait, while *probes* other bindings are refreshed, several times.
    :ivar held: bindings whose memory is measured.
    :ivar grown: bindings held, while some of them are refreshed, *refreshed* times in all.
    :ivar restored: bindings after a restart; *looked_up* of them are called.
    :ivar herd: bindings after a restart when many refreshes are overdue, and no more than
        *push_cap* pushes are allowed a second.
    :ivar overload: seconds of it; *outage* seconds that a push service is down or hangs, when
        an INVITE waits *wait* seconds.
    :ivar slow: connections that say next to nothing, for *slow_seconds*.
    """

    rounds: int = 3
    pairs: int = 5
    bindings: int = 50_000
    rate: int = 8_000
    seconds: float = 5.0
    users: int = 2_000
    users_at_rate: int = 4_000
    warm_up: int = 200
    calls: int = 4_000
    at_a_time: tuple[int, ...] = (10, 50)
    rates: tuple[int, ...] = (200, 400, 800)
    http_rates: tuple[int, ...] = (200,)
    call_seconds: float = 14.0
    pushed: int = 5_000
    pushed_at_a_time: int = 200
    goaway: int = 500
    pushes: int = 50_000
    registers: float = 500.0
    parked: tuple[int, ...] = (0, 1_000, 5_000)
    probes: int = 2_000
    held: int = 200_000
    grown: tuple[int, ...] = (5_000, 50_000, 200_000)
    refreshed: int = 20_000
    restored: int = 1_000_000
    looked_up: int = 1_000
    herd: int = 100_000
    push_cap: int = 500
    overload: float = 60.0
    outage: float = 600.0
    wait: int = 20
    slow: int = 2_000
    slow_seconds: float = 60.0


FULL = Sizes()

QUICK = Sizes(
    rounds=3,
    pairs=3,
    bindings=5_000,
    seconds=2.0,
    users=1_000,
    users_at_rate=2_000,
    warm_up=100,
    calls=1_000,
    rates=(200, 400),
    call_seconds=4.0,
    pushed=1_000,
    goaway=100,
    pushes=20_000,
    parked=(0, 200, 1_000),
    probes=1_000,
    held=20_000,
    grown=(1_000, 5_000, 20_000),
    refreshed=5_000,
    restored=20_000,
    looked_up=200,
    herd=10_000,
    overload=8.0,
    outage=15.0,
    wait=5,
    slow=500,
    slow_seconds=24.0,
)

TINY = Sizes(
    rounds=1,
    pairs=1,
    bindings=100,
    rate=200,
    seconds=0.5,
    users=20,
    users_at_rate=60,
    warm_up=2,
    calls=20,
    at_a_time=(5,),
    rates=(50,),
    http_rates=(50,),
    call_seconds=0.4,
    pushed=20,
    pushed_at_a_time=5,
    goaway=5,
    pushes=20,
    registers=80,
    parked=(0, 20),
    probes=20,
    held=100,
    grown=(20, 60),
    refreshed=60,
    restored=200,
    looked_up=20,
    herd=100,
    overload=0.4,
    outage=1.0,
    wait=3,
    slow=40,
    slow_seconds=0.8,
)
"""For a test of the benchmark itself: what comes out is counted, and says nothing of speed."""
