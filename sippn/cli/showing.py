"""A push and its answer as text, 80 columns wide where that can be."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable
from urllib.parse import parse_qsl

from sippn.binding import PushOutcome, Verdict
from sippn.cli.redaction import Redactor
from sippn.http import Answer, Overheard

_WIDTH = 78
_MOST = 2000  # characters of a body
_OF_INTEREST = frozenset(
    {b"apns-id", b"apns-unique-id", b"content-type", b"date", b"retry-after", b"www-authenticate"}
)

_NEXT = {
    Verdict.ACCEPTED: (
        "That it was taken is all that a push service says. If the phone is on and the app in"
        " order, it registers within seconds, and the server delivers what waits. If it does not:"
        ' docs/push.rst, "Accepted, and the phone does not ring".'
    ),
    Verdict.DEAD: (
        "The server marks such a token as dead when it pushes it, and answers callers with 480 at"
        " once, until the phone registers again: start the app. Nothing was changed now."
    ),
    Verdict.BUSY: (
        "Nothing is wrong with token or configuration. The server asks again by itself for as long"
        " as the call waits."
    ),
    Verdict.REFUSED: (
        "The token may be in order: it is the configuration, or the app's account, that was"
        " refused. The server keeps the binding, and its log says this once."
    ),
    Verdict.FAILED: (
        "Whether the push went out nobody knows. The server asks again for as long as the call"
        " waits."
    ),
}

_UNSENT = (
    "It did not go out. See that the name and the port are right and that a firewall lets this"
    " machine go there; where the certificate is what is wrong, that ca_file is the CA of whoever"
    " answers, and else left out. The server asks again for as long as the call waits."
)


def exchange(heard: Overheard, redactor: Redactor) -> str:
    """One request and its answer."""
    ask, answer = heard.ask, heard.answer
    origin = redactor.text(heard.origin)
    asked = [
        f"{ask.method.decode('latin-1')} {origin}{redactor.path(ask.path)}",
        *redactor.fields(ask.fields),
        *_body(ask.body, _kind(ask.fields), redactor),
    ]
    took = f"after {heard.seconds:.3f} s"
    if not isinstance(answer, Answer):
        return "\n".join([*_marked(">", asked), f"< nothing, {took}: {redactor.text(str(answer))}"])
    fields = [each for each in answer.fields if each[0] in _OF_INTEREST]
    answered = [
        f"{answer.status} {took}",
        *redactor.fields(fields),
        *_body(answer.body, _kind(answer.fields), redactor),
    ]
    return "\n".join([*_marked(">", asked), *_marked("<", answered)])


def verdict(outcome: PushOutcome, redactor: Redactor) -> str:
    """What it comes to, and what to do next."""
    found = outcome.verdict
    said = [found.name, *filter(None, (outcome.detail, outcome.pns_id))]
    meaning = outcome.advice or found.value
    paragraphs = [f"{meaning[0].upper()}{meaning[1:]}."]
    if outcome.retry_after:
        paragraphs.append(f"The push service asks to wait for {outcome.retry_after:.0f} s.")
    unsent = found is Verdict.FAILED and outcome.unsent
    paragraphs.append(_UNSENT if unsent else _NEXT[found])
    text = [redactor.text("  ".join(said)), *map(wrapped, map(redactor.text, paragraphs))]
    return "\n".join(text)


def wrapped(text: str, first: str = "  ") -> str:
    """A paragraph, set in by two, its first line by *first*."""
    return textwrap.fill(
        text,
        _WIDTH,
        initial_indent=first,
        subsequent_indent="  ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _marked(mark: str, lines: Iterable[str]) -> list[str]:
    return [f"{mark} {line}".rstrip() for line in lines]


def _kind(fields: Iterable[tuple[bytes, bytes]]) -> str:
    known = dict(fields)
    coding = known.get(b"content-encoding", b"")
    return (coding or known.get(b"content-type", b"")).decode("latin-1").partition(";")[0].lower()


def _body(octets: bytes, kind: str, redactor: Redactor) -> list[str]:
    """Its lines, an empty one in front."""
    if not octets:
        return []
    try:
        text = octets.decode()
    except UnicodeDecodeError:
        return ["", f"({len(octets)} octets of {redactor.text(kind) or 'something'})"]
    if kind == "application/x-www-form-urlencoded":
        shown = _form(text, redactor)
    else:
        shown = _json(text, redactor)
    more = "…" if len(shown) > _MOST else ""
    return ["", *(shown[:_MOST] + more).splitlines()]


def _form(text: str, redactor: Redactor) -> str:
    pairs = parse_qsl(text, keep_blank_values=True)
    return "\n".join(f"{redactor.text(name)}={redactor.value(v, name)}" for name, v in pairs)


def _json(text: str, redactor: Redactor) -> str:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return redactor.text(text)
    return json.dumps(redactor.value(value), indent=2, ensure_ascii=False)
