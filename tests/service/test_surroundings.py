"""What plugins are told of the server that they are in."""

from __future__ import annotations

from sippn.interfaces import IRoutingPolicy, Surroundings
from sippn.proxy import DomainPolicy
from sippn.service import ServerSettings
from sippn.storage.factories import MemoryStoreFactory
from sippn.testing.house import House
from sippn.transport.settings import ListenSettings


def test_policy_may_stand_on_the_domain_policy() -> None:
    """A plugin's policy may subclass it: it is given what that has to know."""
    given: list[Surroundings] = []

    def build(around: Surroundings) -> IRoutingPolicy:
        assert not around.owns("192.0.2.1", 5060)  # its sockets do not exist yet
        given.append(around)
        return DomainPolicy(around.serves, around.owns)

    settings = ServerSettings(
        listen=(ListenSettings("udp", "192.0.2.1", 5060),),
        domains=("example.com",),
        storage=MemoryStoreFactory().parse({}),
        providers=(),
        policies=(build,),
    )
    House.built(settings).server.stopService()
    [around] = given
    assert [around.serves(host) for host in ("example.com", "EXAMPLE.com", "h")] == [1, 1, 0]
    assert [around.owns("192.0.2.1", port) for port in (5060, 5061)] == [True, False]


def test_server_of_no_domain_serves_all() -> None:
    """As its configuration says of an empty list."""
    settings = ServerSettings((), (), MemoryStoreFactory().parse({}), ())
    assert settings.serves("example.com")
