"""Records to store, for the contract of a store."""

from __future__ import annotations

from collections.abc import Sequence

from sippn.binding import AOR, Binding, PushState, PushTarget, Record

ALICE = "sip:alice@example.com"
BOB = "sip:bob@example.com"
CAROL = "sip:carol@example.com"

NOON = 1_800_000_000.0  # wall clock, seconds; no test needs another day
VERSION = 1_800_000_000_000  # a version is wall clock milliseconds


def binding(number: int = 1) -> Binding:
    """A binding in which every field says something."""
    return Binding(
        id=f"binding-{number}",
        contact=f"sip:alice@192.0.2.{number};pn-provider=acme;pn-prid=a%2Fb",
        flow=f"udp:127.0.0.1:5060:192.0.2.{number}:4711",
        expires_at=NOON + 3600.25,
        registered_at=NOON + 0.125,
        call_id='call"\\\u00e9\udcff',
        cseq=2**32 - 1,
        q=500,
        instance="<urn:uuid:00000000-0000-1000-8000-000A95A0E128>",
        reg_id=number,
        path=("<sip:edge1.example.com;lr>", "<sip:edge2.example.com;lr>"),
        params=(("+sip.instance", '"<urn:uuid:1>"'), ("+sip.pnsreg", None), ("x", "")),
        user_agent="Phone/1.0 (\u263a)",
        push_target=PushTarget(
            "acme",
            "app",
            "a/b",
            (("voip", "a"), ("remote", "b")),
            "com.example.app",
            sandbox=True,
            delay=1.5,
            hints=(("pn-msg-str", "IM_MSG"), ("pn-silent", "1")),
        ),
        push_state=PushState.DEAD,
        refresh_at=NOON + 3240.5,
        refresh_attempt=2,
        asleep_until=NOON + 7200.75,
    )


def record(
    aor: AOR,
    version: int = VERSION,
    due_at: float | None = NOON,
    keys: Sequence[bytes] = (),
) -> Record:
    """A record with one binding."""
    return Record(aor, version, (binding(),), due_at, frozenset(keys))


def nothing(aor: AOR, version: int) -> Record:
    """The idle record that deletes what is stored of *aor*."""
    return Record(aor, version, (), None)
