"""Tests for :mod:`sippn.providers.payload`, its templates and what fills them."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from datetime import date
from hashlib import sha256
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from sippn.binding import PushJob, PushKind, PushTarget
from sippn.errors import ConfigErrors
from sippn.providers.facts import FACTS, LONGEST, shown
from sippn.providers.payload import call_hash, payload_of
from sippn.providers.table import Table
from sippn.providers.template import DEEPEST, LARGEST

CALLER = '"Ann \\"Q\\" Example" <sip:ann:secret@example.net:5070;transport=tcp;x=y?h=1>;tag=1'
JOB = PushJob(
    id="job-1",
    kind=PushKind.CALL,
    target=PushTarget(
        "fcm", "project", "prid", hints=(("pn-call-str", "IC"), ("pn-msg-snd", "ping.caf"))
    ),
    aor="sip:alice@example.com",
    deadline=20,
    collapse_key="call-binding",
    method="INVITE",
    call_id="call-1@192.0.2.1",
    caller=CALLER,
    reason="",
)


def _filled(template: dict[str, Any], job: PushJob = JOB, *, flat: bool = False) -> Any:
    table = Table({"payload": {job.kind.value: template}})
    payload = payload_of(table, flat=flat)
    table.finish()
    return payload.of(job, 9.7)


def _problems(payload: object, *, flat: bool = False) -> dict[str, str]:
    table = Table({"payload": payload})
    payload_of(table, flat=flat)
    with pytest.raises(ConfigErrors) as caught:
        table.finish()
    return dict(caught.value.problems)


@pytest.mark.parametrize("table", [{}, {"payload": "minimal"}])
@pytest.mark.parametrize("kind", [kind for kind in PushKind if kind is not PushKind.CANCEL])
def test_minimal_tells_the_kind_and_nothing_else(table: dict[str, str], kind: PushKind) -> None:
    """N-27: no caller and no AOR; RFC 8599 section 13."""
    payload = payload_of(Table(table), flat=True)
    assert payload.of(evolve(JOB, kind=kind), 20) == {"kind": kind.value, "id": call_hash(JOB)}
    assert payload.preset == "minimal"


def test_minimal_says_why_a_call_is_taken_back() -> None:
    """S-12: what was answered elsewhere is no missed call."""
    elsewhere = 'SIP;cause=200;text="Call completed elsewhere"'
    job = evolve(JOB, kind=PushKind.CANCEL, reason=elsewhere)
    told = payload_of(Table({}), flat=True).of(job, 20)
    assert told == {"kind": "cancel", "id": call_hash(JOB), "reason": elsewhere}


def test_hash_is_the_same_for_all_of_a_call() -> None:
    """S-12: an app finds the call that is over, and the INVITE that a push was for."""
    name = sha256(b"call-1@192.0.2.1").digest()[:12]
    assert call_hash(JOB) == urlsafe_b64encode(name).decode()
    assert call_hash(evolve(JOB, id="job-2", kind=PushKind.CANCEL)) == call_hash(JOB)
    assert call_hash(evolve(JOB, call_id="call-2")) != call_hash(JOB)


def test_hash_of_a_refresh_is_its_bindings() -> None:
    """S-30: it has no Call-ID."""
    refresh = evolve(JOB, kind=PushKind.REFRESH, call_id="", collapse_key="reg-1")
    assert call_hash(refresh) == call_hash(evolve(refresh, id="job-2"))
    assert call_hash(refresh) != call_hash(evolve(refresh, collapse_key="reg-2"))
    assert len(call_hash(evolve(refresh, collapse_key="", call_id="\udcff"))) == 16


def test_linphone_finds_what_it_is_used_to() -> None:
    """N-27: FCM data as Flexisip sends it; all are strings."""
    payload = payload_of(Table({"payload": "linphone"}), flat=True)
    assert payload.of(JOB, 20) == {
        "uuid": "",
        "from-uri": "sip:ann@example.net:5070",
        "display-name": 'Ann "Q" Example',
        "call-id": "call-1@192.0.2.1",
        "sip-from": 'Ann "Q" Example',
        "loc-key": "IC",
        "loc-args": 'Ann "Q" Example',
    }
    message = payload.of(evolve(JOB, kind=PushKind.MESSAGE), 20)
    assert message["loc-key"] == "IM_MSG"
    assert payload.of(evolve(JOB, kind=PushKind.REFRESH), 20)["loc-key"] == "IC_SIL"


@pytest.mark.parametrize(
    ("gap", "value"),
    [
        ("{kind}", "call"),
        ("{id}", call_hash(JOB)),
        ("{call_id}", "call-1@192.0.2.1"),
        ("{from}", 'Ann "Q" Example'),
        ("{from_name}", 'Ann "Q" Example'),
        ("{from_uri}", "sip:ann@example.net:5070"),
        ("{aor}", "sip:alice@example.com"),
        ("{method}", "INVITE"),
        ("in {deadline} s", "in 9 s"),
        ("{reason}", ""),
        ("{pn-call-str}", "IC"),
        ("{pn-msg-str}", ""),
        ("{pn-msg-str|IM}", "IM"),
        ("{pn-call-str|other}", "IC"),
        ("{reason|no reason}", "no reason"),
        ("a{kind}b{method}c", "acallbINVITEc"),
        ("{{kind}} {{{kind}}}", "{kind} {call}"),
        ("plain", "plain"),
        ("", ""),
    ],
)
def test_gap_is_filled(gap: str, value: str) -> None:
    """N-27: with what the push is about, or with what the operator wrote instead."""
    assert _filled({"x": gap}) == {"x": value}
    assert _filled({"x": gap}, flat=True) == {"x": value}


def test_deadline_alone_is_a_number() -> None:
    """N-27: where the push service takes one."""
    assert _filled({"x": "{deadline}"}) == {"x": 9}
    assert _filled({"x": "{deadline}"}, flat=True) == {"x": "9"}


def test_template_is_any_json() -> None:
    """N-27: objects, lists, numbers and booleans stay as they are, and are made anew each time."""
    template = {"a": [1, 2.5, True, {"b": "{method}"}, []], "c": {}}
    table = Table({"payload": {"call": template}})
    payload = payload_of(table)
    first = payload.of(JOB, 9)
    assert first == {"a": [1, 2.5, True, {"b": "INVITE"}, []], "c": {}}
    first["a"].append(1)
    assert payload.of(JOB, 9) != first
    assert payload.names[PushKind.CALL] == {"a", "c"}
    assert payload.preset == ""


@pytest.mark.parametrize(
    ("caller", "name", "uri"),
    [
        ("", "", ""),
        ("sip:bob@example.net;tag=1", "", "sip:bob@example.net"),
        ("Bob Example <sips:bob@[2001:db8::1]:5061>", "Bob Example", "sips:bob@[2001:db8::1]:5061"),
        ('"" <sip:example.net>', "", "sip:example.net"),
        ("<tel:+15551234;phone-context=x>;tag=1", "", "tel:+15551234"),
        ("<im:ann:secret@example.net>", "", ""),
        ('"Bob" <nonsense>', "", ""),
        ("Bob <sip:bob@>", "Bob", ""),
        ('"unclosed <sip:bob@example.net>', "", ""),
        ('"a\u202eb\u200d\x07c" <sip:bob@example.net>', "abc", "sip:bob@example.net"),
        ('"\udcff" <sip:bob@example.net>', "?", "sip:bob@example.net"),
        (
            '"J\u00f6rg \U0001f600" <sip:bob@example.net>',
            "J\u00f6rg \U0001f600",
            "sip:bob@example.net",
        ),
    ],
)
def test_caller_is_told_without_what_is_not_for_others(caller: str, name: str, uri: str) -> None:
    """N-27: no password, no parameters; what cannot be read is empty, what plays tricks is cut."""
    job = evolve(JOB, caller=caller)
    assert _filled({"n": "{from_name}", "u": "{from_uri}"}, job) == {"n": name, "u": uri}


def test_caller_cannot_change_the_shape() -> None:
    """T7: a display name is a string in a string, whatever is in it."""
    job = evolve(JOB, caller='"\\",\\"x\\":{\\"{aor}" <sip:a@b.c>')
    filled = _filled({"a": "{from_name}"}, job)
    assert json.loads(json.dumps(filled)) == {"a": '","x":{"{aor}'}


@given(st.text(max_size=2000))
def test_value_is_bounded(text: str) -> None:
    """Q-07: in octets of UTF-8, and it is Unicode again."""
    found = shown(text)
    assert len(found.encode("utf-8")) <= LONGEST
    assert not found or found.isprintable()


@given(st.text(max_size=300), st.text(max_size=300))
def test_no_request_breaks_a_payload(caller: str, call_id: str) -> None:
    """T7: whatever stands in From and Call-ID."""
    job = evolve(JOB, caller=caller, call_id=call_id)
    filled = _filled({name: f"{{{name}}}" for name in FACTS if name != "deadline"}, job)
    assert json.dumps(filled, ensure_ascii=False).encode("utf-8")


@pytest.mark.parametrize(
    ("template", "where", "cure"),
    [
        ("full", "payload", '"minimal" or "linphone"'),
        (5, "payload", "table by kind"),
        ({"ring": {}}, "payload.ring", "known: call, message, mid-dialog, refresh, cancel"),
        ({"call": "x"}, "payload.call", "table"),
        ({"call": {"a": {"b": "{frm}"}}}, "payload.call.a.b", "did you mean {from}"),
        ({"call": {"a": ["x", "{xyzzy}"]}}, "payload.call.a.1", "known: kind, id"),
        ({"call": {"a": "{}"}}, "payload.call.a", "known: kind, id"),
        ({"call": {"a": "{"}}, "payload.call.a", "{{ and }}"),
        ({"call": {"a": "a}"}}, "payload.call.a", "{{ and }}"),
        ({"call": {"a": "{pn-prid}"}}, "payload.call.a", "credential"),
        ({"call": {"a": "{pn-tok|x}"}}, "payload.call.a", "credential"),
        ({"call": {"a": "{pn-encsec}"}}, "payload.call.a", "credential"),
        ({"call": {"a": "{pn-enccode}"}}, "payload.call.a", "credential"),
        ({"call": {"a": "{pn-enckey}"}}, "payload.call.a", "credential"),
        ({"call": {"a": "{sippn-wp-auth}"}}, "payload.call.a", "credential"),
        ({"call": {"a": "{sippn-wp-p256dh|x}"}}, "payload.call.a", "credential"),
        ({"call": {"a": "{pn-methods}"}}, "payload.call.a", "leave it out"),
        ({"call": {"a": "{pn-param}"}}, "payload.call.a", "leave it out"),
        ({"call": {"a": "{pn-provider}"}}, "payload.call.a", "leave it out"),
        ({"call": {"a": "{pn-purr}"}}, "payload.call.a", "leave it out"),
        ({"call": {"a": "{pn-timeout}"}}, "payload.call.a", "leave it out"),
        ({"call": {"a": "{pn-type|x}"}}, "payload.call.a", "leave it out"),
        ({"call": {"a": "{pn-uri}"}}, "payload.call.a", "leave it out"),
        ({"call": {"a": "{PN-X}"}}, "payload.call.a", "known"),
        ({"call": {"a": date(2026, 11, 22)}}, "payload.call.a", "write it as a string"),
        ({"call": {"a": float("nan")}}, "payload.call.a", "write it as a string"),
        ({"call": {"a": float("inf")}}, "payload.call.a", "write it as a string"),
        ({"call": {"a": "\udcff"}}, "payload.call.a", "Unicode"),
        ({"call": {"\udcff": "a"}}, "payload.call", "Unicode"),
        ({"call": {"a": "x" * LARGEST}}, "payload.call", "octets"),
    ],
)
def test_what_is_wrong_is_said(template: object, where: str, cure: str) -> None:
    """N-27: at the start, not at the first call."""
    assert cure in _problems(template)[where]


def test_depth_is_bounded() -> None:
    """Q-07: no push service's JSON is that deep, and no start of ours fails by recursion."""
    deep: Any = "x"
    for _ in range(DEEPEST):
        deep = {"a": deep}
    assert _filled(deep) == deep
    for more in (1, 5000):
        for _ in range(more):
            deep = {"a": deep}
        assert "flatter" in next(iter(_problems({"call": deep}).values()))


def test_flat_has_nothing_but_strings() -> None:
    """N-04: FCM takes no other data."""
    problems = _problems({"call": {"a": 1, "b": {"c": "d"}, "e": ["f"], "g": "h"}}, flat=True)
    assert set(problems) == {"payload.call.a", "payload.call.b", "payload.call.e"}


def test_no_value_is_repeated() -> None:
    """T7: any string of a configuration may be a secret in the wrong place."""
    secret = "a-secret-in-the-wrong-place"
    problems = _problems({"call": {"a": f"{secret}{{", "b": f"{{{secret}}}"}, "message": secret})
    assert len(problems) == 3
    assert secret not in repr(problems)
