"""
What becomes of one request: its branches, and the one answer (RFC 3261 section 16.7).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from attrs import define, evolve, field
from twisted.internet.defer import Deferred

from sippn.binding import AOR, Binding, Decision
from sippn.errors import MaxBreadthExceeded, SIPError
from sippn.proxy.alarms import Alarms
from sippn.proxy.best import LATER, Final, best_final, gather_challenges, sparing_the_dialog
from sippn.proxy.branch import ANSWERED, GIVEN_UP, Branch
from sippn.proxy.branches import REDIRECTED, Branches, is_unreached
from sippn.proxy.breadth import Breadth
from sippn.proxy.caller_side import CallerSide
from sippn.proxy.forwarder import Passage, Target
from sippn.proxy.hang_up import hang_up
from sippn.proxy.leg import Leg
from sippn.proxy.means import Means, Terms
from sippn.proxy.reach import Moment, Reach, reach_of
from sippn.proxy.redirections import FOLLOWED, Redirections
from sippn.proxy.search import Search
from sippn.proxy.wakes import Wakes
from sippn.sip import REASONS, Request, Response
from sippn.transaction import ClientTransaction
from sippn.transport import Flow


@define(eq=False)
class ResponseContext:
    """
    Owns the branches of one request and takes every decision that concerns more than one.

    Every request gets exactly one final answer: :meth:`_settle` gives it when the last
    branch has ended and nobody is left to be asked, or :meth:`branch_answered` before that
    with a 2xx.

    :ivar wakes: its waits.
    :ivar _search: whom it is still to be sent to.
    :ivar _redirected: 3xx responses, with those of their Contacts that nobody could follow.
    """

    _means: Means
    _caller: CallerSide
    _caller_flow: Flow
    _request: Request
    _terms: Terms
    wakes: Wakes = field(init=False)
    _branches: Branches = field(factory=Branches, init=False)
    _breadth: Breadth = field(init=False)
    _search: Search = field(init=False)
    _redirections: Redirections | None = field(default=None, init=False)
    _redirected: tuple[Final, ...] = field(default=(), init=False)
    _started: bool = field(default=False, init=False)
    _asking: bool = field(default=False, init=False)
    _cancelled: bool = field(default=False, init=False)
    _declined: bool = field(default=False, init=False)
    _watched: Collection[AOR] = field(default=(), init=False)

    def __attrs_post_init__(self) -> None:
        self._means.unanswered.add(self)

    @property
    def arrived_on(self) -> str:
        """Token of the flow that the request came on."""
        return self._caller_flow.token

    def start(self, request: Request, targets: Sequence[Target], terms: Terms) -> None:
        """
        Send *request*, as it was preprocessed, to those of *targets* whose turn it is.

        Does nothing when the caller has hung up meanwhile.

        :raises BadRequest: its Max-Breadth is no number.
        """
        if self._caller.answered:
            return
        means, self._request, self._terms = self._means, request, terms
        self._breadth = Breadth.of(request)
        self._search = Search(means.clock, means.settings.next_after, terms.most)
        self.wakes = Wakes(means, self._caller, request, terms, GIVEN_UP)
        self.wakes.begin(self._search.latest)
        self._search.add(targets)
        if self.wakes.conceals:
            self._search.ask_all()  # how long each q takes would tell who there is (T15)
        self._started = True
        self._settle()
        if not self._caller.answered:
            self._watch(targets)
        self._let_go()

    def cancel(self, reason: str = "") -> None:
        """
        The caller sent CANCEL: end what waits and what is out (RFC 3261 section 16.10).

        :param reason: of the CANCEL's Reason field; it goes on (RFC 3326).
        """
        if self._caller.answered or self._cancelled:
            return
        self._cancelled = True
        if self._started:
            self.wakes.why_over = reason or GIVEN_UP
            self._ask_no_more()
            self._branches.stop_all(reason)
            self._settle()
        else:
            self._caller.refuse(Final(487))
        self._let_go()

    def fail(self, error: SIPError, to_tag: str = "") -> None:
        """
        The request cannot be forwarded; what is under way already must not ring.

        :param to_tag: of the answer; empty: one of its own.
        """
        if error.status == 480 and self._request.to.tag:
            error = SIPError(str(error), LATER)  # else it would end the dialog (P-067)
        self._caller.refuse(Final(error.status, headers=error.headers), str(error), to_tag)
        if self._started:
            self._ask_no_more()
            self._branches.stop_all(GIVEN_UP)
        self._let_go()

    def flow_to(self, target: Target) -> Flow | Deferred[Flow]:
        """See :meth:`BranchOwner.flow_to`."""
        return self._means.forwarder.flow_to(self._request, target)

    def target_of(self, branch: Branch, binding: Binding) -> Target:
        """See :meth:`BranchOwner.target_of`."""
        if self._terms.in_dialog:
            path = () if self._request.to.tag else binding.path  # a dialog has its own route set
            return evolve(branch.target, flow=binding.flow, binding=binding, path=path)
        return self._means.forwarder.target_of(branch.target.aor, binding)

    def send(self, branch: Branch, leg: Leg) -> ClientTransaction:
        """See :meth:`BranchOwner.send`."""
        others = self._branches.unsent(but=branch)
        if self._breadth.free <= others:
            raise MaxBreadthExceeded
        spare = self._search.spare if self._terms.aors or self._terms.kind else 0
        sharers = 1 + others + len(self._search)
        leg.breadth, leg.share = self._breadth, self._breadth.lend(sharers, spare)
        terms, forwarder = self._terms, self._means.forwarder
        passage = Passage(
            self._caller_flow,
            terms.mark,
            leg.share,
            vouched=not terms.caller.stranger,
            wakes_all=self._means.settings.wakes_all,
            origin=terms.origin,
        )
        try:
            return forwarder.forward(self._request, passage, branch.target, leg.flow, leg)
        except BaseException:
            leg.end()
            raise

    def is_out_to(self, binding: Binding, but: Branch) -> bool:
        """See :meth:`BranchOwner.is_out_to`."""
        return self._branches.have_reached(binding, but)

    def branch_answered(self, branch: Branch, response: Response, flow: Flow) -> None:
        """Forward it, keep it, or end the others by it (RFC 3261 16.7, steps 4 to 6, 10)."""
        if response.status < 200:
            if not (self._caller.answered or self._cancelled):
                self._caller.progress(response)
        elif response.status < 300:
            self._accept(branch, response, flow)
        elif response.status in FOLLOWED and self._follows():
            self._redirect(branch, response)
        else:
            if response.status >= 600:
                self._decline(branch, response)
            branch.end(Final(response.status, response))

    def branch_ended(self) -> None:
        """Ask whoever is next, or give the answer when this was the last one."""
        if not self._asking:
            self._settle()
        self._let_go()

    def _branch(self, target: Target, *, forked_again: bool = False) -> Branch:
        means = self._means
        branch = Branch(self, target, Alarms(means.timer_c), forked_again)
        self._branches.begin(branch)
        return branch

    def _reach(self, target: Target) -> Reach:
        if target.binding is None:
            return Reach.LIVE
        means = self._means
        flow = means.forwarder.open_flow(target)
        now = Moment(means.wall(), means.clock.seconds())
        reach = reach_of(target.binding, flow, self._terms.kind, means.settings, now)
        if reach is Reach.UNREACHABLE and self._terms.in_dialog:
            return Reach.LIVE  # it may be in a call, and awake, for all a push service knows
        return reach

    @property
    def _room(self) -> int:
        """How many more may be asked at the same time (RFC 5393 section 5.3.3)."""
        return self._breadth.free - self._branches.unsent()

    def _ask(self) -> None:
        """Send to those whose turn it is, as many as Max-Breadth allows (RFC 5393 5.5)."""
        self._asking = True
        try:
            while self._search and (targets := self._search.take(self._room)):
                for branch in [self._branch(target) for target in targets]:
                    branch.start(self._reach(branch.target))
        finally:
            self._asking = False
        self._search.time(self._time_out)

    def _descend(self) -> bool:
        """It is the turn of the next lower q; False: nobody is left."""
        if not self._search.descend():
            return False
        self.wakes.begin(self._search.latest)
        return True

    def _time_out(self) -> None:
        """Those who were asked have had their time."""
        self._asking = True
        try:
            self._branches.time_out()
        finally:
            self._asking = False
        self._descend()
        self._settle()
        self._let_go()

    def _ask_no_more(self) -> None:
        self._search.stop()
        if self._redirections is not None:
            self._redirections.stop()

    def _follows(self) -> bool:
        over = self._caller.answered or self._cancelled or self._declined
        return self._terms.find is not None and not over

    def _redirect(self, branch: Branch, response: Response) -> None:
        """Ask whoever *response* names, in its place (RFC 3261 16.7, step 4)."""
        assert self._terms.find is not None, "see _follows"  # noqa: S101 - for the type checker
        if self._redirections is None:
            self._redirections = Redirections(self._terms.find, self._request)
        self._redirections.follow(response, self._redirect_to)
        branch.end(REDIRECTED)

    def _redirect_to(self, targets: Sequence[Target], left: Response | None) -> None:
        if left is not None:
            self._redirected += (Final(left.status, left),)
        self._search.add(targets)
        self._settle()
        self._let_go()

    def _registered(self, aor: AOR, decision: Decision) -> None:
        """A REGISTER of *aor* was committed while its call goes on (S-08, S-09)."""
        self._search.drop(aor, [binding.id for binding in decision.removed])
        for binding in decision.registered:
            if self._caller.answered or self._cancelled or self._declined:
                return
            self._follow_up(aor, binding, decision.ids_of(binding))
        self._settle()
        self._let_go()

    def _watch(self, targets: Sequence[Target]) -> None:
        """Hear of who joins, and of who is found elsewhere; in a dialog there is one of those."""
        if self._terms.in_dialog:
            self._watched = [target.aor for target in targets if target.binding]
        elif self._means.settings.late_join or self._search:
            self._watched = self._terms.aors
        for aor in self._watched:
            self._means.queue.watch(aor, self._registered)

    def _follow_up(self, aor: AOR, binding: Binding, ids: Collection[str]) -> None:
        """Find it where it is now, or let it join."""
        waits = self._search.drop(aor, ids, binding.instance)
        known = self._branches.of(ids)
        device = None if known else self._branches.to_device(aor, binding.instance)
        if self._terms.in_dialog:
            for branch in known:
                branch.registered(binding)
            if device is not None:
                device.registered_elsewhere(binding)
        elif waits:
            self._join(aor, binding)
        elif not self._means.settings.late_join:
            return
        elif known:
            self._follow(known, aor, binding)
        elif device is not None:
            device.registered_elsewhere(binding)
        else:
            self._join(aor, binding)

    def _follow(self, known: Sequence[Branch], aor: AOR, binding: Binding) -> None:
        """The UA of these branches has registered; where they are several, it is one UA now."""
        branch = max(known, key=lambda each: (each.final is None, each.rang))
        for other in known:
            if other is not branch:
                self._branches.drop(other)
                other.stop()
        if branch.final is None:
            branch.registered(binding)
        elif not branch.forked_again and is_unreached(branch, binding):
            self._branches.drop(branch)
            self._join(aor, binding, forked_again=True)

    def _join(self, aor: AOR, binding: Binding, *, forked_again: bool = False) -> None:
        """Let it have its turn: now, unless others with a higher q are asked."""
        means = self._means
        if not self._search.spare or not means.selection.chosen(self._request, (binding,)):
            return
        target = means.forwarder.target_of(aor, binding)
        self.wakes.comes_after_all(binding.id)
        if self._search.admits(target, self._room):
            branch = self._branch(target, forked_again=forked_again)
            branch.start(Reach.LIVE)  # it has spoken this very moment

    def _accept(self, branch: Branch, response: Response, flow: Flow) -> None:
        """Every 2xx to an INVITE goes on to the caller, whoever else was faster."""
        if self._caller.refused:
            self._hang_up(branch, response, flow)
            return
        self.wakes.why_over = ANSWERED
        self._caller.accept(response)
        if self._request.method == "INVITE":
            self._means.forwarder.keep(self._caller_flow)
            self._means.forwarder.keep(flow)
        self._ask_no_more()
        self._branches.stop_all(ANSWERED, but=branch)
        branch.end(Final(response.status, response))

    def _decline(self, branch: Branch, response: Response) -> None:
        self._declined = True
        self._ask_no_more()
        declined = REASONS.get(response.status, "Declined")
        self.wakes.why_over = f'SIP;cause={response.status};text="{declined}"'
        self._branches.stop_all(self.wakes.why_over, but=branch)

    def _hang_up(self, branch: Branch, response: Response, flow: Flow) -> None:
        """The caller has been told that nobody came: whoever did must not wait for words."""
        if self._request.method == "INVITE":
            ends = self._request.to.tag is None  # else the call goes on as it was
            hang_up(self._means.forwarder, self._request, response, branch.target, flow, ends=ends)

    def _settle(self) -> None:
        """Ask whoever has his turn; when nobody is left, give the answer."""
        if self._caller.answered:
            return
        if self._search:
            self._ask()
        while self._branches.ended and self._search and self._descend():
            self._ask()
        looking = self._redirections is not None and self._redirections.pending
        if self._branches.ended and not (self._search or looking or self._caller.answered):
            self._answer()

    def _answer(self) -> None:
        finals = [*self._branches.finals, *self._redirected]
        best = best_final(finals) if finals else Final(480)
        if self._cancelled and best.status < 600:
            self._caller.refuse(Final(487))
        elif best.response is not None:
            self._caller.relay(gather_challenges(best.response, finals))
        elif self._terms.in_dialog:
            self._caller.refuse(sparing_the_dialog(best, self._request.method))
        elif best.status != 480:
            self._caller.refuse(best)
        elif (told := self.wakes.concealed(best, self._settle_late)) is not None:
            self._caller.refuse(told)

    def _settle_late(self) -> None:
        self._settle()
        self._let_go()

    def _let_go(self) -> None:
        if not self._caller.answered:
            return
        self._means.unanswered.discard(self)
        watched, self._watched = self._watched, ()
        for aor in watched:
            self._means.queue.unwatch(aor, self._registered)
        if self._started:
            self.wakes.over()
        if self._branches.ended:
            self._branches.forget()
