"""T8, A10: which URLs lead to a push service, by their looks."""

from __future__ import annotations

import idna
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sippn.providers.webpush.addresses import MAX_URL, Allowed, PushAddress, address_of
from tests.providers.webpush.hostile import HOSTILE

BROWSERS = [
    "https://fcm.googleapis.com/fcm/send/dXJ0:APA91bE0mgSMy_jVP-x",
    "https://updates.push.services.mozilla.com/wpush/v2/gAAAAABc-1_x=",
    "https://web.push.apple.com/QGuQyavXutnMH8AXkH_MdU-x",
    "https://wns2-par02p.notify.windows.com/w/?token=BQYAAAC%2bx%2f%3d",
    "https://jmt17.google.com/fcm/send/abc:d",
]


@pytest.mark.parametrize("url", BROWSERS)
def test_urls_of_browsers(url: str) -> None:
    """T8: what browsers are given is understood, and goes to the push service octet for octet."""
    address = address_of(url)
    assert address is not None
    assert f"{address.origin}{address.path.decode('ascii')}" == url


@pytest.mark.parametrize(
    ("url", "origin", "path"),
    [
        ("https://h/p?a=b;c=%2F", "https://h", b"/p?a=b;c=%2F"),
        ("https://h.example", "https://h.example", b"/"),
        ("https://h.example?x", "https://h.example", b"/?x"),
        ("https://h.example/", "https://h.example", b"/"),
        ("https://h.example//a/../b/./", "https://h.example", b"//a/../b/./"),
        ("https://h.example/%2e%2E/%00", "https://h.example", b"/%2e%2E/%00"),
        ("HTTPS://H.Example/Path", "https://h.example", b"/Path"),
        ("https://h.example:443/", "https://h.example", b"/"),
        ("https://h.example:8443/", "https://h.example:8443", b"/"),
        ("https://b-u--c.h--er.example/", "https://b-u--c.h--er.example", b"/"),
        ("https://h.example/@a:b@c", "https://h.example", b"/@a:b@c"),
    ],
)
def test_parts(url: str, origin: str, path: bytes) -> None:
    """Vector 16: path and query go as they came; scheme and host are compared in any case."""
    address = address_of(url)
    assert address is not None
    assert (address.origin, address.path) == (origin, path)


@pytest.mark.parametrize("url", HOSTILE.values(), ids=HOSTILE)
def test_what_is_no_plain_url(url: str) -> None:
    """T8, A10: no address in any spelling, no user, no second reading: it is not pushed to."""
    assert address_of(url) is None


@given(st.from_regex(r"[a-z0-9\-]{1,12}(\.[a-z0-9\-]{1,12}){0,3}", fullmatch=True))
def test_host_can_be_connected_to(host: str) -> None:
    """T8: whatever is let through is a name to those who look names up, and verify them."""
    if address_of(f"https://{host}/") is not None:
        assert idna.encode(host).decode("ascii") == host


def test_longest_url() -> None:
    """T8: 2048 octets are taken, and not one more."""
    url = f"https://h.example/{'x' * MAX_URL}"
    assert address_of(url[:MAX_URL]) is not None
    assert address_of(url[: MAX_URL + 1]) is None


def test_no_repr_shows_the_path() -> None:
    """T7: who knows the URL can push: all that is shown is the host."""
    address = address_of("https://h.example/secret?secret")
    assert repr(address) == "PushAddress(host='h.example', port=443)"


@pytest.mark.parametrize(
    ("pattern", "host", "port", "allowed"),
    [
        ("push.example.com", "push.example.com", 443, True),
        ("Push.Example.COM", "push.example.com", 443, True),
        ("push.example.com", "push.example.com", 8443, False),
        ("push.example.com", "a.push.example.com", 443, False),
        ("push.example.com", "push.example.com.evil.example", 443, False),
        ("push.example.com", "pushxexample.com", 443, False),
        ("push.example.com:8443", "push.example.com", 8443, True),
        ("push.example.com:8443", "push.example.com", 443, False),
        ("*.push.example.com", "a.push.example.com", 443, True),
        ("*.push.example.com", "a.b.push.example.com", 443, True),
        ("*.push.example.com", "push.example.com", 443, False),
        ("*.push.example.com", "evilpush.example.com", 443, False),
        ("*.push.example.com:444", "a.push.example.com", 444, True),
        ("*", "any.example", 443, True),
        ("*", "any.example", 444, False),
        ("*:444", "any.example", 444, True),
        ("*", "localhost", 443, False),
        ("localhost:8443", "localhost", 8443, True),
    ],
)
def test_allow_hosts(pattern: str, host: str, port: int, allowed: bool) -> None:
    """T8: a host is named, or a domain, or all; port 443 unless it is named with another."""
    assert Allowed.parse(pattern).has(PushAddress(host, port, b"/")) is allowed


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        "*.",
        "**",
        "a*b",
        "*example.com",
        "push.*.com",
        "https://push.example.com",
        "push.example.com/x",
        "push.example.com:",
        "push.example.com:0",
        "push.example.com:65536",
        "push.example.com.",
        "127.0.0.1",
        "*.0.0.1",
        "[::1]",
        "0x7f000001",
        "user@push.example.com",
        "push.example.com ",
        "push.example.com\n",
        "pushé.example.com",
        "*.*.example.com",
        "xn--bcher-kva.example",
    ],
)
def test_patterns_that_are_none(pattern: str) -> None:
    """T8: what is not plainly a host or a domain lets nobody in."""
    with pytest.raises(ValueError, match="no "):
        Allowed.parse(pattern)
