"""What a push service is told to do with a push, beyond answering it well."""

from __future__ import annotations

from enum import Enum

from attrs import frozen


class Manner(Enum):
    """How a push is treated; beyond ANSWER, how a bad service would, or a bad network."""

    ANSWER = "answers as HTTP asks"
    CLOSE = "answers, and takes no more on this connection: GOAWAY, or Connection: close"
    HANG = "takes the push and never answers"
    RESET = "resets the stream with a code; over HTTP/1.1 it cuts the connection"
    CUT = "cuts the connection instead of an answer"
    REFUSE = "at once GOAWAY with a last stream below this one: it was not processed"
    SHUTDOWN = "GOAWAY that counts this stream among those processed, and the connection is cut"
    DRIP = "answers, and the body never ends and comes an octet at a time"
    ENDLESS = "answers, and the body never ends"
    ENDLESS_HEAD = "the head of the answer never ends"
    FLOOD = "answers with 1,000 fields"
    HEAVY = "answers with a field of 40 KiB"
    BOMB = "answers with a small body that gzip makes 64 MiB of"
    INTERIM = "1xx answers without end, and never a final one"


NEVER_ANSWERED = frozenset(
    {
        Manner.HANG,
        Manner.RESET,
        Manner.CUT,
        Manner.REFUSE,
        Manner.SHUTDOWN,
        Manner.ENDLESS_HEAD,
        Manner.INTERIM,
    }
)


@frozen
class Answer:
    """
    What is done with one push.

    ``Answer()`` is what a well-behaved service does: it checks the push, acts on it where
    nothing is wrong, and answers accordingly.

    :ivar status: the HTTP status; None: whatever the checks give.
    :ivar fields: fields of the head beside those that the service writes itself.
    :ivar body: None: what the checks give, or nothing where there is a *status*.
    :ivar delay: seconds from the push to the answer; DRIP and INTERIM: also between octets.
    :ivar code: the error code of RESET, REFUSE and SHUTDOWN (RFC 9113, section 7).
    :ivar acts: whether the push reaches its phone.  None: where it is answered with 2xx.
    """

    status: int | None = None
    fields: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    delay: float = 0
    manner: Manner = Manner.ANSWER
    code: int = 0
    acts: bool | None = None

    def reaches_the_phone(self, status: int) -> bool:
        """
        Whether the push is acted on.

        :param status: with what it is answered, if it is.
        """
        if self.acts is not None:
            return self.acts
        return self.manner not in NEVER_ANSWERED and 200 <= status < 300
