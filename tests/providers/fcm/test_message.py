"""Tests for :mod:`sippn.providers.fcm.message`."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from attrs import evolve

from sippn.binding import PushJob, PushKind
from sippn.providers.fcm.message import message
from sippn.providers.fcm.settings import fcm_settings
from sippn.providers.payload import call_hash

MakePush = Callable[..., PushJob]
PRID = "token-that-nobody-may-see"


def written(job: PushJob, left: float = 20, payload: object = None) -> dict[str, Any]:
    """What FCM is told of *job*."""
    project = {"service_account": "sa.json"} | ({"payload": payload} if payload else {})
    settings = fcm_settings({"projects": {"my-project": project}})
    body: dict[str, Any] = json.loads(
        message(job, settings.projects[0].payload, job.deadline - left)
    )
    return body


def test_call_is_urgent_and_short_lived(make_push: MakePush) -> None:
    """N-27, RFC 8599 section 13: a data message, of which Google learns nothing but that it is."""
    job = make_push(caller='"Bob" <sip:bob@example.com>;tag=1')
    assert written(job, 19.9) == {
        "message": {
            "token": PRID,
            "data": {"kind": "call", "id": call_hash(job)},
            "android": {"priority": "high", "ttl": "19s", "collapse_key": "collapse-1"},
        }
    }


@pytest.mark.parametrize(
    ("kind", "priority"),
    [
        (PushKind.CALL, "high"),
        (PushKind.MESSAGE, "high"),
        (PushKind.MID_DIALOG, "high"),
        (PushKind.CANCEL, "high"),
        (PushKind.REFRESH, "normal"),
    ],
)
def test_all_but_a_refresh_is_urgent(make_push: MakePush, kind: PushKind, priority: str) -> None:
    """S-30: Google lowers the priority of an app that is woken for nothing to see."""
    assert written(make_push(kind))["message"]["android"]["priority"] == priority


@pytest.mark.parametrize(
    ("left", "ttl"), [(0.4, "1s"), (1.9, "1s"), (3240.0, "3240s"), (3e6, "2419200s")]
)
def test_life_is_what_is_left(make_push: MakePush, left: float, ttl: str) -> None:
    """S-30: until the deadline, in whole seconds; four weeks are the most that FCM takes."""
    assert written(make_push(PushKind.REFRESH), left)["message"]["android"]["ttl"] == ttl


def test_refresh_is_kept_while_its_binding_lasts(make_push: MakePush) -> None:
    """S-30: until expiry, however soon it is asked for anew; the last one wakes who dozes."""
    job = make_push(PushKind.REFRESH)
    job = evolve(job, held_until=job.deadline + 3000, urgent=True)
    android = written(job, 20)["message"]["android"]
    assert (android["ttl"], android["priority"]) == ("3020s", "high")


def test_cancel_replaces_the_call_and_says_why(make_push: MakePush) -> None:
    """S-12: the same collapse key; a call that was taken elsewhere is no missed one."""
    reason = 'SIP;cause=200;text="Call completed elsewhere"'
    call = written(make_push())["message"]
    cancel = written(make_push(PushKind.CANCEL, reason=reason))["message"]
    assert cancel["android"]["collapse_key"] == call["android"]["collapse_key"]
    assert cancel["data"] == {"kind": "cancel", "id": call["data"]["id"], "reason": reason}


def test_push_without_a_collapse_key_replaces_none(make_push: MakePush) -> None:
    """An empty one would be one for all."""
    assert "collapse_key" not in written(make_push(collapse_key=""))["message"]["android"]


def test_payload_is_the_operators(make_push: MakePush) -> None:
    """N-27: by a template of his, or as Linphone is used to."""
    job = make_push(caller='"Bob" <sip:bob@example.com>;tag=1')
    own = written(job, payload={"call": {"who": "{from_name}", "n": "{deadline}"}})
    assert own["message"]["data"] == {"who": "Bob", "n": "20"}
    data = written(job, payload="linphone")["message"]["data"]
    assert data["call-id"] == "call-1"
    assert all(isinstance(value, str) for value in data.values())
