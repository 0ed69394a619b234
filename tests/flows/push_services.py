"""
A server with the real providers, and Apple's, Google's and a browser's services on its network.

TLS and HTTP/2 are real; sockets and time are the house's, so that an outage of ten minutes
takes no longer than it has to.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from attrs import define, evolve
from twisted.internet.defer import Deferred

from sippn.binding import Binding
from sippn.interfaces import IFactory, IPushProvider, Surroundings
from sippn.providers.factories import ApnsFactory, FcmFactory, WebPushFactory
from sippn.service import ServerSettings
from sippn.sip import escape_pvalue
from sippn.testing.calls import Call
from sippn.testing.house import House
from sippn.testing.push_server import APNs, PushServer
from sippn.testing.push_server.files import APP, PROJECT
from sippn.testing.push_server.service import Service
from sippn.testing.ua import ScriptedUA
from sippn.testing.ua_account import Account

WALL: Final = 1_800_000_000.0  # what the clocks on all walls show at the start
PLACE: Final = "127.0.0.1"
AA, BB, CC = "aa" * 32, "bb" * 32, "cccc:APA91bH-of-alice"
TEAM = "ABCD123456"

IPHONE = f";pn-provider=apns;pn-param={TEAM}.{APP}.voip&remote;pn-prid={AA}:voip&{BB}:remote"
VOIP_ALONE = f";pn-provider=apns;pn-param={TEAM}.{APP}.voip;pn-prid={AA}"
ANDROID = f";pn-provider=fcm;pn-param={PROJECT};pn-prid={CC}"

_FACTORIES: Final = (ApnsFactory(), FcmFactory(), WebPushFactory())


@define(eq=False)
class Services:
    """
    A house whose phones are pushed in earnest.

    :ivar server: the push services.
    :ivar providers: what pushes through them: apns, fcm, webpush.
    """

    house: House
    server: PushServer
    providers: Sequence[IPushProvider]

    @property
    def apns(self) -> APNs:
        """Apple's, production."""
        return self.server.apns

    def phone(
        self, words: str, user: str = "alice", instance: str = "", password: str | None = None
    ) -> ScriptedUA:
        """A phone with *words* in the Contact URI of its REGISTER."""
        house = self.house
        account = Account(
            user,
            house.domain,
            password,
            instance=instance or f"<urn:uuid:{user}>",
            purr=True,
            uri_params=words,
        )
        endpoint = house.endpoint()
        return ScriptedUA(
            account, endpoint, house.address, house.clock, house.entropy, retransmits=False
        )

    def asleep(
        self, words: str, user: str = "alice", instance: str = "", password: str | None = None
    ) -> ScriptedUA:
        """A phone that is registered, and sleeps."""
        phone = self.phone(words, user, instance, password)
        answer = self.house.get(phone.register())
        assert answer.status == 200, answer.reason
        assert "Feature-Caps" in answer.headers
        phone.sleep()
        self.house.run()
        return phone

    def browser(self) -> str:
        """What a browser says that has subscribed."""
        subscription = self.server.webpush.subscribe(keys=False)
        return f";pn-provider=webpush;pn-prid={escape_pvalue(subscription.url)}"

    def call(self, aor: str = "sip:alice@example.com", by: str = "bob") -> Call:
        """Somebody calls *aor*, and what comes of that at once has come."""
        call = self.house.phone(by).call(aor)
        self.house.run()
        return call

    def binding(self, aor: str = "sip:alice@example.com") -> Binding:
        """The one that *aor* has."""
        found = self.house.get(Deferred.fromCoroutine(self.house.server.location.bindings(aor)))
        (binding,) = found
        return binding

    @property
    def pushes(self) -> int:
        """How many came, whatever became of them, and were not taken."""
        return sum(len(one.pushes) for one in self.server.services)

    def run(self, seconds: float = 0, step: float = 0.05) -> None:
        """Time passes as it does: a clock that jumps skips what would be done meanwhile."""
        self.house.run()
        for _ in range(round(seconds / step)):
            self.house.run(step)

    def take(self, service: Service[Any], seconds: float = 3) -> Any:
        """The one push that *service* has got, or gets in that time; it is forgotten."""
        for _ in range(round(seconds / 0.01)):
            if service.pushes:
                break
            self.house.run(0.01)
        (push,) = service.pushes
        service.pushes.clear()
        return push

    def goes(self, service: Service[Any] | None = None) -> None:
        """The network to the push services is gone, or one of them: connections are refused."""
        for port in self.server._ports:
            if service is None or port.service is service:
                port.stop()
        self.house.run()

    def comes_back(self) -> None:
        """All that had gone is back where it was."""
        for port in self.server._ports:
            if port._port is None:
                port.start(port.number, PLACE)


@contextmanager
def real_services(
    settings: ServerSettings, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Services]:
    """A house by *settings* with real providers; the services' files are in *folder*."""
    monkeypatch.setattr("sippn.testing.house.WALL", WALL)
    made: list[IPushProvider] = []
    built: list[PushServer] = []

    def start(around: Surroundings) -> IPushProvider:
        clock = around.clock
        # Twisted's TLS would else write small pieces in a turn of the reactor's
        name = "twisted.protocols.tls._get_default_clock"
        monkeypatch.setattr(name, lambda: clock, raising=False)
        around.reactor.nameResolver.addresses["localhost"] = [PLACE]
        server = PushServer(around.reactor, wall=lambda: WALL + clock.seconds())
        server.start()
        built.append(server)
        tables = tomllib.loads(server.tables(folder))["push"]["provider"]
        made.extend(_provider(table, around) for table in tables)
        return made[0]

    house = House.built(evolve(settings, providers=(start, lambda _: made[1], lambda _: made[2])))
    house.pns.capabilities = []
    (server,) = built
    yield Services(house, server, made)
    _over(house, house.server.stopService())
    _over(house, server.stop())


def _provider(table: dict[str, Any], around: Surroundings) -> IPushProvider:
    kind = table.pop("type")
    factory: IFactory = next(one for one in _FACTORIES if one.prefix == kind)
    build: Callable[[Surroundings], IPushProvider] = factory.parse(table)
    return build(around)


def _over(house: House, result: Any) -> None:
    ended: Deferred[Any] = result
    for _ in range(100):
        if ended is None or ended.called:
            return
        house.run(0.1)
    raise AssertionError("it does not stop")
