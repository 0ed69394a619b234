"""
Vector 12: a caller who hangs up before the phone is awake.
"""

from __future__ import annotations

from typing import Any

import pytest

from sippn.testing.calls import Call
from sippn.testing.push_server.service import Service
from sippn.testing.results import succeeded
from sippn.testing.ua import ScriptedUA
from tests.flows.push_services import AA, ANDROID, BB, IPHONE, VOIP_ALONE, Services
from tests.vectors.scene import requests_sent

APNS, FCM, WEBPUSH = "apns", "fcm", "webpush"
GIVEN_UP = 'SIP;cause=487;text="Request terminated"'


def service(services: Services, pns: str) -> Service[Any]:
    """That of *pns*."""
    server = services.server
    found: dict[str, Service[Any]] = {
        APNS: server.apns,
        FCM: server.fcm,
        WEBPUSH: server.webpush,
    }
    return found[pns]


def missed(services: Services, words: str, pns: str) -> tuple[ScriptedUA, Call, Any]:
    """Alice was pushed for a call that is over; the phone, the call and the push."""
    alice = services.asleep(words)
    call = services.call()
    push = service(services, pns).pushes
    services.run(0.2, 0.01)
    (push,) = push
    service(services, pns).pushes.clear()
    call.cancel()
    services.house.run()
    return alice, call, push


@pytest.mark.parametrize("pns", [APNS, FCM, WEBPUSH])
def test_cancel_is_answered_at_once(services: Services, pns: str) -> None:
    """Vector 12, P-041: the CANCEL is 200 and the INVITE 487 while the phone still sleeps."""
    words = {APNS: VOIP_ALONE, FCM: ANDROID}.get(pns) or services.browser()
    _, call, _ = missed(services, words, pns)
    assert succeeded(call.failed).status == 487
    bob = [one for one in services.house.network.carried if b"200 OK" in one.octets]
    assert any(b"CSeq: 1 CANCEL" in one.octets for one in bob)


def test_iphone_is_shown_a_call_that_is_over(services: Services) -> None:
    """Vector 12, S-12: a VoIP push has to show a call, so who registers late gets one that ends."""
    alice, _, push = missed(services, VOIP_ALONE, APNS)
    assert (push.token, push.push_type) == (AA, "voip")
    services.run(3)
    assert services.house.get(alice.wake()).status == 200
    services.run(1)
    (invite,) = requests_sent(services.house, "INVITE", alice)
    (cancel,) = requests_sent(services.house, "CANCEL", alice)
    assert cancel.call_id == invite.call_id
    assert cancel.headers.get("Reason") == GIVEN_UP
    assert services.pushes == 0


def test_iphone_with_two_tokens_is_told_by_the_other(services: Services) -> None:
    """Vector 12, S-12, R-04: never by a second VoIP push; should that be late, it is shown both."""
    alice, _, call_push = missed(services, IPHONE, APNS)
    cancel_push = services.take(services.apns)
    assert (call_push.token, call_push.push_type) == (AA, "voip")
    assert cancel_push.token == BB
    assert cancel_push.push_type in {"alert", "background"}
    assert services.house.get(alice.wake()).status == 200
    services.run(3)
    [invite] = requests_sent(services.house, "INVITE", alice)
    [cancel] = requests_sent(services.house, "CANCEL", alice)
    assert invite.call_id == cancel.call_id


def test_android_is_told_by_a_push(services: Services) -> None:
    """Vector 12, S-12: an FCM message says that the call is over; a late REGISTER gets nothing."""
    alice, _, call_push = missed(services, ANDROID, FCM)
    cancel_push = services.take(services.server.fcm)
    assert (call_push.data["kind"], cancel_push.data["kind"]) == ("call", "cancel")
    assert cancel_push.data["id"] == call_push.data["id"]
    assert cancel_push.android.get("collapse_key") == call_push.android.get("collapse_key")
    assert services.house.get(alice.wake()).status == 200
    services.run(3)
    assert requests_sent(services.house, "INVITE", alice) == []


def test_browser_is_told_by_a_push_that_replaces_the_first(services: Services) -> None:
    """Vector 12, S-12: of one Topic a push service keeps the last: the call is not shown at all."""
    alice, _, call_push = missed(services, services.browser(), WEBPUSH)
    cancel_push = services.take(services.server.webpush)
    assert call_push.topic
    assert cancel_push.topic == call_push.topic
    assert services.house.get(alice.wake()).status == 200
    services.run(3)
    assert requests_sent(services.house, "INVITE", alice) == []


@pytest.mark.parametrize("pns", [APNS, FCM, WEBPUSH])
def test_call_that_is_over_is_announced_to_nobody(services: Services, pns: str) -> None:
    """Vector 12, S-12: a push that could not be sent yet is never sent when the caller hangs up."""
    words = {APNS: IPHONE, FCM: ANDROID}.get(pns) or services.browser()
    services.asleep(words)
    services.goes()
    call = services.call()
    services.run(0.5)
    call.cancel()
    services.house.run()
    services.comes_back()
    services.run(15)
    assert service(services, pns).pushes == []
