"""The dialect, with what PortSIP's phones say."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from acme_sippn.factories import XPushFactory
from acme_sippn.x_push import XPush

from sippn.binding import PushRequest, PushTarget
from sippn.errors import ConfigErrors
from sippn.interfaces import IPushDialect
from sippn.sip import Request
from sippn.testing.contracts import PushDialectContract
from sippn.testing.contracts.dialect import register

PHONE = "<sip:alice@192.0.2.1>"
ANDROID = (
    "device-os=android;device-uid=SECRET;allow-call-push=true;allow-message-push=true;app-id=1"
)
IOS = "device-os=ios;device-uid=SECRET|OTHER;allow-call-push=true;app-id=com.x"


class TestXPush(PushDialectContract):
    """All that a dialect promises, and what is this one's own."""

    def make_dialect(self) -> IPushDialect:
        """There is nothing to it."""
        return XPush()

    def spoken(self) -> Request:
        """An iPhone."""
        return register(PHONE, ("X-Push", IOS))

    def secret(self) -> str:
        """Its token for calls."""
        return "SECRET"

    def nonsense(self) -> Iterable[Request]:
        """What breaks the field, or leaves half of it out."""
        for value in (
            ";;",
            "SECRET",
            IOS.replace("ios", "vms"),
            IOS.replace("SECRET", "\udcffSECRET"),
        ):
            yield register(PHONE, ("X-Push", value))

    def said(self, value: str, name: str = "X-Push", contact: str = PHONE) -> PushRequest | None:
        """What a phone means that sends *value*."""
        return self.read(register(contact, (name, value)))

    @pytest.mark.parametrize("name", ["X-Push", "x-p-push", "portsip-push"])
    def test_an_android_phone(self, name: str) -> None:
        """D-07: the device-uid of an Android phone is its FCM token."""
        target = PushTarget("fcm", "1", "SECRET")
        assert self.said(ANDROID, name) == PushRequest("fcm", "fcm", target, dialect="X-Push")

    def test_an_iphone(self) -> None:
        """D-07: the device-uid of an iPhone is a VoIP token and one for all else."""
        tokens = (("voip", "SECRET"), ("remote", "OTHER"))
        target = PushTarget("apns", "com.x", "SECRET|OTHER", tokens, "com.x")
        assert self.said(IOS) == PushRequest("apns", "apns", target, dialect="X-Push")

    def test_an_iphone_with_one_token(self) -> None:
        """D-07: the first of them is the one for calls."""
        push = self.said(IOS.replace("|OTHER", ""))
        assert push is not None
        assert push.target is not None
        assert push.target.tokens == (("voip", "SECRET"),)

    def test_who_wants_no_push(self) -> None:
        """D-07: with allow-call-push=false a phone is an ordinary one."""
        assert self.said(ANDROID.replace("push=true", "push=false")) is None

    def test_what_cannot_be_pushed_says_why(self) -> None:
        """D-07: what is missing is said, and the REGISTER is an ordinary one."""
        for value, what in (
            ("device-uid=x", "device-os"),
            ("device-os=ios", "device-uid"),
            ("device-os=ios;device-uid=|x", "device-uid"),
        ):
            push = self.said(value)
            assert push is not None
            assert (push.pns, push.target) == ("", None)
            assert what in push.problem

    def test_two_contacts(self) -> None:
        """D-07: of which of them the field speaks nobody knows."""
        both = register(f"{PHONE}, <sip:alice@192.0.2.2>", ("X-Push", IOS))
        assert [self.dialect.read(both, contact) for contact in both.contacts] == [None, None]


def test_there_are_no_keys() -> None:
    """What would be passed over is refused."""
    with pytest.raises(ConfigErrors) as caught:
        XPushFactory().parse({"header": "X-Push"})
    assert caught.value.problems == (("header", "unknown key: remove it"),)
