"""What a webhook asked and was answered, for somebody who looks on (``sippn push test``)."""

from __future__ import annotations

from typing import Any

from attrs import frozen
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure

from sippn.http import Answer, Ask, Overhear, Overheard
from sippn.http.one.answer import AnswerReader
from sippn.http.one.exchange import Letter
from sippn.providers.verdicts import no_answer

_HTTPS_OWN = (b"host", b"content-length")  # as Ask leaves them out


@frozen
class Onlooker:
    """
    Tells of each request.

    :ivar origin: whom they go to.
    """

    origin: str
    clock: IReactorTime
    overhear: Overhear

    def watch(self, asked: Deferred[Any], letter: Letter) -> None:
        """Tell of *letter* when *asked*, an :class:`AnswerReader`, has come or failed."""
        begun = self.clock.seconds()

        def over(result: AnswerReader | Failure) -> AnswerReader | Failure:
            answer = (
                no_answer(result, left=letter.left)
                if isinstance(result, Failure)
                else answer_in(result)
            )
            seconds = self.clock.seconds() - begun
            self.overhear(Overheard(self.origin, ask_in(letter), answer, seconds))
            return result

        asked.addBoth(over)


def answer_in(reader: AnswerReader) -> Answer:
    """What was read, of which a letter that keeps nothing leaves the Retry-After."""
    if reader.keep:
        return Answer(reader.status, tuple(reader.fields), bytes(reader.body))
    wait = reader.retry_after
    return Answer(reader.status, () if wait is None else ((b"retry-after", wait),))


def ask_in(letter: Letter) -> Ask:
    """What *letter* asks."""
    head, _, body = letter.octets.partition(b"\r\n\r\n")
    first, *lines = head.split(b"\r\n")
    pairs = [line.partition(b": ")[::2] for line in lines]
    fields = tuple((name.lower(), value) for name, value in pairs)
    method, path, _ = first.split(b" ", 2)
    return Ask(method, path, tuple(each for each in fields if each[0] not in _HTTPS_OWN), body)
