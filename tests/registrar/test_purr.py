"""By what a request in a dialog finds a phone again: PURRs, as a registrar gives them."""

from __future__ import annotations

import pytest

from sippn.registrar import PushRegistration, RegistrarSettings
from sippn.seal import Reference, read_purr
from sippn.sip import (
    FeatureCaps,
    read_feature_caps,
)
from sippn.testing.results import succeeded
from tests.registrar.desk import (
    PHONE,
    PUSHED,
    TABLET,
    Desk,
    caps,
    purrs,
)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_each_200_has_a_new_purr(desk: Desk) -> None:
    """P-063: every 200 to a push request has a PURR, which is another one each time."""
    assert desk.keyring is not None
    first, second = (purrs(desk.register(f"Contact: {PUSHED}")) for _ in range(2))
    (binding,) = desk.bindings
    assert first["fcm"] != second["fcm"]
    for purr in (first["fcm"], second["fcm"]):
        found = read_purr(purr, desk.keyring)
        assert found == Reference("sip:alice@example.com", binding.id)


def test_purr_stands_beside_its_pns(desk: Desk) -> None:
    """F-01: the PURR is in the field of its PNS, after it."""
    response = desk.register(f"Contact: {PUSHED};+sip.pnsreg")
    (field_of_fcm,) = response.headers.get_all("Feature-Caps")
    purr = purrs(response)["fcm"]
    assert field_of_fcm == f'*;+sip.pns="fcm";+sip.pnsreg="130";+sip.pnspurr="{purr}"'


def test_of_two_contacts_each_pns_has_its_purr(desk: Desk) -> None:
    """F-03: the PURR of a PNS means the one Contact that it has in the request."""
    assert desk.keyring is not None
    web = "<sip:alice@192.0.2.9;pn-provider=webpush;pn-prid=https:%2F%2Fp.example%2Fx>"
    given = purrs(desk.register(f"Contact: {PUSHED}", f"Contact: {web}"))
    by_pns = {b.push_target.provider: b.id for b in desk.bindings if b.push_target}
    for pns in ("fcm", "webpush"):
        reference = read_purr(given[pns], desk.keyring)
        assert reference is not None
        assert reference.binding_id == by_pns[pns]
    response = desk.register(f"Contact: {PUSHED}", f"Contact: {TABLET}", f"Contact: {web}")
    assert set(purrs(response)) == {"webpush"}
    assert caps(response) == ['*;+sip.pns="fcm"', '*;+sip.pns="webpush";+sip.vapid="key"']


@pytest.mark.parametrize(
    "line",
    [
        "Contact: <sip:a@192.0.2.7;pn-provider=fcm>",
        "Contact: <sip:a@192.0.2.7;pn-provider>",
        f"Contact: {PUSHED};expires=0",
        f"Contact: {PHONE}",
        'Feature-Caps: *;+sip.pns="fcm"\r\nContact: ' + PUSHED,
    ],
)
def test_nobody_else_gets_a_purr(desk: Desk, line: str) -> None:
    """P-060: a query, a removal, a plain binding, one that others push: none has a PURR."""
    assert purrs(desk.register(line)) == {}


def test_operator_may_give_no_purr() -> None:
    """push.purr; and a registrar that has no keys."""
    silent = Desk(RegistrarSettings(push=PushRegistration(purr=False)))
    for desk in (silent, Desk(keyring=None)):
        response = desk.register(f"Contact: {PUSHED}")
        assert response.headers.get_all("Feature-Caps") == ['*;+sip.pns="fcm"']


def test_user_with_a_very_long_name_does_without_a_purr(desk: Desk) -> None:
    """G-04: what would be too long for Feature-Caps is left out, and the 200 is sent."""
    name = "a" * 600
    asked = desk.ask(f"Contact: {PUSHED}", principal=None, to=f"{name}@example.com")
    assert read_feature_caps(succeeded(asked).headers) == [FeatureCaps("fcm")]
