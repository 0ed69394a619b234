"""
Apps that unregister when they are killed, and are to ring all the same (REQUIREMENTS D-12).
"""

from __future__ import annotations

import pytest
from attrs import evolve

from sippn.registrar import RegistrarSettings
from sippn.service import ServerSettings
from sippn.sip import Response
from sippn.testing.house import House
from tests.flows.apps import INSTANCE, PUSH, App, called

HASTY = ("User-Agent", "LinphoneAndroid/4.0 (Pixel)")
OTHER = ("User-Agent", "LinphoneAndroid/6.0 (Pixel)")


@pytest.fixture
def settings(settings: ServerSettings) -> ServerSettings:
    """One old release is known for it."""
    registrar = RegistrarSettings(ignore_dereg_from=("Hasty", r"^LinphoneAndroid/4\."))
    return evolve(settings, registrar=registrar)


def removed(app: App, star: bool, agent: tuple[str, str]) -> Response:
    """The answer to *app*, which takes its binding back, or all of them."""
    if star:
        return app.send("*", fields=[("Expires", "0"), agent])
    return app.send(app.contact(PUSH, INSTANCE), fields=[("Expires", "0"), agent])


@pytest.mark.parametrize("star", [False, True])
def test_killed_app_is_pushed_still(house: House, star: bool) -> None:
    """D-12: what an app that is known to unregister when it is killed takes back stays."""
    app = App(house)
    app.register(PUSH, INSTANCE)
    answer = removed(app, star, HASTY)
    assert answer.status == 200
    assert "Warning" not in answer.headers
    assert called(house)[0] == 1


@pytest.mark.parametrize("star", [False, True])
def test_others_are_removed(house: House, star: bool) -> None:
    """D-12, P-029: all other apps are believed when they unregister."""
    app = App(house)
    app.register(PUSH, INSTANCE)
    assert removed(app, star, OTHER).contacts == ()
    assert called(house)[0] == 0


def test_what_cannot_be_pushed_is_removed(house: House) -> None:
    """D-12: a binding that nothing wakes is of no use to anybody once its app is gone."""
    app = App(house)
    app.register("", INSTANCE)
    answer = app.send(app.contact("", INSTANCE), fields=[("Expires", "0"), HASTY])
    assert answer.contacts == ()
