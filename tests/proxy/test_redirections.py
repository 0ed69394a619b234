"""
Tests for :mod:`sippn.proxy.redirections`.
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from attrs import define, field
from twisted.internet.defer import Deferred

from sippn.errors import Forbidden
from sippn.proxy.forwarder import Target
from sippn.proxy.redirections import Redirections
from sippn.sip import URI, Headers, Request, Response


@define(eq=False)
class Asked:
    """Who asks, and what it hears."""

    uri: str
    heard: list[tuple[list[Target], Response | None]] = field(factory=list)
    looked_for: list[str] = field(factory=list)
    redirections: Redirections = field(init=False)

    def __attrs_post_init__(self) -> None:
        request = Request("INVITE", self.uri, Headers())
        self.redirections = Redirections(self.find, request)

    async def find(self, uri: URI) -> Sequence[Target]:
        """Everybody is somewhere, but for some."""
        self.looked_for.append(str(uri))
        if uri.user == "forbidden":
            raise Forbidden
        if uri.user == "slow":
            await Deferred()
        return [Target(str(uri), "flow", q=700)]

    def follow(self, *contacts: str) -> None:
        """Follow a 302."""
        headers = Headers([("Contact", contact) for contact in contacts])
        self.redirections.follow(Response(302, "Moved", headers), self.then)

    def then(self, targets: Sequence[Target], left: Response | None) -> None:
        """Hear it."""
        self.heard.append((list(targets), left))


@pytest.mark.parametrize(
    ("asked", "contact", "followed"),
    [
        ("sips:a@x.example", "<sip:b@x.example>", False),
        ("sips:a@x.example", "<sips:b@x.example>", True),
        ("sip:a@x.example", "<sips:b@x.example>", True),
    ],
)
def test_what_asked_for_secrecy_keeps_it(asked: str, contact: str, followed: bool) -> None:
    """RFC 3261 16.7 step 4, 26.2.2: no recursion from sips to sip."""
    one = Asked(asked)
    one.follow(contact)
    ((targets, left),) = one.heard
    assert bool(targets) is followed
    assert (left is None) is followed


@pytest.mark.parametrize(
    ("q", "level"), [("", 700), (";q=0.5", 500), (";q=0.9", 700), (";q=x", 700), (";q=0", 0)]
)
def test_target_is_asked_by_the_lower_q(q: str, level: int) -> None:
    """RFC 3261 16.6: that of the Contact, and that of the binding behind it; nonsense is none."""
    one = Asked("sip:a@x.example")
    one.follow(f"<sip:b@x.example>{q}")
    assert [target.q for target in one.heard[0][0]] == [level]


def test_each_uri_is_looked_for_once() -> None:
    """RFC 3261 16.5, 19.1.4: equal URIs, however they are written, and that of the request."""
    one = Asked("sip:a@x.example")
    one.follow("<sip:b@x.example>", "<SIP:b@X.example>;q=0.1", "sip:a@x.EXAMPLE")
    one.follow("<sip:%62@x.example>")
    assert one.looked_for == ["sip:b@x.example"]
    assert [left for _, left in one.heard] == [None, None]


@pytest.mark.parametrize(
    "contact", ["<tel:+1>", "*", "<sip:forbidden@x.example>", "<sip:b@x>, <oops", "<sip:@>"]
)
def test_what_cannot_be_followed_is_left_as_it_was(contact: str) -> None:
    """RFC 3261 16.7, step 4: it goes on to the caller."""
    one = Asked("sip:a@x.example")
    one.follow(contact)
    ((targets, left),) = one.heard
    assert targets == []
    assert left is not None
    assert left.headers.get_all("Contact") == [contact]


def test_header_fields_of_a_contact_are_left_out() -> None:
    """RFC 3261 19.1.5: nobody puts fields into another one's request by a 3xx."""
    one = Asked("sip:a@x.example")
    one.follow("<sip:b@x.example?Route=%3Csip:evil.example%3E>")
    assert one.looked_for == ["sip:b@x.example"]


def test_redirection_without_a_contact_goes_on() -> None:
    """RFC 3261 21.3: there is nothing to follow."""
    one = Asked("sip:a@x.example")
    one.follow()
    assert one.heard[0][1] is not None


def test_nothing_is_heard_after_the_end() -> None:
    """RFC 3261 16.10: whoever is still looked for is not called any more."""
    one = Asked("sip:a@x.example")
    one.follow("<sip:slow@x.example>")
    assert one.redirections.pending
    one.redirections.stop()
    assert not one.redirections.pending
    assert one.heard == []
