"""REGISTER, from admission to the 200."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from attrs import Factory, define, evolve, field
from twisted.internet.interfaces import IReactorTime

from sippn.binding import (
    AOR,
    Binding,
    Decision,
    Grant,
    Principal,
    Record,
    RegisteredContact,
    RegisterPlan,
    Registration,
    Source,
    Terms,
    decide,
    live,
)
from sippn.errors import (
    BadRequest,
    Forbidden,
    NotFound,
    PushNotSupported,
    SIPError,
    StoreUnavailable,
)
from sippn.events import BindingRegistered, BindingRemoved, Bus, RegistrationRefused
from sippn.interfaces import (
    IPushDialect,
    IPushProvider,
    IRegistrationAuthority,
    IRoutingPolicy,
    settled,
)
from sippn.location import LocationService
from sippn.registrar.answer import contact_fields, feature_caps_fields, path_fields
from sippn.registrar.extensions import check_required, outbound_applies, supported
from sippn.registrar.purr import WritePURR, with_purrs
from sippn.registrar.reading import Reading, read_register, registered_aor
from sippn.registrar.remarks import Remarks, warning_field
from sippn.registrar.settings import RegistrarSettings
from sippn.registrar.sharing import PRIDSharing
from sippn.registrar.support import Promise, PushSupport, promise
from sippn.sip import REASONS, FeatureCaps, Request, Response, response_to

_RETRY_AFTER = ("Retry-After", "5")  # where a store that failed does not say when
_ID_OCTETS = 12
_TAG_OCTETS = 6
_CONNECTIONS = ("tcp:", "tls:")  # flows that end, as their tokens begin


def _everywhere(_: str) -> bool:
    return True


@define(eq=False)
class Registrar:
    """
    Decides who is where (RFC 3261 section 10.3, RFC 8599 section 5.6.1).

    Save, then send: the 200 is made when the bindings are committed, and a request that
    fails has changed nothing.  It neither authenticates nor tells anybody: Admission was
    asked before, and the location service tells its subscribers.

    :ivar _authority: says for how long; *_policies* may bend what it is asked.
    :ivar _push: the providers, as one: what may be promised.
    :ivar _serves: whether a host is a domain of ours.
    :ivar _wall: wall clock, seconds; *_clock* is monotonic and dates events.
    :ivar _reaches: whether the flow of a token is still there.
    :ivar _purr: writes a PURR; None: nobody gets one.
    :ivar _dialects: those of plugins, asked before those that are known here.
    """

    _authority: IRegistrationAuthority
    _location: LocationService
    _push: IPushProvider
    _policies: Sequence[IRoutingPolicy]
    _settings: RegistrarSettings
    _serves: Callable[[str], bool]
    _wall: Callable[[], float]
    _entropy: Callable[[int], bytes]
    _bus: Bus
    _clock: IReactorTime
    _reaches: Callable[[str], bool] = _everywhere
    _purr: WritePURR | None = None
    _dialects: tuple[IPushDialect, ...] = ()
    _remarks: Remarks = field(init=False, factory=Remarks)
    _support: PushSupport = field(
        init=False, default=Factory(lambda self: PushSupport(self._push), takes_self=True)
    )
    _sharing: PRIDSharing = field(
        init=False, default=Factory(lambda self: PRIDSharing(self._location), takes_self=True)
    )
    _terms: Terms = field(
        init=False, default=Factory(lambda self: _terms(self._settings), takes_self=True)
    )

    @property
    def supported(self) -> tuple[str, ...]:
        """The option tags that it understands, for the Supported of OPTIONS."""
        return supported(self._settings.path)

    async def register(
        self, request: Request, principal: Principal | None, source: Source
    ) -> Response:
        """
        Do what *request* asks for, and answer it.

        :param principal: who proved to have sent it; None where nobody has to.
        :returns: the 200, with all current bindings.
        :raises SIPError: the answer that refuses it.
        """
        try:
            return await self._register(request, principal, source)
        except SIPError as error:
            self._tell_refused(request, error)
            if isinstance(error, BadRequest) and _is_about_push(request):
                headers = [*error.headers, warning_field(str(error))]
                raise BadRequest(str(error), headers) from error
            if isinstance(error, StoreUnavailable) and not _says_when(error):
                raise StoreUnavailable(str(error), [*error.headers, _RETRY_AFTER]) from error
            raise

    async def _register(
        self, request: Request, principal: Principal | None, source: Source
    ) -> Response:
        reading = read_register(request, self._dialects)
        check_required(reading, self._settings.path)
        outbound = outbound_applies(reading, source)
        self._check_allowed(reading.aor, principal)
        plan = await self._bend(request, RegisterPlan(reading.aor, principal))
        if not (reading.contacts or reading.star):
            bindings = await self._location.bindings(plan.aor)
            return self._answer(request, contact_fields(bindings, (), self._wall()))
        record = await settled(self._location.load(plan.aor))
        grant = await settled(self._authority.grant(request, plan, source, record))
        promised = promise(reading, grant, self._support, self._settings.push)
        await self._sharing.check(plan.aor, record, promised.targets)
        registration = _registration(
            reading, grant, promised, source, outbound, overlooks=self._overlooks(reading)
        )
        current, decision, now = await self._commit(registration, grant, record)
        fields = contact_fields(current, decision.registered, now)
        fields += feature_caps_fields(self._caps(plan.aor, reading, promised, decision))
        fields += self._remarks.fields(
            plan.aor, reading, promised.problems, decision.registered, record
        )
        fields += path_fields(reading, self._settings.path)
        if outbound:
            fields.append(("Require", "outbound"))
        return self._answer(request, fields)

    def _check_allowed(self, aor: AOR, principal: Principal | None) -> None:
        if not self._serves(aor.rpartition("@")[2]):
            raise NotFound("Not a domain of this server")
        if principal is None or principal.trusted or aor in principal.aors:
            return
        raise Forbidden("Not yours to register")

    async def _bend(self, request: Request, plan: RegisterPlan) -> RegisterPlan:
        for policy in self._policies:
            plan = await settled(policy.on_register(request, plan))
        return plan

    async def _commit(
        self, registration: Registration, grant: Grant, seen: Record | None
    ) -> tuple[tuple[Binding, ...], Decision, float]:
        """What is stored now, what changed, and the time by which that was decided."""
        terms = self._terms
        now = self._wall()

        def apply(record: Record | None) -> Decision:
            nonlocal seen, now
            seen, now = record, self._wall()
            agreed = self._making_room(terms, record, registration)
            return decide(record, registration, grant, agreed, now, self._new_id)

        decision = await self._location.update(registration.aor, apply, seen)
        self._tell(registration.aor, decision)
        stored = seen if decision.record is None else decision.record
        return live(stored, now), decision, now

    def _caps(
        self, aor: AOR, reading: Reading, promised: Promise, decision: Decision
    ) -> Sequence[FeatureCaps]:
        """What is promised, by now with the PURRs of the bindings that were made."""
        if len(promised.targets) > 1:
            promised = promised.kept(reading, [b.push_target for b in decision.registered])
        if self._purr is None or not promised.in_dialogs:
            return promised.feature_caps
        return with_purrs(aor, promised, decision.registered, self._purr)

    def _overlooks(self, reading: Reading) -> bool:
        """Whether what *reading* takes back stays: some apps unregister when they are killed."""
        agents = self._settings.ignore_dereg_from
        return any(re.search(agent, reading.user_agent) for agent in agents)

    def _making_room(
        self, terms: Terms, record: Record | None, registration: Registration
    ) -> Terms:
        """
        *terms*, and who may be dropped where the contacts of *registration* might not fit.

        A phone that names itself by its address alone is another one each time it connects.
        """
        most = terms.max_contacts
        if record is None or most == 0:
            return terms
        if len(record.bindings) + len(registration.contacts) <= most:
            return terms
        return evolve(terms, unreachable=frozenset(b.id for b in record.bindings if self._lost(b)))

    def _lost(self, binding: Binding) -> bool:
        """Whether *binding* came on a connection of its own that is gone, and can't be pushed."""
        if binding.push_target is not None or binding.path:  # an edge connects again
            return False
        return binding.flow.startswith(_CONNECTIONS) and not self._reaches(binding.flow)

    def _answer(self, request: Request, fields: list[tuple[str, str]]) -> Response:
        return response_to(request, 200, extra=fields, to_tag=self._entropy(_TAG_OCTETS).hex())

    def _new_id(self) -> str:
        return self._entropy(_ID_OCTETS).hex()

    def _tell(self, aor: AOR, decision: Decision) -> None:
        if not self._bus.heard:
            return
        at = self._clock.seconds()
        for binding in decision.registered:
            sleeps = binding.push_target is not None
            self._bus.publish(BindingRegistered(at, aor, binding.id, sleeps))
        for binding in decision.removed:
            self._bus.publish(BindingRemoved(at, aor, binding.id))

    def _tell_refused(self, request: Request, error: SIPError) -> None:
        try:
            aor = registered_aor(request)
        except SIPError:
            aor = ""
        if isinstance(error, PushNotSupported):
            self._remarks.tell(aor, error.why)
        elif isinstance(error, BadRequest) and _is_about_push(request):
            self._remarks.tell(aor, str(error))
        if self._bus.heard:
            reason = str(error) or REASONS.get(error.status, "")
            self._bus.publish(RegistrationRefused(self._clock.seconds(), aor, error.status, reason))


def _registration(
    reading: Reading,
    grant: Grant,
    promised: Promise,
    source: Source,
    outbound: bool,
    *,
    overlooks: bool,
) -> Registration:
    contacts = [
        RegisteredContact(
            contact.uri,
            contact.uri_text,
            contact.params,
            contact.q,
            contact.instance,
            contact.reg_id,
            contact.push.target if contact.push is not None else None,
            target,
            refresh,
            elsewhere=reading.pushed_elsewhere and contact.wants_push,
        )
        for contact, target, refresh in zip(
            reading.contacts, promised.targets, promised.refreshes, strict=True
        )
    ]
    return Registration(
        grant.aor,
        reading.call_id,
        reading.cseq,
        tuple(contacts),
        reading.star,
        source.flow,
        reading.user_agent,
        reading.path,
        outbound,
        overlooks,
    )


def _terms(settings: RegistrarSettings) -> Terms:
    push = settings.push
    return Terms(
        settings.match,
        settings.max_contacts,
        settings.overflow,
        push.refresh_lead,
        push.refresh_attempts,
        sleep_after_expiry=push.sleep_after_expiry,
    )


def _is_about_push(request: Request) -> bool:
    return "pn-" in request.headers.line("Contact").lower()


def _says_when(error: SIPError) -> bool:
    return any(name.lower() == "retry-after" for name, _ in error.headers)
