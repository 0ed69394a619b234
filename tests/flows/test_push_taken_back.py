"""
Flow A for apps that are not pushed any more, or that were never: by their own wish or not.
"""

from __future__ import annotations

import pytest
from attrs import evolve

from sippn.registrar import PushRegistration, RegistrarSettings
from sippn.service import ServerSettings
from sippn.testing.house import House
from tests.flows.apps import ALICE, INSTANCE, PUSH, App, called, caps


@pytest.fixture
def app(house: House) -> App:
    """One of alice's."""
    return App(house)


REMOVALS = [
    ("", "", 0),
    (";pn-provider=acme;pn-param=app", "", 0),
    (";pn-provider=acme", "", 0),
    (PUSH, "", 0),
    ("", INSTANCE, 0),
    ("", ";expires=0", 3600),
    (PUSH, ";expires=0", 3600),
    ("", ";pn-provider=acme;pn-prid=token-a", 0),
]


@pytest.mark.parametrize(("params", "behind", "expires"), REMOVALS)
def test_removed_app_is_not_pushed(
    house: House, app: App, params: str, behind: str, expires: int
) -> None:
    """P-028, P-029, Vector 06: however a UA removes its binding, no call pushes it any more."""
    app.register(PUSH, INSTANCE)
    response = app.register(params, behind, expires)
    assert (response.status, response.headers.get_all("Feature-Caps")) == (200, [])
    assert response.contacts == ()
    pushes, status = called(house)
    assert (pushes, status in (404, 480)) == (0, True)
    house.run(3600)
    assert house.pns.jobs == []


def test_star_removes_push_as_well(house: House, app: App) -> None:
    """P-029: Contact: * ends all pushes of the user."""
    app.register(PUSH)
    response = app.send("*", fields=[("Expires", "0")])
    assert (response.status, response.headers.get_all("Feature-Caps")) == (200, [])
    assert called(house)[0] == 0
    house.run(3600)
    assert house.pns.jobs == []


@pytest.mark.parametrize("params", ["", ";pn-provider=acme;pn-param=app", ";pn-provider=acme"])
def test_app_that_takes_its_prid_back_is_called_without_a_push(
    house: House, app: App, params: str
) -> None:
    """U-05, P-029: a REGISTER without pn-prid drops the PRID and ends all pushes."""
    app.register(PUSH, INSTANCE)
    assert app.register(params, INSTANCE, expires=7200).status == 200
    assert called(house)[0] == 0
    assert "INVITE" in app.requests
    house.run(7100)
    assert house.pns.jobs == []


def test_new_prid_replaces_the_old_one(house: House, app: App) -> None:
    """U-04, U-06: a REGISTER with a rotated PRID is promised as before, and that is pushed."""
    app.register(PUSH, INSTANCE)
    response = app.register(PUSH.replace("token-a", "token-b"), INSTANCE)
    assert caps(response) == ['*;+sip.pns="acme"']
    called(house)
    assert {job.target.prid for job in house.pns.jobs} == {"token-b"}


def test_stripped_push_parameters_are_reported(house: House, app: App, logged: list[str]) -> None:
    """P-009, N-24: where something on the way removes the push parameters, the log says so once."""
    app.register(PUSH, INSTANCE)
    assert logged == []
    for _ in range(3):
        app.register(PUSH, INSTANCE)
        response = app.register("", INSTANCE)
    assert "push parameters" in (response.headers.get("Warning") or "")
    assert len(logged) == 1
    assert logged[0].startswith(f"{ALICE} is not pushed: ")
    assert called(house)[0] == 0


def test_unserved_app_that_asks_on_and_on_is_one_line(app: App, logged: list[str]) -> None:
    """N-08: linphone sends a REGISTER that was refused again and again; the log has one line."""
    for number in range(5):
        assert app.register(f";pn-provider=none{number};pn-prid=S3CRET").status == 555
    assert logged == [f"{ALICE} is not pushed: none0 is not served here"]


def test_sleeper_past_its_expiry_is_not_listed(settings: ServerSettings) -> None:
    """S-32: what sleeps on after its expiry is woken for a call, and in no list of bindings."""
    push = PushRegistration(sleep_after_expiry=86400)
    house = House.built(evolve(settings, registrar=RegistrarSettings(push=push)))
    app = App(house)
    app.register(PUSH, INSTANCE, expires=300)
    house.run(600)
    assert app.send().contacts == ()
    assert called(house)[0] == 1
    assert app.register("", INSTANCE, expires=0).status == 200
    assert called(house)[0] == 0
    house.server.stopService()
