"""Tests for :mod:`sippn.providers.verdicts`."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from OpenSSL.SSL import Error as TLSError
from twisted.internet.defer import CancelledError
from twisted.internet.error import (
    ConnectError,
    ConnectionDone,
    ConnectionLost,
    DNSLookupError,
    NoRouteError,
    TCPTimedOutError,
)
from twisted.python.failure import Failure

from sippn.binding import Verdict
from sippn.http import Ambiguous, NoAnswer, NoConnection, NotProcessed
from sippn.providers.verdicts import (
    LONGEST_WAIT,
    no_answer,
    outcome_of_no_answer,
    seconds_to_wait,
)

WALL = 784111777.0  # Sun, 06 Nov 1994 08:49:37 GMT, as in RFC 9110


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (b"0", 0.0),
        (b"120", 120.0),
        (b" 7 ", 7.0),
        (b"9999999999", LONGEST_WAIT),
        (b"Sun, 06 Nov 1994 08:49:47 GMT", 10.0),
        (b"Sunday, 06-Nov-94 08:49:47 GMT", 10.0),
        (b"Sun Nov  6 08:49:47 1994", 10.0),
        (b"Sun, 06 Nov 1994 08:00:00 GMT", 0.0),
        (b"Sun, 06 Nov 2094 08:49:37 GMT", LONGEST_WAIT),
        (b"", None),
        (b"-5", None),
        (b"+5", None),
        (b"5.5", None),
        (b"1_0", None),
        ("\u0663".encode(), None),
        (b"9" * 1000, None),
        (b"soon", None),
        (b"Sun, 06 Foo 1994 08:49:37 GMT", None),
        (b"Sun, 06 Nov 1994", None),
        (b"Sun, 06 Nov 1994 08:49:37 GMT" * 10, None),
    ],
)
def test_retry_after_is_seconds_or_a_date(value: bytes, seconds: float | None) -> None:
    """RFC 9110 sections 10.2.3 and 5.6.7, the old forms as well; bounded; else ignored."""
    assert seconds_to_wait(value, WALL) == seconds


@given(st.binary(max_size=80))
def test_no_retry_after_breaks_us(value: bytes) -> None:
    """Whatever a gateway writes, it is a bounded wait or none."""
    wait = seconds_to_wait(value, WALL)
    assert wait is None or 0 <= wait <= LONGEST_WAIT


@pytest.mark.parametrize(
    ("error", "detail"),
    [
        (ConnectError("10.0.0.9 refused"), "no connection"),
        (TCPTimedOutError(), "no connection"),
        (NoRouteError(), "no connection"),
        (DNSLookupError("secret.example.com"), "host not found"),
        (ConnectionDone(), "connection lost"),
        (ConnectionLost(), "connection lost"),
        (CancelledError(), "connection lost"),
        (ValueError("the peer's own words"), "no HTTP"),
        (TLSError([("SSL", "", "tlsv1 alert unknown ca")]), "TLS: tlsv1 alert unknown ca"),
        (TLSError(), "TLS failed"),
        (TLSError([]), "TLS failed"),
    ],
)
def test_failure_is_told_in_our_words(error: Exception, detail: str) -> None:
    """For the operator, in few words; no host, no URL, nothing a peer wrote."""
    assert str(no_answer(Failure(error), left=True)) == detail


def test_request_that_has_not_left_is_with_nobody() -> None:
    """S-12: whether anybody may have acted on it depends on whether it had left."""
    lost = Failure(ConnectionLost())
    assert type(no_answer(lost, left=True)) is Ambiguous
    assert type(no_answer(lost, left=False)) is NoConnection


@pytest.mark.parametrize(
    ("error", "wait", "unsent"),
    [
        (NoAnswer("why"), None, False),
        (NotProcessed("why"), None, True),
        (NoConnection("why"), None, True),
        (Ambiguous("why"), 2.0, False),
    ],
)
def test_push_that_may_have_left_gets_time(
    error: NoAnswer, wait: float | None, unsent: bool
) -> None:
    """T9, S-12: the phone may be on its way; what nobody acted on is asked again as usual."""
    outcome = outcome_of_no_answer(error)
    assert (outcome.verdict, outcome.detail) == (Verdict.FAILED, "why")
    assert (outcome.retry_after, outcome.unsent) == (wait, unsent)
