"""What every dialect must do."""

from __future__ import annotations

from collections.abc import Iterable

from twisted.internet.task import Clock
from zope.interface.verify import verifyObject

from sippn.binding import PushRequest
from sippn.containment import ContainedDialect
from sippn.errors import BadRequest
from sippn.interfaces import IPushDialect
from sippn.sip import Headers, Request


class PushDialectContract:
    """
    The promises of :class:`~sippn.interfaces.IPushDialect`.

    Override :meth:`make_dialect`, :meth:`spoken` and :meth:`secret`; and :meth:`nonsense`
    where there is a way to be wrong.
    """

    dialect: IPushDialect

    def make_dialect(self) -> IPushDialect:
        """A dialect, started if it needs to be."""
        raise NotImplementedError

    def spoken(self) -> Request:
        """A REGISTER with one Contact, of a UA that speaks it and wants to be pushed."""
        raise NotImplementedError

    def secret(self) -> str:
        """The PRID in it."""
        raise NotImplementedError

    def nonsense(self) -> Iterable[Request]:
        """REGISTERs, with a Contact each, of a UA that speaks it badly."""
        return ()

    def setup_method(self) -> None:
        """Pytest calls this before each test."""
        self.dialect = self.make_dialect()

    def read(self, register: Request) -> PushRequest | None:
        """What it makes of the only Contact of *register*."""
        [contact] = register.contacts
        return self.dialect.read(register, contact)

    def test_provides_the_interface(self) -> None:
        """Every name is there, with the arguments it is called with."""
        assert verifyObject(IPushDialect, self.dialect)

    def test_whom_to_push_is_understood(self) -> None:
        """All that a push needs: the PNS, and the PRID."""
        push = self.read(self.spoken())
        assert push is not None
        assert push.problem == ""
        assert push.target is not None
        assert push.target.provider == push.provider
        assert self.secret() in (push.target.prid, *(token for _, token in push.target.tokens))

    def test_server_takes_what_it_gives(self) -> None:
        """Names, texts and numbers are such as can be stored, and written into an answer."""
        [contact] = self.spoken().contacts
        taken = ContainedDialect(self.dialect, Clock()).read(self.spoken(), contact)
        assert taken == self.read(self.spoken())

    def test_same_words_mean_the_same(self) -> None:
        """It keeps nothing in mind: a REGISTER is read more than once."""
        assert self.read(self.spoken()) == self.read(self.spoken())

    def test_who_speaks_otherwise_is_left_alone(self) -> None:
        """Neither a desk phone nor one that speaks as RFC 8599 does is its business."""
        for params in ("", ";pn-provider=acme;pn-param=app;pn-prid=other"):
            assert self.read(register(f"<sip:alice@192.0.2.1{params}>")) is None

    def test_nonsense_is_refused_or_a_problem(self) -> None:
        """Nothing but a BadRequest is raised, and nobody is pushed."""
        for badly in self.nonsense():
            try:
                push = self.read(badly)
            except BadRequest:
                continue
            assert push is None or push.target is None

    def test_secret_is_not_shown(self) -> None:
        """The PRID is in no repr, no problem and no error's text."""
        for request in (self.spoken(), *self.nonsense()):
            try:
                shown = repr(self.read(request))
            except BadRequest as error:
                shown = repr(error)
            assert self.secret() not in shown


def register(contact: str, *more: tuple[str, str]) -> Request:
    """A REGISTER of *contact*, with *more* header fields."""
    headers = Headers(
        (
            ("Via", "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK-dialect"),
            ("From", "<sip:alice@example.com>;tag=1"),
            ("To", "<sip:alice@example.com>"),
            ("Call-ID", "dialect-1"),
            ("CSeq", "1 REGISTER"),
            ("Contact", contact),
            ("Max-Forwards", "70"),
            *more,
        )
    )
    return Request("REGISTER", "sip:example.com", headers)
