"""Tests for :func:`sippn.proxy.forwarder.public_uri`: what a UA's own URI looks like to others."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sippn.proxy.forwarder import public_uri
from sippn.sip import URI, without_push_params

PARAMS = st.sampled_from(
    [
        "transport=tcp",
        "ob",
        "pn-provider=apns",
        "PN-Param=ABC.com.example.voip",
        "pn-prid=a%3Bb;lr",
        "pn-purr=x1",
        "Pn-Purr",
        "pn-silent=1",
        "pn-tok=t",
        "PN-TYPE=google",
        "app-id=com.example",
        "sippn-wp-auth=SECRET",
        "APP-ID=x",
        "pnx=1",
        "+sip.x=pn-y",
        'x="pn-a;b"',
        'x="pn-a,b"',
    ]
)
USERS = st.sampled_from(["", "alice@", "pn-bob@", "a;pn-x=y@", "alice:pn-1@", "%70n@"])
HOSTS = st.sampled_from(["192.0.2.1", "[2001:db8::1]:5062", "pn-host.example:5060"])
HEADERS = st.sampled_from(["", "?subject=pn-x", "?a=b;pn-prid=1"])


@given(USERS, HOSTS, st.lists(PARAMS, max_size=5), HEADERS)
def test_is_what_taking_it_apart_gives(
    user: str, host: str, params: list[str], headers: str
) -> None:
    """T7: the short way hides what the long way hides, and nothing else."""
    contact = ";".join([f"sip:{user}{host}", *params]) + headers
    assert public_uri(contact) == str(without_push_params(URI.parse(contact)))


@pytest.mark.parametrize(
    ("contact", "public"),
    [
        (
            "sip:u1@192.0.2.1:5060;pn-provider=apns;pn-param=A.b;pn-prid=SECRET;transport=tcp",
            "sip:u1@192.0.2.1:5060;transport=tcp",
        ),
        ("sip:192.0.2.1;PN-PRID=SECRET", "sip:192.0.2.1"),
        ("sip:u@h;pn-tok=SECRET;app-id=x;pn-type=y", "sip:u@h"),
        ("sip:u@h;app-id=x", "sip:u@h"),
        ("sip:u@h;SIPPN-WP-Auth=SECRET;pn-prid=S;ob", "sip:u@h;ob"),
        ("sip:u@h;pn-prid=S;pn-purr=p", "sip:u@h;pn-purr=p"),
    ],
)
def test_prid_is_gone(contact: str, public: str) -> None:
    """T7: whoever holds a PRID can push."""
    assert public_uri(contact) == public
