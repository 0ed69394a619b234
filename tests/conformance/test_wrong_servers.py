"""The suite fails who is wrong, and says why: a suite that cannot fail is worth nothing."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

import pytest
import pytest_twisted  # type: ignore[import-untyped] # it has no py.typed
from twisted.internet.defer import Deferred, ensureDeferred, gatherResults

from sippn.testing.conformance import (
    CATALOGUE,
    Receiver,
    Result,
    Run,
    Scenario,
    Subject,
    Users,
    Verdict,
)
from sippn.transport import Address
from tests.conformance.stub import Stub

# what is wrong with a server, the scenario that sees it, a word of the story
WRONG = [
    ("promises always", "plain_register", "no pn-provider"),
    ("promises once", "every_refresh_is_promised", "any more"),
    ("promises to long lives", "long_enough_after_423", "423 said"),
    ("pushes beside others", "another_proxy_pushes", "another proxy"),
    ("pushes beside others", "another_proxy_pushes_alone", "INVITE"),
    ("keeps the PRID", "no_prid_no_push", "no pn-prid any more"),
    ("knows names in lower case", "names_in_any_case", "PN-Provider"),
    ("keeps what is removed", "all_removed", "pushed"),
    ("shows the PRID to the callee", "callee_of_a_pushed_phone_knows_nothing", "callee was told"),
    ("lets everybody watch", "nobody_watches", "who subscribed"),
    ("forgets who has answered", "answered_elsewhere", "too late"),
    ("promises nothing", "push_is_promised", "no Feature-Caps"),
    ("forgets the star", "push_is_promised", "F-02"),
    ("joins two services", "push_is_promised", "F-01"),
    ("joins two services", "query_for_all", "F-01"),
    ("gives pnsreg to all", "pnsreg_is_for_who_offers_it", "sip.pnsreg"),
    ("gives short pnsreg", "pnsreg_is_above_120", "100"),
    ("promises anything", "unsupported_service", "nosuchpns"),
    ("promises anything", "query_for_an_unsupported_one", "nosuchpns"),
    ("promises in refusals", "refusals_promise_nothing", "401"),
    ("promises short lives", "too_short", "5 seconds"),
    ("shows everybody's Contacts", "other_contacts_are_listed_without", "pn-prid"),
    ("keeps what is removed", "removed", "pushed"),
    ("keeps what is removed", "removed_with_provider", "pushed"),
    ("pushes queries", "query_is_never_pushed", "INVITE"),
    ("does not push", "sleeper_is_woken", "no sign of a push"),
    ("does not wait", "sleeper_is_woken", "before she woke"),
    ("does not wait", "waits_for_the_register", "final response"),
    ("releases on the 401 leg", "not_before_the_2xx", "401"),
    ("releases each time", "first_of_three_registers", "INVITEs for one call"),
    ("releases by PRID", "others_get_nothing", "another user got the call"),
    ("does not unescape", "prid_is_unescaped_once", "no sign of a push"),
    ("says 408", "nobody_comes", "408"),
    ("delivers late", "too_late", "over"),
    ("waits for the dead", "push_fails", "waited"),
    ("rings on", "caller_gives_up", "taken back"),
    ("shows the PRID to the caller", "caller_knows_nothing", "the caller was told"),
    ("shows the PRID to the caller", "caller_of_a_silent_phone_knows_nothing", "told"),
    ("is early with 100", "message_without_answer", "100"),
    ("says 408", "message_without_answer", "408"),
    ("never says 100", "message_without_answer", "no 100"),
    ("counts its PURRs", "purr_is_secret", "guessed"),
    ("has PURRs that look alike", "purrs_do_not_tell_who", "same"),
    ("lets bindings end", "refresh_is_pushed", "no sign of a push"),
    ("keeps what has ended", "expired_is_not_pushed", "had ended"),
    ("delivers one call", "two_callers", "second INVITE"),
    ("does not Record-Route", "callee_is_record_routed", "Record-Route"),
    ("does not Record-Route", "caller_is_record_routed", "Record-Route"),
    ("wakes nobody in dialogs", "bye_wakes", "no sign of a push"),
    ("wakes nobody in dialogs", "reinvite_wakes", "no sign of a push"),
    ("rings on", "reinvite_is_cancelled", "taken back"),
    ("wakes nobody in dialogs", "update_wakes", "no sign of a push"),
    ("wakes nobody in dialogs", "info_wakes", "no sign of a push"),
    ("wakes nobody in dialogs", "caller_is_woken", "no sign of a push"),
    ("wakes nobody in dialogs", "notify_wakes", "no sign of a push"),
    ("wakes nobody in dialogs", "replacement_wakes", "480"),
    ("says 481", "nobody_comes_to_the_dialog", "481"),
    ("pushes by any PURR", "foreign_purr", "phone is awake"),
    ("knows a PURR for ever", "removed_purr", "unregistered was pushed"),
]
SCENARIOS = {one.name: one for one in CATALOGUE}
SEEN = sorted({name for _, name, _ in WRONG})
Verdicts = dict[tuple[str, str], Result]


def _unheard(one: Scenario, result: Result) -> None:
    """The results are looked at, not the report."""


async def _played(reactor: Any, fault: str, name: str) -> Result:
    """What comes of scenario *name* on a server with *fault*."""
    receiver = Receiver(reactor)
    of_passwords = name in ("not_before_the_2xx", "refusals_promise_nothing")
    wait = 5 if name == "message_without_answer" else 1
    least = 2 if name in ("refresh_is_pushed", "expired_is_not_pushed") else 60
    stub = Stub(reactor, fault, receiver, of_passwords, wait, least)
    subject = Subject(
        stub.address,
        "udp",
        "example.com",
        Address("127.0.0.1", 9070),
        password="secret",
        wait=wait,
        patience=3,
        longest=2,
    )
    users = Users(("alice", "bob", "carol"))
    results = await Run(subject, users, reactor, receiver, _unheard).play([SCENARIOS[name]])
    stub.close()
    return results[name]


@pytest.fixture(scope="module")
def verdicts() -> Verdicts:
    """Each fault and scenario, and each scenario without any fault, all at a time."""
    from twisted.internet import reactor  # noqa: PLC0415 - pytest-twisted chooses which

    asked = [(fault, name) for fault, name, _ in WRONG] + [("", name) for name in SEEN]
    playing: list[Awaitable[Result]] = [_played(reactor, *each) for each in asked]
    all_played: Deferred[Any] = gatherResults([ensureDeferred(each) for each in playing])  # type: ignore[arg-type] # coroutines
    return dict(zip(asked, pytest_twisted.blockon(all_played), strict=True))


@pytest.mark.parametrize(("fault", "name", "word"), WRONG)
def test_wrong_server_fails(verdicts: Verdicts, fault: str, name: str, word: str) -> None:
    """N-30: a server that is wrong in one thing fails by it, with a story that names it."""
    result = verdicts[fault, name]
    assert (result.verdict, word in result.reason) == (Verdict.FAILED, True), result.reason


@pytest.mark.parametrize("name", SEEN)
def test_right_server_passes(verdicts: Verdicts, name: str) -> None:
    """N-30: the same server without a fault passes: it was the fault that was seen."""
    result = verdicts["", name]
    assert (result.verdict, result.reason) == (Verdict.OK, "")


def test_transcript_tells_what_was_said(verdicts: Verdicts) -> None:
    """N-30: every message and push of the scenario, with its time; and no PRID."""
    transcript = verdicts["says 408", "nobody_comes"].transcript
    assert [line[9:] for line in transcript] == [
        "alice -> REGISTER",
        "alice <- 200 OK (REGISTER)",
        "alice falls asleep",
        "bob   -> INVITE",
        "push  call",
        "bob   <- 100 Trying (INVITE)",
        "bob   <- 408 Request Timeout (INVITE)",
        "bob   -> ACK",
    ]
