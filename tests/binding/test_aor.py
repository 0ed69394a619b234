"""The canonical address-of-record."""

from __future__ import annotations

import pytest

from sippn.binding import canonical_aor
from sippn.errors import BadRequest
from sippn.sip import URI


@pytest.mark.parametrize(
    ("text", "aor"),
    [
        ("sip:alice@example.com", "sip:alice@example.com"),
        ("sips:alice@example.com", "sip:alice@example.com"),
        ("SIP:alice@EXAMPLE.Com:5061;transport=tcp;lr?x=y", "sip:alice@example.com"),
        ("sip:alice:secret@example.com", "sip:alice@example.com"),
        ("sip:Alice@example.com", "sip:Alice@example.com"),
        ("sip:%61lice@example.com", "sip:alice@example.com"),
        ("sip:%e9@example.com", "sip:%E9@example.com"),
        ("sip:a%20b@example.com", "sip:a%20b@example.com"),
        ("sip:a%40b@example.com", "sip:a%40b@example.com"),
        ("sip:a%2541@example.com", "sip:a%2541@example.com"),
        ("sip:null-%00-%6eull@example.com", "sip:null-%00-null@example.com"),
        ("sip:%00%00@example.com", "sip:%00%00@example.com"),
        ("sip:%2500@example.com", "sip:%2500@example.com"),
        ("sip:+1-555;ext=1@example.com", "sip:+1-555;ext=1@example.com"),
        ("sip:alice@example.com.", "sip:alice@example.com"),
        ("sip:alice@[2001:DB8::1]:5060", "sip:alice@[2001:db8::1]"),
    ],
)
def test_one_user_has_one_aor(text: str, aor: str) -> None:
    """RFC 3261 section 10.3, step 5; RFC 4475 section 3.1.1.4: NUL stays escaped, ends nothing."""
    assert canonical_aor(URI.parse(text)) == aor
    assert canonical_aor(URI.parse(aor)) == aor


@pytest.mark.parametrize(
    "text",
    [
        "sip:example.com",
        "sip:a%0d%0aVia:@example.com",
        "sip:a%00%01@example.com",
        "sip:a%7F@example.com",
        "sip:a%2@example.com",
        "sip:%2%00@example.com",
        "sip:%%00@example.com",
    ],
)
def test_what_names_nobody_is_a_bad_request(text: str) -> None:
    """An AOR needs a user, and one that can be written down."""
    with pytest.raises(BadRequest):
        canonical_aor(URI.parse(text))
