"""What every push provider must do."""

from __future__ import annotations

from typing import TypeVar

from attrs import evolve
from twisted.internet.defer import CancelledError, Deferred
from twisted.python.failure import Failure
from zope.interface.verify import verifyObject

from sippn.binding import PushJob, PushKind, PushOutcome, PushTarget
from sippn.interfaces import IPushLanes, IPushProvider
from sippn.testing.results import succeeded

T = TypeVar("T")

PRID = "secret-prid-4711"
LONGEST_LANE = 260  # characters: a host and its port; it stands in lines of the log


class PushProviderContract:
    """
    The promises of :class:`~sippn.interfaces.IPushProvider`, and those of
    :class:`~sippn.interfaces.IPushLanes` where the provider makes them.

    Override :meth:`make_provider`; and where they apply :meth:`target`, :meth:`kinds`,
    :meth:`wait`, :meth:`now` and :meth:`close_provider`.  Whatever the provider talks to
    should take every push.
    """

    provider: IPushProvider

    def make_provider(self) -> IPushProvider:
        """A provider, started if it needs to be."""
        raise NotImplementedError

    def close_provider(self, provider: IPushProvider) -> None:
        """Give back what *provider* holds: its connections, its threads."""

    def target(self) -> PushTarget:
        """A target it can push; its PRID has :data:`PRID` in it, to see that it stays secret."""
        return PushTarget("acme", "app", PRID)

    def kinds(self) -> tuple[PushKind, ...]:
        """What it can push that target for."""
        return tuple(PushKind)

    def now(self) -> float:
        """What the provider's clock says."""
        return 0.0

    def wait(self, result: Deferred[T]) -> T:
        """
        The value of *result*, which is there at once.

        A provider that waits for something overrides this, and makes it happen: it turns
        its clock, or moves the octets of its memory reactor.
        """
        return succeeded(result)

    def setup_method(self) -> None:
        """Pytest calls this before each test."""
        self.provider = self.make_provider()

    def teardown_method(self) -> None:
        """Pytest calls this after each test."""
        self.close_provider(self.provider)

    def job(self, kind: PushKind = PushKind.CALL) -> PushJob:
        """A job with ten seconds left."""
        return PushJob(
            id=f"job-{kind.value}",
            kind=kind,
            target=self.target(),
            aor="sip:alice@example.com",
            deadline=self.now() + 10,
            collapse_key="collapse",
            method="" if kind is PushKind.REFRESH else "INVITE",
            call_id="" if kind is PushKind.REFRESH else "call-1@192.0.2.1",
        )

    def test_provides_the_interface(self) -> None:
        """Every name is there, with the arguments it is called with."""
        assert verifyObject(IPushProvider, self.provider)

    def test_promises_each_service_once_and_in_lower_case(self) -> None:
        """F-01: one Feature-Caps field per PNS; pn-provider is compared in lower case."""
        names = [capability.pns for capability in self.provider.capabilities]
        assert names == sorted(set(names), key=names.index)
        assert names == [name.lower() for name in names]
        assert all(names)

    def test_can_push_its_target(self) -> None:
        """R-04: for the kinds that it is fit for, and only those."""
        fit = tuple(kind for kind in PushKind if self.provider.can_push(self.target(), kind))
        assert fit == self.kinds()

    def test_cannot_push_without_a_prid(self) -> None:
        """P-023: who only asked what is supported has no PRID and is never pushed."""
        incomplete = evolve(self.target(), prid="")
        assert not any(self.provider.can_push(incomplete, kind) for kind in PushKind)

    def test_outcome_is_a_value(self) -> None:
        """A PNS that takes the push, one that does not and one that is away: all are outcomes."""
        for kind in self.kinds():
            assert isinstance(self.wait(self.provider.request_push(self.job(kind))), PushOutcome)

    def test_nothing_it_says_has_the_prid(self) -> None:
        """A PRID is a credential: in no repr and in no detail (T7)."""
        outcome = self.wait(self.provider.request_push(self.job(self.kinds()[0])))
        said = (repr(self.provider), repr(outcome))
        for text in (*said, outcome.detail, outcome.pns_id, outcome.advice):
            assert isinstance(text, str)
            assert PRID not in text

    def test_lane_is_a_short_name_without_the_prid(self) -> None:
        """W3, T7: it names an app or a host in the log; without lanes there is but one."""
        lane = self.lane()
        assert isinstance(lane, str)
        assert len(lane) <= LONGEST_LANE
        assert lane.isprintable()
        assert PRID not in lane

    def test_lane_stays_the_same(self) -> None:
        """W3: else a breaker would count each push for itself, and never open."""
        before = self.lane()
        self.wait(self.provider.request_push(self.job(self.kinds()[0])))
        assert self.lane() == before

    def lane(self) -> str:
        """The lane of :meth:`target`; empty: it has none."""
        if not IPushLanes.providedBy(self.provider):
            return ""
        verifyObject(IPushLanes, self.provider)
        lane: str = self.provider.lane_of(self.target())
        return lane

    def test_job_may_be_asked_again(self) -> None:
        """Retrying asks with the same job; a provider keeps no memory that refuses it."""
        job = self.job(self.kinds()[0])
        first = self.wait(self.provider.request_push(job))
        assert self.wait(self.provider.request_push(job)).verdict is first.verdict

    def test_cancelling_ends_quietly(self) -> None:
        """S-12: dropped, or finished unseen: CancelledError or an outcome, nothing else."""
        asked = self.provider.request_push(self.job(self.kinds()[0]))
        asked.cancel()
        ended = self.wait(asked.addErrback(_withdrawn))
        assert ended is None or isinstance(ended, PushOutcome)


def _withdrawn(failure: Failure) -> None:
    failure.trap(CancelledError)
