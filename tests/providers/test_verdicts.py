"""Tests for :mod:`sippn.providers.verdicts`."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from OpenSSL.SSL import Error as TLSError
from twisted.internet.error import (
    ConnectError,
    ConnectionDone,
    ConnectionLost,
    DNSLookupError,
    NoRouteError,
    TCPTimedOutError,
)
from twisted.python.failure import Failure
from twisted.web.client import (
    RequestTransmissionFailed,
    ResponseFailed,
    ResponseNeverReceived,
)

from sippn.binding import Verdict
from sippn.providers.verdicts import (
    LONGEST_WAIT,
    outcome_of,
    outcome_of_failure,
    seconds_to_wait,
)

WALL = 784111777.0  # Sun, 06 Nov 1994 08:49:37 GMT, as in RFC 9110


def test_every_number_has_a_verdict() -> None:
    """DESIGN section 5: 2xx, 404 and 410, 429 and 5xx; anything else failed for good."""
    found: dict[Verdict, set[int]] = {verdict: set() for verdict in Verdict}
    for status in range(-10, 1200):
        found[outcome_of(status, None, WALL).verdict].add(status)
    assert found[Verdict.ACCEPTED] == set(range(200, 300))
    assert found[Verdict.DEAD] == {404, 410}
    assert found[Verdict.BUSY] == {429, *range(500, 600)}
    assert found[Verdict.FAILED] == set()


@pytest.mark.parametrize("status", [200, 400, 404])
def test_retry_after_counts_only_where_a_retry_does(status: int) -> None:
    """A 200 that asks for patience is a 200."""
    assert outcome_of(status, b"10", WALL).retry_after is None


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


def _failed(kind: type[ResponseFailed], *reasons: BaseException) -> Exception:
    return kind([Failure(reason) for reason in reasons])


@pytest.mark.parametrize(
    ("error", "detail"),
    [
        (ConnectError("10.0.0.9 refused"), "no connection"),
        (TCPTimedOutError(), "no connection"),
        (NoRouteError(), "no connection"),
        (DNSLookupError("secret.example.com"), "host not found"),
        (_failed(ResponseNeverReceived, ConnectionDone()), "connection lost"),
        (_failed(ResponseNeverReceived, ConnectionLost()), "connection lost"),
        (_failed(ResponseFailed, ConnectionLost(), ValueError("x")), "connection lost"),
        (RequestTransmissionFailed([Failure(ConnectionLost())]), "connection lost"),
        (_failed(ResponseFailed, ValueError("the peer's own words")), "no HTTP"),
        (ValueError("the peer's own words"), "no HTTP"),
        (
            _failed(ResponseNeverReceived, TLSError([("SSL", "", "tlsv1 alert unknown ca")])),
            "TLS: tlsv1 alert unknown ca",
        ),
        (_failed(ResponseNeverReceived, TLSError()), "TLS failed"),
        (_failed(ResponseNeverReceived, TLSError([])), "TLS failed"),
    ],
)
def test_failure_is_told_in_our_words(error: Exception, detail: str) -> None:
    """For the operator, in few words; no host, no URL, nothing a peer wrote."""
    outcome = outcome_of_failure(Failure(error))
    assert (outcome.verdict, outcome.detail) == (Verdict.FAILED, detail)
