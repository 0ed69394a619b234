"""Tests for :mod:`sippn.providers.apns.push` and :mod:`sippn.providers.apns.alerts`."""

from __future__ import annotations

from uuid import UUID

import pytest
from attrs import evolve

from sippn.binding import PushKind
from tests.providers.apns.scene import (
    BUNDLE,
    REMOTE,
    REMOTE_TOKEN,
    VOIP,
    VOIP_TOKEN,
    WALL,
    Scene,
    target,
)

ELSEWHERE = 'SIP;cause=200;text="Call completed elsewhere"'
HINTS = (
    ("pn-call-snd", "ring.caf"),
    ("pn-call-str", "CALL"),
    ("pn-call-accepted-elsewhere-str", "ACCEPTED"),
    ("pn-call-declined-elsewhere-str", "DECLINED"),
    ("pn-missing-call-str", "MISSED"),
    ("pn-msg-snd", "ping.caf"),
    ("pn-msg-str", "MESSAGE"),
)
SERVICES: dict[str, dict[str, str]] = {"both": {**VOIP, **REMOTE}, "remote": REMOTE, "voip": VOIP}


@pytest.mark.parametrize(
    ("kind", "services", "topic", "push_type", "priority", "token"),
    [
        (PushKind.CALL, "both", f"{BUNDLE}.voip", "voip", "10", VOIP_TOKEN),
        (PushKind.CALL, "voip", f"{BUNDLE}.voip", "voip", "10", VOIP_TOKEN),
        (PushKind.CALL, "remote", BUNDLE, "alert", "10", REMOTE_TOKEN),
        (PushKind.MESSAGE, "both", BUNDLE, "alert", "10", REMOTE_TOKEN),
        (PushKind.MESSAGE, "remote", BUNDLE, "alert", "10", REMOTE_TOKEN),
        (PushKind.MID_DIALOG, "both", BUNDLE, "background", "5", REMOTE_TOKEN),
        (PushKind.REFRESH, "both", BUNDLE, "background", "5", REMOTE_TOKEN),
        (PushKind.REFRESH, "remote", BUNDLE, "background", "5", REMOTE_TOKEN),
        (PushKind.CANCEL, "both", BUNDLE, "background", "5", REMOTE_TOKEN),
        (PushKind.CANCEL, "remote", BUNDLE, "alert", "10", REMOTE_TOKEN),
    ],
)
def test_each_kind_goes_where_it_belongs(
    kind: PushKind, services: str, topic: str, push_type: str, priority: str, token: str
) -> None:
    """N-29, R-04, S-30: only a call is a VoIP push, and what nobody sees has priority 5."""
    scene = Scene()
    scene.push(scene.job(kind, target=target(SERVICES[services])))
    sent = scene.production.last
    assert (sent["apns-topic"], sent["apns-push-type"]) == (topic, push_type)
    assert sent["apns-priority"] == priority
    assert scene.production.asked[-1].path == f"/3/device/{token}".encode()


def test_voip_push_is_one_per_call() -> None:
    """S-04: CallKit has to show each call, so no call's push takes the place of another's."""
    scene = Scene()
    scene.push()
    assert "apns-collapse-id" not in scene.production.last


def test_alert_of_a_call_is_replaced_when_it_is_over() -> None:
    """S-12: the ring and what became of it have one collapse id; another call has its own."""
    scene = Scene()
    ids = []
    for kind, call_id in (
        (PushKind.CALL, "call-1"),
        (PushKind.CANCEL, "call-1"),
        (PushKind.CALL, "call-2"),
    ):
        scene.push(scene.job(kind, call_id=call_id, target=target(REMOTE)))
        ids.append(scene.production.last["apns-collapse-id"])
    assert ids[0] == ids[1] != ids[2]


def test_what_nobody_sees_replaces_no_alert() -> None:
    """S-13: a wake within a dialog leaves what the user was told about the call alone."""
    scene = Scene()
    ids = set()
    for kind in (PushKind.CALL, PushKind.MID_DIALOG):
        scene.push(scene.job(kind, target=target(REMOTE)))
        ids.add(scene.production.last["apns-collapse-id"])
    assert len(ids) == 2


def test_refreshes_of_a_binding_replace_each_other() -> None:
    """S-30: a phone that was away gets one of them, and those of two bindings are two."""
    scene = Scene()
    ids = []
    for key in ("reg-1", "reg-1", "reg-2"):
        scene.push(scene.job(PushKind.REFRESH, collapse_key=key))
        ids.append(scene.production.last["apns-collapse-id"])
    assert ids[0] == ids[1] != ids[2]


@pytest.mark.parametrize("kind", PushKind)
def test_fields_are_within_apples_limits(kind: PushKind) -> None:
    """Appendix A: a collapse id of 64 octets at most, and an apns-id that is a UUID."""
    scene = Scene()
    scene.push(scene.job(kind, call_id="c" * 500, id="j" * 500, target=target(REMOTE)))
    sent = scene.production.last
    assert 0 < len(sent["apns-collapse-id"]) <= 64
    assert str(UUID(sent["apns-id"])) == sent["apns-id"]


@pytest.mark.parametrize(
    ("left", "expiration"), [(20.0, 20), (20.9, 20), (1.0, 1), (0.9, None), (0.001, None)]
)
def test_push_expires_with_its_job(left: float, expiration: int | None) -> None:
    """S-14: a phone that comes back after the deadline does not ring; 0: it is now or never."""
    scene = Scene()
    scene.push(scene.job(deadline=scene.clock.seconds() + left))
    wanted = 0 if expiration is None else int(WALL) + expiration
    assert scene.production.last["apns-expiration"] == str(wanted)


def test_refresh_is_kept_while_its_binding_lasts() -> None:
    """S-30: Apple gives it to a phone that was away for longer than it is asked for."""
    scene = Scene()
    job = scene.job(kind=PushKind.REFRESH, deadline=scene.clock.seconds() + 20)
    scene.push(evolve(job, held_until=scene.clock.seconds() + 3600))
    assert scene.production.last["apns-expiration"] == str(int(WALL) + 3600)


def test_call_is_minimal() -> None:
    """N-27: Apple learns that there is a call, and nothing of who calls whom."""
    scene = Scene()
    scene.push()
    identity = scene.production.payload["sippn"]["id"]
    assert scene.production.payload == {
        "sippn": {"kind": "call", "id": identity},
        "aps": {"content-available": 1},
    }
    for kind in PushKind:
        scene.push(scene.job(kind, target=target(REMOTE, HINTS)))
        for secret in (b"ann", b"Ann", b"alice", b"192.0.2.1", b"example.net"):
            assert secret not in scene.production.asked[-1].body


@pytest.mark.parametrize(
    ("kind", "reason", "english", "hint"),
    [
        (PushKind.CALL, "", "Incoming call", "CALL"),
        (PushKind.MESSAGE, "", "New message", "MESSAGE"),
        (PushKind.CANCEL, "", "Missed call", "MISSED"),
        (PushKind.CANCEL, "SIP;cause=487", "Missed call", "MISSED"),
        (PushKind.CANCEL, ELSEWHERE, "Answered elsewhere", "ACCEPTED"),
        (PushKind.CANCEL, "Q.850;cause=26, SIP ; Cause = 200", "Answered elsewhere", "ACCEPTED"),
        (PushKind.CANCEL, "SIP;cause=2000", "Missed call", "MISSED"),
        (PushKind.CANCEL, "SIP;cause=600", "Declined elsewhere", "DECLINED"),
        (PushKind.CANCEL, "SIP;cause=603", "Declined elsewhere", "DECLINED"),
    ],
)
def test_user_is_told_in_the_apps_words(
    kind: PushKind, reason: str, english: str, hint: str
) -> None:
    """S-12, D-04: by the key that the UA gave, or in English; a caller is "…" by default."""
    scene = Scene()
    scene.push(scene.job(kind, reason=reason, target=target(REMOTE)))
    assert scene.production.payload["aps"]["alert"] == {"body": english}
    scene.push(scene.job(kind, reason=reason, target=target(REMOTE, HINTS)))
    assert scene.production.payload["aps"]["alert"] == {"loc-key": hint, "loc-args": ["\u2026"]}


@pytest.mark.parametrize(
    ("kind", "plain", "hinted"),
    [
        (PushKind.CALL, "default", "ring.caf"),
        (PushKind.MESSAGE, "default", "ping.caf"),
        (PushKind.CANCEL, None, None),
    ],
)
def test_user_hears_what_the_app_wants(
    kind: PushKind, plain: str | None, hinted: str | None
) -> None:
    """D-01: the sound of the UA's; a call that is over makes none."""
    scene = Scene()
    for hints, sound in (((), plain), (HINTS, hinted)):
        scene.push(scene.job(kind, target=target(REMOTE, hints)))
        aps = scene.production.payload["aps"]
        assert aps.get("sound") == sound
        assert (aps["mutable-content"], aps["content-available"]) == (1, 1)


@pytest.mark.parametrize("kind", [PushKind.MID_DIALOG, PushKind.REFRESH, PushKind.CANCEL])
@pytest.mark.parametrize("payload", ["minimal", "linphone", {"cancel": {"aps": {"sound": "x"}}}])
def test_push_in_the_background_has_nothing_to_see(kind: PushKind, payload: object) -> None:
    """R-04: Apple refuses an alert, a sound or a badge there."""
    scene = Scene(payload=payload)
    scene.push(scene.job(kind, target=target(hints=HINTS)))
    aps = scene.production.payload["aps"]
    assert aps["content-available"] == 1
    assert not {"alert", "sound", "badge"} & set(aps)


def test_call_that_was_shown_by_callkit_ends_without_a_word() -> None:
    """S-12: the app takes the call off the screen; how it ended is in the payload."""
    scene = Scene()
    scene.push(scene.job(PushKind.CANCEL, reason=ELSEWHERE))
    assert scene.production.payload["sippn"]["reason"] == ELSEWHERE


def test_linphone_finds_what_it_is_used_to() -> None:
    """N-27: the members that liblinphone and its apps read, for a VoIP push and for an alert."""
    scene = Scene(payload="linphone")
    scene.push()
    told = {
        "from-uri": "sip:ann@example.net",
        "display-name": "Ann",
        "call-id": "call-1@192.0.2.1",
        "pn_ttl": 20,
        "uuid": "",
    }
    aps = {"loc-key": "IC_MSG", "loc-args": ["Ann"], "call-id": "call-1@192.0.2.1", "uuid": ""}
    assert scene.production.payload == {**told, "aps": {**aps, "content-available": 1}}
    scene.push(scene.job(target=target(REMOTE)))
    assert scene.production.payload["aps"] == {
        **aps,
        "alert": {"loc-key": "IC_MSG", "loc-args": ["Ann"]},
        "sound": "default",
        "content-available": 1,
        "mutable-content": 1,
    }
    scene.push(scene.job(PushKind.MESSAGE, target=target(REMOTE, HINTS), caller="sip:bob@x.org"))
    alert = scene.production.payload["aps"]["alert"]
    assert alert == {"loc-key": "MESSAGE", "loc-args": ["sip:bob@x.org"]}


def test_linphone_is_told_of_a_missed_call_in_english_where_it_has_no_words() -> None:
    """D-04: it has no key for a call that is over unless it says so."""
    scene = Scene(payload="linphone")
    scene.push(scene.job(PushKind.CANCEL, target=target(REMOTE)))
    assert scene.production.payload["aps"]["alert"] == {"body": "Missed call"}
    scene.push(scene.job(PushKind.CANCEL, target=target(REMOTE, HINTS)))
    alert = scene.production.payload["aps"]["alert"]
    assert alert == {"loc-key": "MISSED", "loc-args": ["Ann"]}


def test_payload_of_the_operators_own() -> None:
    """N-27: it is laid over what sippn sends, kind by kind; the others stay minimal."""
    own = {"call": {"aps": {"alert": {"title": "{from_name}"}, "category": "CALL"}, "x": ["{aor}"]}}
    scene = Scene(payload=own)
    scene.push(scene.job(target=target(REMOTE)))
    assert scene.production.payload == {
        "x": ["sip:alice@example.com"],
        "aps": {
            "alert": {"title": "Ann"},
            "category": "CALL",
            "sound": "default",
            "content-available": 1,
            "mutable-content": 1,
        },
    }
    scene.push(scene.job(PushKind.REFRESH))
    assert scene.production.payload["sippn"]["kind"] == "refresh"


def test_hint_of_a_uas_is_nothing_but_a_string() -> None:
    """T7: whatever a UA names its sound, the payload keeps its shape."""
    scene = Scene()
    hints = (("pn-call-snd", '","x":"y'), ("pn-call-str", "\u202eabc\n\udcff" + "k" * 600))
    scene.push(scene.job(target=target(REMOTE, hints)))
    aps = scene.production.payload["aps"]
    assert set(aps) == {"alert", "sound", "content-available", "mutable-content"}
    assert aps["sound"] == '","x":"y'
    assert aps["alert"]["loc-key"].startswith("abc?kk")
    assert len(aps["alert"]["loc-key"]) <= 256
