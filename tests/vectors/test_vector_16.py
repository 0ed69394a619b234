"""
Vector 16: a PRID that is a URL, with everything that URIs give a meaning to.

Where such a URL may lead comes with Web Push.
"""

from __future__ import annotations

import pytest

from sippn.sip import escape_pvalue
from sippn.testing.house import House
from tests.vectors.scene import ALICE, asleep, phone_that_says, registered

URL = "https://h/p?a=b;c=%2F"
ESCAPED = "https://h/p%3Fa%3Db%3Bc%3D%252F"
ALL_ESCAPED = "https%3A%2F%2Fh%2Fp%3Fa%3Db%3Bc%3D%252F"


@pytest.mark.parametrize("written", [ESCAPED, ALL_ESCAPED, escape_pvalue(URL)])
def test_url_survives(house: House, written: str) -> None:
    """Vector 16, G-02, G-03: a URL with ``? = ; %`` in it reaches who pushes as it was."""
    words = f";pn-provider=acme;pn-prid={written}"
    alice = asleep(house, phone_that_says(house, words))
    house.phone("bob").call(ALICE)
    house.run()
    assert [job.target.prid for job in house.pns.jobs] == [URL]
    assert alice.account.uri_params == words


@pytest.mark.parametrize("written", [ESCAPED, ALL_ESCAPED])
def test_contact_comes_back_as_it_was(house: House, written: str) -> None:
    """Vector 16, G-03: the 200 has the Contact as the phone wrote it, escape by escape."""
    words = f";pn-provider=acme;pn-prid={written}"
    answer = registered(house, phone_that_says(house, words))
    assert answer.contacts[0].uri_text.endswith(words)


def test_two_spellings_are_one_phone(house: House) -> None:
    """Vector 16, G-01: escaped more or less, it is the same PRID, and the same binding."""
    for written in (ESCAPED, ALL_ESCAPED):
        words = f";pn-provider=acme;pn-prid={written}"
        answer = registered(house, phone_that_says(house, words, instance=""))
    assert len(answer.contacts) == 1
