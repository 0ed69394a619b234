"""Answers without memory, for requests that do not get as far as a transaction."""

from __future__ import annotations

from hashlib import blake2s
from typing import Final

from attrs import field

from sippn.errors import SIPError
from sippn.sip import Request, Response, response_to
from sippn.value import value_class

_MISSING: Final = "<sip:missing.invalid>"  # RFC 2606: nobody's


@value_class
class StatelessUAS:
    """
    Refuses requests (RFC 3261 section 8.2.7).

    Its To tags are computed, not kept: each repetition gets the same one, and the
    ACK that follows is known by it.

    :ivar _secret: without it nobody can write an ACK that is taken for one of these.
    """

    _secret: bytes = field(repr=False)

    def refusal(self, request: Request, error: SIPError) -> Response:
        """
        The response that says *error*; *request* may be broken.

        What it lacks its sender gets nevertheless, or could not read the answer (RFC 4475
        section 3.3.1).
        """
        tag = self.to_tag(request)
        answer = response_to(request, error.status, str(error), error.headers, to_tag=tag)
        lacking = (("From", _MISSING), ("To", f"{_MISSING};tag={tag}"), ("Call-ID", "missing"))
        for name, value in lacking:
            if name not in answer.headers:
                answer.headers.add(name, value)
        return answer

    def is_acknowledged(self, ack: Request) -> bool:
        """Whether *ack* is for a response of ours: it must not go any further."""
        return ack.to.tag == self.to_tag(ack)

    def to_tag(self, request: Request) -> str:
        """Made from the fields that a request and its ACK share, as they came."""
        call_id = request.headers.get("Call-ID") or ""
        number = (request.headers.get("CSeq") or "").partition(" ")[0]
        octets = f"{call_id}\n{number}".encode("utf-8", "surrogateescape")
        return blake2s(octets, key=self._secret, digest_size=8).hexdigest()
