"""The last word on registrations, where nobody stands behind this server."""

from __future__ import annotations

from attrs import Factory, define, field
from zope.interface import implementer

from sippn.binding import Grant, Record, RegisterPlan, Source
from sippn.errors import IntervalTooBrief, PushNotSupported
from sippn.interfaces import IPushDialect, IPushProvider, IRegistrationAuthority
from sippn.registrar.reading import AskedContact, Reading, read_register
from sippn.registrar.remarks import warning_field
from sippn.registrar.settings import RegistrarSettings
from sippn.registrar.support import PushSupport
from sippn.sip import Request

_AN_HOUR = 3600  # RFC 3261 section 10.3, step 7: from there on a 423 is not allowed
_MARGIN = 30  # seconds a UA has left to notice that its binding is due


@implementer(IRegistrationAuthority)
@define(eq=False)
class LocalAuthority:
    """
    Grants by this server's own settings.

    An expiry is shortened where it has to be and lengthened only where the operator
    wants that (``min_action = "raise"``): RFC 3261 allows the first alone.

    :ivar _dialects: those of plugins, as the registrar has them.
    """

    _settings: RegistrarSettings
    _push: IPushProvider
    _dialects: tuple[IPushDialect, ...] = ()
    _support: PushSupport = field(
        init=False, default=Factory(lambda self: PushSupport(self._push), takes_self=True)
    )

    def grant(
        self, register: Request, plan: RegisterPlan, source: Source, record: Record | None
    ) -> Grant:
        """
        For how long each Contact is bound.

        :raises IntervalTooBrief: its Min-Expires says what is long enough (P-013).
        :raises PushNotSupported: a PNS that nobody serves (P-012, P-021, P-022, P-030).
        :raises BadRequest: as :func:`~sippn.registrar.reading.read_register`.
        """
        del source, record
        reading = read_register(register, self._dialects)
        granted = [(contact.uri, self._seconds(reading, contact)) for contact in reading.contacts]
        return Grant(plan.aor, tuple(granted))

    def _seconds(self, reading: Reading, contact: AskedContact) -> int:
        if contact.expires == 0:
            return 0
        if not reading.pushed_elsewhere:
            if contact.wants_push:
                if self._support.target(contact) is not None:
                    return self._of_push(contact.expires)
                self._check_unsupported(contact)
            elif contact.asks_support and not self._support.capabilities(contact):
                self._check_unsupported(contact)
        return self._of_plain(contact.expires)

    def _check_unsupported(self, contact: AskedContact) -> None:
        """
        Refuse what nobody here serves, and so nobody at all: no proxy stands behind (P-012).

        A Contact with a PRID that names no PNS is a plain one (P-010); a 555 would say that
        none is served (RFC 8599 section 4.1.5).
        """
        if self._settings.push.unsupported != "555":
            return
        if contact.pns or contact.asks_support:
            why = self._support.why_not(contact)
            raise PushNotSupported(why, [warning_field(why)])

    def _of_push(self, asked: int | None) -> int:
        """Long enough to be refreshed by a push before it ends."""
        rules = self._settings.push
        enough = max(rules.expires_min, rules.refresh_lead + _MARGIN)
        if asked is None:
            asked = max(self._settings.expires.default, enough)
        if asked < _AN_HOUR and (asked <= rules.refresh_lead or asked < rules.expires_min):
            raise _too_brief(enough)
        return min(asked, rules.expires_max)

    def _of_plain(self, asked: int | None) -> int:
        rules = self._settings.expires
        if asked is None:
            asked = max(rules.default, rules.min)
        if asked < rules.min:
            if rules.min_action == "raise":
                asked = rules.min
            elif asked < _AN_HOUR:
                raise _too_brief(rules.min)
        return min(asked, rules.max)


def _too_brief(enough: int) -> IntervalTooBrief:
    return IntervalTooBrief("", [("Min-Expires", str(enough))])
