"""The promises of every push provider, kept by APNs."""

from __future__ import annotations

from zope.interface.verify import verifyObject

from sippn.binding import PushTarget
from sippn.interfaces import IPushLanes, IPushProvider
from sippn.testing.contracts.provider import PRID, PushProviderContract
from tests.providers.apns.scene import REMOTE_TOKEN, VOIP_TOKEN, Scene, target


class TestAPNs(PushProviderContract):
    """With an app that has both tokens; whoever is asked takes every push."""

    def make_provider(self) -> IPushProvider:
        """It needs no start."""
        provider: IPushProvider = Scene().provider
        return provider

    def target(self) -> PushTarget:
        """A UA with both tokens, and a third of a service that nobody knows."""
        prid = f"{VOIP_TOKEN}:voip&{REMOTE_TOKEN}:remote&{PRID}:other"
        return target(prid=prid)

    def test_provides_lanes(self) -> None:
        """W3: each app is a lane of its own."""
        assert verifyObject(IPushLanes, self.provider)
