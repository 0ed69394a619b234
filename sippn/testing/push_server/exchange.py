"""One request and the way back for its answer, whatever the version of HTTP."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping

from attrs import define, field, frozen

Fields = Iterable[tuple[str, str]]


@define(eq=False)
class Peer:
    """
    The other end of a connection.

    :ivar certified: the user id in the certificate that it showed; "": it showed none.
    :ivar signer: key and team whose provider token it showed first; None: none that is good.
    """

    certified: str = ""
    signer: tuple[str, str] | None = None


@frozen
class HTTPRequest:
    """
    A request as it came.

    :ivar path: with its query; a PRID may be in it.
    :ivar authority: ``:authority``, or Host: whom the client believes to talk to.
    :ivar fields: names in lower case; of a field that came twice the values, joined by commas.
    :ivar peer: whose connection it came on.
    """

    method: str
    path: str = field(repr=False)
    authority: str
    fields: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    peer: Peer = field(factory=Peer, repr=False)


class Exchange(ABC):
    """
    The way back.

    :ivar over: it is answered, reset or cut off: what is said now reaches nobody.
    """

    request: HTTPRequest
    over: bool = False

    @abstractmethod
    def answer(self, status: int, fields: Fields, body: bytes = b"") -> None:
        """Answer in full."""

    @abstractmethod
    def begin(self, status: int, fields: Fields) -> None:
        """Send a head; parts of a body follow."""

    @abstractmethod
    def part(self, octets: bytes) -> None:
        """Send a piece of the body, if there is room for it now; else it is lost."""

    @abstractmethod
    def pour(self) -> None:
        """Send a body without end, as fast as it is taken."""

    @abstractmethod
    def interim(self, status: int) -> None:
        """Send a 1xx answer (RFC 9110, section 15.2)."""

    @abstractmethod
    def endless_head(self) -> None:
        """Send a head that never ends, as fast as it is taken."""

    @abstractmethod
    def reset(self, code: int) -> None:
        """Give up this request alone, where the version of HTTP has a way."""

    @abstractmethod
    def cut(self) -> None:
        """Cut the connection."""

    @abstractmethod
    def refuse(self, code: int, debug: bytes) -> None:
        """Take neither this request nor what comes after it on this connection."""

    @abstractmethod
    def last(self) -> None:
        """Take nothing after this request on this connection; close it when all is answered."""

    @abstractmethod
    def shut_down(self, code: int, debug: bytes) -> None:
        """Say that this request was the last to be processed, and cut the connection."""
