"""
Vector 17: linphone on iOS, which has a token for calls and another for all else.
"""

from __future__ import annotations

import pytest

from sippn.binding import PushJob, PushKind, service_for
from sippn.testing.house import House
from sippn.testing.push_server.files import APP
from tests.flows.push_services import AA, BB, IPHONE, Services
from tests.vectors.scene import ALICE, asleep, pass_by, phone_that_says, promised, registered

LINPHONE = ";pn-provider=apns;pn-param=ABCD1234.com.x.voip&remote;pn-prid=AA:voip&BB:remote"


def topic(job: PushJob) -> tuple[str, str]:
    """The token that *job* goes to, and APNs' name for what it is."""
    chosen = service_for(job.target, job.kind)
    assert chosen is not None
    service, token = chosen
    return token, job.target.app + (".voip" if service == "voip" else "")


@pytest.fixture
def sleeper(house: House) -> None:
    """Alice's iPhone."""
    asleep(house, phone_that_says(house, LINPHONE))


@pytest.mark.usefixtures("sleeper")
def test_call_uses_the_voip_token(house: House) -> None:
    """Vector 17, D-02: a call is pushed to the voip token, as ``com.x.voip``."""
    house.phone("bob").call(ALICE)
    house.run()
    (job,) = house.pns.jobs
    assert (job.kind, topic(job)) == (PushKind.CALL, ("AA", "com.x.voip"))
    assert job.target.provider == "apns"


@pytest.mark.usefixtures("sleeper")
def test_refresh_uses_the_other(house: House) -> None:
    """Vector 17, D-02: a refresh push goes to the remote token, as ``com.x``."""
    pass_by(house, 3241)
    pushes = {(job.kind, topic(job)) for job in house.pns.jobs}
    assert pushes == {(PushKind.REFRESH, ("BB", "com.x"))}


@pytest.mark.usefixtures("sleeper")
def test_message_uses_the_other(house: House) -> None:
    """Vector 17, D-02: a MESSAGE is pushed to the remote token, for the other one has to ring."""
    house.phone("bob").message(ALICE, "hello")
    house.run()
    (job,) = house.pns.jobs
    assert (job.kind, topic(job)) == (PushKind.MESSAGE, ("BB", "com.x"))


@pytest.mark.usefixtures("sleeper")
def test_cancel_never_uses_the_voip_token(house: House) -> None:
    """Vector 17, D-02: a call that is taken back is pushed to the remote token, or to none."""
    call = house.phone("bob").call(ALICE)
    house.run()
    house.push_accepted()
    call.cancel()
    house.run()
    cancels = [job for job in house.pns.jobs if job.kind is PushKind.CANCEL]
    assert [topic(job) for job in cancels] in ([], [("BB", "com.x")])


@pytest.mark.parametrize(
    "params",
    [
        "pn-param=ABCD1234.com.x.voip&remote;pn-prid=BB:remote&AA:voip",
        "pn-param=ABCD1234.com.x.remote&voip;pn-prid=AA:voip&BB:remote",
        "pn-param=ABCD1234.com.x.voip&remote;pn-prid=AA:voip&BB:remote&",
        "pn-param=ABCD1234.com.x.voip;pn-prid=AA:voip&BB:remote",
        "pn-param=ABCD1234.com.x.voip&remote;pn-prid=AA%3Avoip%26BB%3Aremote",
        "pn-prid=AA:voip&BB:remote;pn-param=ABCD1234.com.x.voip&remote;pn-silent=1;pn-timeout=0",
    ],
)
def test_order_and_small_mistakes_do_not_matter(house: House, params: str) -> None:
    """Vector 17, D-02: in any order, and with small mistakes, two tokens are the same phone."""
    alice = phone_that_says(house, f";pn-provider=apns;{params}")
    assert promised(registered(house, alice)) == ['*;+sip.pns="apns";+sip.pnspurr="..."']
    alice.sleep()
    house.run()
    house.phone("bob").call(ALICE)
    house.run()
    assert {topic(job) for job in house.pns.jobs} == {("AA", "com.x.voip")}


def test_apns_gets_the_call_by_the_voip_token(services: Services) -> None:
    """Vector 17, D-02, R-04: APNs is asked for AA with the topic ``.voip``, at once or never."""
    services.asleep(IPHONE)
    services.call()
    push = services.take(services.apns)
    assert (push.token, push.topic, push.push_type) == (AA, f"{APP}.voip", "voip")
    assert push.priority == 10


def test_apns_gets_the_refresh_by_the_other(services: Services) -> None:
    """Vector 17, D-02, S-30: a refresh push is for BB with the plain topic, and of priority 5."""
    services.asleep(IPHONE)
    services.run(3245, 1)
    (push, *more) = services.apns.pushes
    assert (push.token, push.topic) == (BB, APP)
    assert push.push_type in {"background", "alert"}
    assert (push.push_type == "background") == (push.priority == 5)
    assert {(one.token, one.topic) for one in more} <= {(BB, APP)}


def test_apns_gets_a_message_by_the_other(services: Services) -> None:
    """Vector 17, D-02, R-04: a MESSAGE never goes to a token that has to ring."""
    services.asleep(IPHONE)
    services.house.phone("bob").message(ALICE, "hello")
    push = services.take(services.apns)
    assert (push.token, push.topic) == (BB, APP)
