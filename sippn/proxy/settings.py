"""
What an operator decides about calls to sleeping phones; times in seconds.
"""

from __future__ import annotations

from attrs import Factory, field, frozen


@frozen
class WaitSettings:
    """How long a request waits for a sleeper, by its kind (REQUIREMENTS S-14)."""

    invite: float = 20
    message: float = 10
    other: float = 8
    mid_dialog: float = 8


@frozen
class ProxySettings:
    """
    :class:`sippn.proxy.Proxy`'s own.

    :ivar methods: what wakes a sleeper; anything else to one is 480 at once.
    :ivar awake_after_register: seconds during which a UA that registered is sent requests
        without a push.
    :ivar provisional: sent once when an INVITE is parked, e.g. 182; None: nothing but 100.
    :ivar strip_pn_to_ua: leave the push parameters out of the Request-URI to the UA.
    :ivar mid_dialog: whose sleepers a request in a dialog wakes: ``"purr"``, of those that put
        a PURR into their Contact (RFC 8599 section 6), or ``"all"`` (REQUIREMENTS S-22),
        which *wakes_all* says.
    :ivar live_window: for how long after its last sign of life a connection counts as alive.
    :ivar hedge: how long a UA that was sent a request without a push may stay silent before
        it is pushed after all (S-05).
    :ivar next_after: how long bindings of one q may ring before those of the next lower one are
        asked instead (RFC 3261 section 16.6).
    :ivar recurse: follow the Contacts of a 3xx (RFC 3261 section 16.5) instead of passing it on.
    :ivar conceal: a stranger hears of a phone that is not there no sooner than of one that
        sleeps (T15); all phones are asked at once then, whatever their q.
    :ivar late_join: fork to a UA that registers while its call still rings elsewhere (S-09).
    """

    methods: frozenset[str] = frozenset({"INVITE", "MESSAGE"})
    awake_after_register: float = 0
    provisional: int | None = None
    strip_pn_to_ua: bool = True
    live_window: float = 30
    hedge: float = 1.0
    late_join: bool = True
    next_after: float = 20
    recurse: bool = False
    conceal: bool = False
    mid_dialog: str = "purr"
    wait: WaitSettings = WaitSettings()
    wakes_all: bool = field(
        init=False, default=Factory(lambda self: self.mid_dialog == "all", takes_self=True)
    )
