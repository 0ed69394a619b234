"""
What becomes of responses on their way back (RFC 3261 16.7 to 16.9).
"""

from __future__ import annotations

from ipaddress import ip_network

import pytest
from attrs import evolve

from sippn.auth import AuthSettings
from sippn.service import ServerSettings
from sippn.sip import response_to
from sippn.testing.calls_received import Policy, ReceivedCall, by_hand, ignore
from sippn.testing.house import House
from sippn.testing.results import succeeded
from tests.flows.preferred import phone_with
from tests.flows.test_redirections import abroad, uri_of

ALICE = "sip:alice@example.com"


@pytest.fixture
def settings(settings: ServerSettings) -> ServerSettings:
    """All callers are known, and may call the whole world."""
    return evolve(settings, auth=AuthSettings(trusted=(ip_network("192.0.2.0/24"),)))


def overloaded(call: ReceivedCall) -> None:
    """503, and when to try again."""
    extra = [("Retry-After", "17")]
    call._final(response_to(call.invite, 503, extra=extra, to_tag=call.tag))


@pytest.mark.parametrize("number", [1, 2])
def test_503_goes_no_further(house: House, number: int) -> None:
    """RFC 3261 16.7, step 6: it is about the server that sent it: 500, with its Retry-After."""
    for each in range(number):
        phone_with(house, "", overloaded, f"{each}")
    call = house.phone("bob").call(ALICE)
    house.run()
    answer = succeeded(call.failed)
    assert (answer.status, answer.headers.get("Retry-After")) == (500, "17")


def test_100_goes_no_further(house: House) -> None:
    """RFC 3261 16.7, step 5: a proxy must not forward any; the caller has had ours."""
    phone_with(house, "", by_hand)
    call = house.phone("bob").call(ALICE)
    house.run()
    assert [response.status for response in call.provisionals] == [100]


@pytest.mark.parametrize("transport", ["tcp"])
@pytest.mark.parametrize(("policy", "status"), [(ignore, 500), (by_hand, None)])
def test_lost_connection_to_a_next_hop_is_a_503(
    house: House, transport: str, policy: Policy, status: int | None
) -> None:
    """RFC 3261 16.9, 16.7 step 6: as if it had sent one; who has noticed may answer yet."""
    foreign = abroad(house, policy)
    call = house.phone("bob").call(uri_of(foreign, transport))
    house.run()
    assert len(foreign.incoming) == 1
    foreign.sleep("killed")
    house.run()
    assert call.failed.called is (status is not None)
    if status is not None:
        assert succeeded(call.failed).status == status


@pytest.mark.parametrize("transport", ["tcp"])
def test_lost_connection_to_a_phone_is_a_480(house: House) -> None:
    """RFC 3261 16.5: a UA that is not there is unavailable; that is not a server's failure."""
    phone = phone_with(house, "", ignore)
    call = house.phone("bob").call(ALICE)
    house.run()
    phone.sleep("killed")
    house.run()
    assert succeeded(call.failed).status == 480
