"""
What single sections say beyond where a message goes and how it is answered.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from attrs import frozen

from tests.hostile.callee import Callee
from tests.hostile.octets import Octets

_CALLER: Final = b"<sip:caller@[2001:db8::1]>"


@frozen
class Outcome:
    """
    What became of one message.

    :ivar answers: final ones, of which there is one at most.
    :ivar passed_on: what the callee got; none or one.
    :ivar callee: can look who is registered.
    """

    answers: list[Octets]
    passed_on: list[Octets]
    callee: Callee


def _has_odd_fields(outcome: Outcome) -> None:
    fields = outcome.passed_on[0].fields
    assert (b"s", b"") in fields
    assert (b"NewFangledHeader", b"newfangled value continued newfangled value") in fields
    assert (b"UnknownHeaderWithUnusualValue", b";;,,;;,;") in fields


def _has_all_characters(outcome: Outcome) -> None:
    for message in (*outcome.passed_on, *outcome.answers):
        assert message.all(b"to")[0].startswith(b'"BEL:\\\x07 NUL:\\\x00 DEL:\\\x7f" <sip:1_un')
    value = b"\xef\xbb\xbf\xe5\xa4\xa7\xe5\x81\x9c\xe9\x9b\xbb"
    assert (b"extensionHeader-!.%*+_`'~", value) in outcome.passed_on[0].fields


def _registered(aor: str, *contacts: bytes) -> Callable[[Outcome], None]:
    """*aor* is *contacts* and nobody else, by the answer and by a fetch."""

    def check(outcome: Outcome) -> None:
        for shown in (outcome.answers[0].all(b"contact"), outcome.callee.contacts(aor)):
            assert sorted(value.partition(b">")[0] + b">" for value in shown) == sorted(contacts)

    return check


def _user_is_not_cut(outcome: Outcome) -> None:
    contacts = (b"<sip:%00@host5.example.com>", b"<sip:%00%00@host5.example.com>")
    _registered("sip:null-%00-null@example.com", *contacts)(outcome)
    for cut in ("null-", "null--null", "null-%2500-null"):
        assert outcome.callee.contacts(f"sip:{cut}@example.com") == []


def _lacks_url_parameter(outcome: Outcome) -> None:
    contact = b"<sip:+19725552222@gw1.example.net>"
    _registered("sip:watson@example.com", contact)(outcome)


def _names_extensions(outcome: Outcome) -> None:
    wanted = b"noProxiesSupportThis, norDoAnyProxiesSupportThis"
    assert outcome.answers[0].all(b"unsupported") == [wanted]


def _claims_nothing(outcome: Outcome) -> None:
    """A ``received`` that its sender wrote is no place to answer to."""
    assert b"2001:db8::9:255" not in outcome.answers[0].all(b"via")[0]


DETAILS: Final[dict[str, Callable[[Outcome], None]]] = {
    "wsinv": _has_odd_fields,
    "intmeth": _has_all_characters,
    "escnull": _user_is_not_cut,
    "dblreq": _registered("sip:j.user@example.com", b"<sip:j.user@host.example.com>"),
    "bext01": _names_extensions,
    "cparam01": _lacks_url_parameter,
    "cparam02": _registered(
        "sip:watson@example.com", b"<sip:+19725552222@gw1.example.net;unknownparam>"
    ),
    "regescrt": _registered(
        "sip:user@example.com", b"<sip:user@example.com?Route=%3Csip:sip.example.com%3E>"
    ),
    "regaut01": _registered("sip:j.user@example.com"),
    "ipv6-good": _registered("sip:user@example.com", _CALLER),
    "port-unambiguous": _registered("sip:user@example.com", _CALLER),
    "via-received-param-with-delim": _claims_nothing,
    "via-received-param-no-delim": _claims_nothing,
}
