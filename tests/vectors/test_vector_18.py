"""
Vector 18: what iOS apps said before there was an RFC.
"""

from __future__ import annotations

import pytest

from sippn.binding import PushKind, service_for
from sippn.testing.house import House
from sippn.testing.push_server import Device
from sippn.testing.push_server.files import APP
from sippn.testing.results import succeeded
from tests.flows.push_services import AA, Services
from tests.vectors.scene import ALICE, asleep, phone_that_says, promised, registered

LEGACY = ";app-id=org.x.voip.dev;pn-type=apple;pn-tok=AA"


def test_legacy_is_apns_sandbox(house: House) -> None:
    """Vector 18, D-03: app-id, pn-type=apple and pn-tok of ``.dev`` push in APNs' sandbox."""
    asleep(house, phone_that_says(house, LEGACY))
    house.phone("bob").call(ALICE)
    house.run()
    (job,) = house.pns.jobs
    assert (job.target.provider, job.target.sandbox) == ("apns", True)
    assert job.target.app == "org.x"
    assert service_for(job.target, PushKind.CALL) == ("voip", "AA")


def test_production_is_not_the_sandbox(house: House) -> None:
    """Vector 18, D-03: an app-id that ends in ``.prod``, or in neither, is of no sandbox."""
    for number, suffix in enumerate((".prod", "")):
        words = LEGACY.replace(".dev", suffix).replace("AA", f"AA{number}")
        asleep(house, phone_that_says(house, words, user=f"u{number}"))
        house.phone("bob").call(f"sip:u{number}@example.com")
        house.run()
    found = [(job.target.provider, job.target.sandbox, job.target.app) for job in house.pns.jobs]
    assert found == [("apns", False, "org.x")] * 2


def test_it_is_promised_in_its_own_words(house: House) -> None:
    """Vector 18, D-03, U-03: Feature-Caps name the PNS by the name that the app used."""
    answer = registered(house, phone_that_says(house, LEGACY))
    assert promised(answer) == ['*;+sip.pns="apple"']


@pytest.mark.parametrize("order", ["before", "behind"])
def test_words_of_the_rfc_win(house: House, order: str) -> None:
    """Vector 18, D-03: where an app says both, what the RFC defines counts."""
    rfc = ";pn-provider=apns;pn-param=ABCD1234.org.y.remote;pn-prid=BB"
    words = rfc + LEGACY if order == "before" else LEGACY + rfc
    asleep(house, phone_that_says(house, words))
    house.phone("bob").message(ALICE, "hello")
    house.run()
    (job,) = house.pns.jobs
    assert service_for(job.target, job.kind) == ("remote", "BB")
    assert (job.target.app, job.target.sandbox) == ("org.y", False)


@pytest.mark.parametrize("suffix", [".dev", ".prod", ""])
def test_apns_is_asked_in_the_right_environment(services: Services, suffix: str) -> None:
    """Vector 18, D-03: a token of ``.dev`` is pushed in Apple's sandbox, any other one is not."""
    services.server.apns.devices[AA] = Device(APP, sandbox=suffix == ".dev")
    alice = services.asleep(f";app-id={APP}.voip{suffix};pn-type=apple;pn-tok={AA}")
    call = services.call()
    asked, other = services.server.sandbox, services.server.apns
    if suffix != ".dev":
        asked, other = other, asked
    push = services.take(asked)
    assert (push.token, push.topic, push.push_type) == (AA, f"{APP}.voip", "voip")
    assert other.pushes == []
    services.house.get(alice.wake())
    services.house.run()
    assert succeeded(call.answered).status == 200
