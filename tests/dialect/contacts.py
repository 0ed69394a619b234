"""Contacts, read as the registrar reads them."""

from __future__ import annotations

from sippn.binding import PushRequest, PushTarget
from sippn.dialect import read_push
from sippn.sip import NameAddr


def read(in_uri: str, in_header: str = "") -> PushRequest | None:
    """What a Contact with these parameters, each behind a semicolon, says about push."""
    contact = NameAddr.parse(f"<sip:alice@192.0.2.7{in_uri}>{in_header}")
    return read_push(contact.uri, contact.params)


def target(in_uri: str, in_header: str = "") -> PushTarget:
    """Whom such a Contact wants pushed, if it can be understood."""
    request = read(in_uri, in_header)
    assert request is not None
    assert request.problem == ""
    assert request.target is not None
    return request.target


def problem(in_uri: str, in_header: str = "") -> str:
    """Why such a Contact cannot be understood."""
    request = read(in_uri, in_header)
    assert request is not None
    assert request.target is None
    return request.problem
