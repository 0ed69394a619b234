"""How to push, and where the parameters stand (REQUIREMENTS 1.11, D-01, D-04 to D-06, D-13)."""

from __future__ import annotations

import pytest

from sippn.binding import PushRequest, PushTarget
from sippn.dialect import read_push
from sippn.sip import NameAddr
from tests.dialect.contacts import read, target

RFC = ";pn-provider=fcm;pn-param=project;pn-prid=x"
PLAIN = PushTarget("fcm", "project", "x")


@pytest.mark.parametrize(
    ("written", "seconds"),
    [("0", 0), ("3", 3), ('"3"', 3), ("10", 10), ("11", 10), ("999999999", 10)],
)
def test_delay(written: str, seconds: float) -> None:
    """D-05: pn-timeout=N holds the push back for N seconds, 10 at most, and 0 for none."""
    assert target(f"{RFC};pn-timeout={written}").delay == seconds


@pytest.mark.parametrize("written", ["", "-1", "1.5", "x", "9999999999", "%C2%B2"])
def test_delay_that_is_none(written: str) -> None:
    """D-05: a pn-timeout that is no number is no wish, and no reason to refuse a phone."""
    assert target(f"{RFC};pn-timeout={written}").delay is None


def test_linphone_says_how_to_alert() -> None:
    """D-01: all that Linphone says about how to alert its user is kept for the provider."""
    found = target(
        f"{RFC};pn-silent=1;pn-timeout=0;pn-msg-str=IM_MSG;pn-call-str=IC_MSG;pn-groupchat-str=GC_MSG"
        ";pn-call-snd=notes_of_the_optimistic.caf;pn-msg-snd=msg.caf;pn-call-remote-push-interval=5"
    )
    assert found.delay == 0
    assert found.hints == (
        ("pn-call-remote-push-interval", "5"),
        ("pn-call-snd", "notes_of_the_optimistic.caf"),
        ("pn-call-str", "IC_MSG"),
        ("pn-groupchat-str", "GC_MSG"),
        ("pn-msg-snd", "msg.caf"),
        ("pn-msg-str", "IM_MSG"),
        ("pn-silent", "1"),
    )


@pytest.mark.parametrize(
    "name",
    [
        "pn-mwi-str",
        "pn-missing-call-str",
        "pn-call-accepted-elsewhere-str",
        "pn-call-declined-elsewhere-str",
    ],
)
def test_flexisip_says_more(name: str) -> None:
    """D-04: Flexisip's own alerts are kept for the provider."""
    assert target(f"{RFC};{name.upper()}=%41").hints == ((name, "A"),)


def test_sylk_says_which_device() -> None:
    """D-06: the words of sylk's clients are kept for the provider."""
    found = target(f"{RFC};pn-device=ABC-123;pn-app=com.x;pn-silent")
    assert found.hints == (("pn-app", "com.x"), ("pn-device", "ABC-123"), ("pn-silent", ""))


def test_hints_are_bounded() -> None:
    """D-13: what is too long, too much or cannot be read is left out, and refuses nobody."""
    many = "".join(f";pn-x{number:02}=1" for number in range(30))
    assert len(target(RFC + many).hints) == 24
    for bad in (";pn-a=%00", ";pn-a=%4", ";pn-a=%ff", f";pn-a={'x' * 513}", f";pn-{'a' * 62}=1"):
        assert target(RFC + bad) == PLAIN
    assert target(f"{RFC};pn-a=1;PN-A=2").hints == (("pn-a", "1"),)


def test_purr_is_no_hint() -> None:
    """P-071: a pn-purr is of a dialog, and says nothing about how to push."""
    assert target(f"{RFC};pn-purr=x") == PLAIN


def test_parameters_behind_the_uri() -> None:
    """D-09: push parameters in the Contact header instead of its URI are understood, too."""
    assert target("", RFC) == target(";ob", f";expires=60{RFC}") == PLAIN
    assert target(";pn-provider=fcm", ";pn-param=project;pn-prid=x") == PLAIN
    assert target("", ";pn-provider=fcm;pn-param=project;pn-prid=%78;pn-silent=1").hints


def test_contact_without_brackets() -> None:
    """D-09: a Contact without angle brackets has its push parameters behind the URI, too."""
    contact = NameAddr.parse(f"sip:alice@192.0.2.7{RFC};expires=60")
    assert read_push(contact.uri, contact.params) == PushRequest("fcm", "fcm", PLAIN)


def test_uri_wins() -> None:
    """D-09: where a parameter is in both places, that of the URI counts."""
    behind = ";PN-PROVIDER=apns;pn-param=other;pn-prid=y"
    assert target(RFC, behind) == PLAIN
    assert target(";pn-prid=x", behind).prid == "x"


def test_order_does_not_matter() -> None:
    """D-13: the same words in another order make an equal target."""
    one = target(f"{RFC};pn-silent=1;pn-app=a")
    assert one == target(f";pn-app=a{RFC}", ";pn-silent=1")
    assert read(";pn-app=a") is None


KEYS = ";sippn-wp-p256dh=BCVxsr7N_eNg-x;sippn-wp-auth=BTBZ%2B%2F%3D%3D"
WEBPUSH = ";pn-provider=webpush;pn-prid=https://push.example.net/x"


def test_keys_of_a_subscription() -> None:
    """G-08: a browser's keys are kept for the provider, unescaped once, wherever they stand."""
    keys = (("sippn-wp-auth", "BTBZ+/=="), ("sippn-wp-p256dh", "BCVxsr7N_eNg-x"))
    assert target(WEBPUSH + KEYS).hints == keys
    assert target(WEBPUSH, KEYS.upper().replace("BCVXSR7N_ENG-X", "x")).hints[1][1] == "x"
    assert target(f"{WEBPUSH};sippn-wp-auth=a;SIPPN-WP-Auth=b").hints == (("sippn-wp-auth", "a"),)
    assert target(f"{WEBPUSH};sippn-wp-other=a").hints == ()


@pytest.mark.parametrize("auth", ["pn-encsec", "pn-enccode"])
def test_keys_of_the_draft(auth: str) -> None:
    """G-08: the draft's names of the same keys are kept for the provider as they are."""
    found = target(f"{WEBPUSH};pn-enckey=BCV_-x;{auth}=BTBZ")
    assert dict(found.hints) == {"pn-enckey": "BCV_-x", auth: "BTBZ"}


def test_keys_alone_ask_for_nothing() -> None:
    """G-08: keys say how to push, and not whom."""
    assert read(KEYS) is None
