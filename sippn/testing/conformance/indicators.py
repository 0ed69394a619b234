"""Feature-Caps as a response has it, octet by octet: RFC 8599 section 8 and RFC 6809."""

from __future__ import annotations

import re

from sippn.sip import Response
from sippn.testing.conformance.verdicts import Failed, check, words

_WORD = r"[A-Za-z0-9.!%*_+`'~-]+"
_FIELD = re.compile(rf"\*([ \t]*;[ \t]*\+{_WORD}([ \t]*=[ \t]*(\"[^\"]*\"|{_WORD}))?)*")
_CAP = re.compile(rf"\+(sip\.{_WORD})[ \t]*=[ \t]*\"([^\"]*)\"", re.IGNORECASE)
_PUSH = ("sip.pns", "sip.vapid", "sip.pnsreg", "sip.pnspurr")


def indicated(answer: Response) -> list[dict[str, str]]:
    """
    What *answer* says about push: name to value, a dictionary for each field.

    :raises Failed: it says so in another way than the RFCs do.
    """
    fields = []
    for field in answer.headers.get_all("Feature-Caps"):
        if not any(name in field.lower() for name in _PUSH):
            continue
        if not _FIELD.fullmatch(field.strip()):
            raise Failed(
                f"Feature-Caps: {field}: one value, *;+sip.pns=..., is a field (F-01, F-02)"
            )
        caps = [(name.lower(), value) for name, value in _CAP.findall(field)]
        names = [name for name, _ in caps]
        check(names.count("sip.pns") == 1, f"Feature-Caps: {field}: one sip.pns is in a field")
        fields.append({name: value for name, value in caps if name in _PUSH})
    return fields


def of(answer: Response, provider: str) -> dict[str, str] | None:
    """
    What *answer* says about *provider*; None: nothing.

    :raises Failed: it says so twice.
    """
    found = [caps for caps in indicated(answer) if caps["sip.pns"].lower() == provider]
    check(len(found) < 2, f"{len(found)} Feature-Caps fields are about {provider} (F-01)")
    return found[0] if found else None


def promises_nothing(answer: Response, why: str) -> None:
    """
    See that *answer* indicates no push at all.

    :raises Failed: it does; *why* it should not is part of the story.
    """
    said = ", ".join(caps["sip.pns"] for caps in indicated(answer))
    check(not said, f"the {words(answer)} has sip.pns for {said}, and {why}")
