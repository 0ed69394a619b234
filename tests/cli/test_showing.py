"""A push and its answer as text."""

from __future__ import annotations

import pytest

from sippn.binding import PushOutcome, Verdict
from sippn.cli.redaction import Redactor
from sippn.cli.showing import exchange, verdict
from sippn.http import Answer, Ask, NoConnection, Overheard

ASK = Ask(
    b"POST",
    b"/3/device/abc",
    ((b"apns-topic", b"com.example.phone.voip"), (b"content-type", b"application/json")),
    b'{"aps":{},"sippn":{"kind":"call"}}',
)

SHOWN = """\
> POST https://api.push.example/3/device/abc
> apns-topic: com.example.phone.voip
> content-type: application/json
>
> {
>   "aps": {},
>   "sippn": {
>     "kind": "call"
>   }
> }
< 400 after 0.042 s
< apns-id: 8D3C
<
< {
<   "reason": "BadTopic"
< }"""


def test_request_and_answer_are_shown() -> None:
    """N-10: origin, method, path, fields and payload, and the answer with what is of interest."""
    fields = ((b"apns-id", b"8D3C"), (b"server", b"nobody cares"))
    answer = Answer(400, fields, b'{"reason":"BadTopic"}')
    heard = Overheard("https://api.push.example", ASK, answer, 0.0421)
    assert exchange(heard, Redactor()) == SHOWN


def test_lack_of_an_answer_says_why() -> None:
    """N-10: an error has no answer, and its text is shown."""
    heard = Overheard("https://api.push.example", ASK, NoConnection("host not found"), 1.5)
    assert exchange(heard, Redactor()).endswith("\n< nothing, after 1.500 s: host not found")


@pytest.mark.parametrize(
    ("kind", "body", "shown"),
    [
        (b"application/json", b"{broken", "< {broken"),
        (b"text/html", b"<h1>no\x1b</h1>", "< <h1>no\\x1b</h1>"),
        (b"image/png", b"\x89PNG\xff", "< (5 octets of image/png)"),
        (b"text/plain", b"x" * 3000, f"< {'x' * 2000}…"),
        (b"", b"[" * 3000, f"< {'[' * 2000}…"),
    ],
)
def test_any_body_is_shown(kind: bytes, body: bytes, shown: str) -> None:
    """N-10: whatever comes back, it is text, it is not long, and nothing breaks."""
    answer = Answer(500, ((b"content-type", kind),), body)
    assert exchange(Overheard("https://h", ASK, answer, 0), Redactor()).endswith(f"<\n{shown}")


def test_request_for_an_access_token_keeps_its_secret() -> None:
    """N-10: the assertion is a credential of the service account."""
    body = b"grant_type=jwt-bearer&assertion=eyJhbGciOiJSUzI1NiJ9.e30.c2ln"
    ask = Ask(b"POST", b"/token", ((b"content-type", b"application/x-www-form-urlencoded"),), body)
    text = exchange(Overheard("https://h", ask, Answer(200), 0), Redactor())
    assert "> grant_type=jwt-bearer\n> assertion=eyJhbG…\n" in text


@pytest.mark.parametrize("one", Verdict)
def test_each_verdict_says_what_to_do_next(one: Verdict) -> None:
    """N-10: the meaning is the provider's own, what the server does about it is sippn's."""
    outcome = PushOutcome(one, "id-1", "410 Unregistered", 60.0, advice="the app is gone: mend it")
    text = verdict(outcome, Redactor())
    assert text.startswith(f"{one.name}  410 Unregistered  id-1\n  The app is gone: mend it.\n")
    assert "asks to wait for 60 s" in text
    assert all(len(line) < 80 for line in text.splitlines())
    assert len(text.splitlines()) > 3


def test_verdict_without_advice_says_what_it_is() -> None:
    """N-10: a plugin may give none."""
    assert "\n  No answer, or an answer" in verdict(PushOutcome(Verdict.FAILED), Redactor())


def test_push_that_certainly_did_not_go_out_says_so() -> None:
    """N-10: where there was no way to the service, it is known, and so is what to look at."""
    lost = verdict(PushOutcome(Verdict.FAILED, detail="connection lost"), Redactor())
    unsent = verdict(PushOutcome(Verdict.FAILED, detail="no connection", unsent=True), Redactor())
    assert "nobody knows" in lost
    assert "It did not go out. See that the name and the port are right" in unsent
    assert "nobody knows" not in unsent
