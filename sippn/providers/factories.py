"""What ``twisted.plugin`` finds of this room; it imports a provider's code when one is built."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar

from twisted.plugin import IPlugin
from zope.interface import Interface, implementer

from sippn.interfaces import IFactory, IPushProvider, Surroundings


@implementer(IFactory, IPlugin)
class WebhookFactory:
    """``type = "webhook"``: an HTTP gateway of the operator's own."""

    makes: ClassVar[type[Interface]] = IPushProvider
    prefix: ClassVar[str] = "webhook"
    help: ClassVar[str] = "POSTs a JSON object per push to a URL"

    def parse(self, table: Mapping[str, object]) -> Callable[[Surroundings], IPushProvider]:
        """
        Check ``pn_provider``, ``url``, ``headers`` and ``ca_file``.

        :raises ConfigErrors: all that is wrong with them; building raises it as
            well when *ca_file* cannot be read.
        """
        from sippn.providers.settings import webhook_settings  # noqa: PLC0415 - lazy: a plugin

        settings = webhook_settings(table)

        def build(surroundings: Surroundings) -> IPushProvider:
            from sippn.providers.webhook import Webhook  # noqa: PLC0415 - lazy: HTTP and TLS

            return Webhook.build(settings, surroundings)

        return build


@implementer(IFactory, IPlugin)
class LogFactory:
    """``type = "log"``: no push at all, for a first try."""

    makes: ClassVar[type[Interface]] = IPushProvider
    prefix: ClassVar[str] = "log"
    help: ClassVar[str] = "logs what it would push"

    def parse(self, table: Mapping[str, object]) -> Callable[[Surroundings], IPushProvider]:
        """
        Check ``pn_provider``.

        :raises ConfigErrors: all that is wrong.
        """
        from sippn.providers.settings import log_settings  # noqa: PLC0415 - lazy: a plugin

        settings = log_settings(table)

        def build(_: Surroundings) -> IPushProvider:
            from sippn.providers.log import LogProvider  # noqa: PLC0415 - lazy: a plugin

            return LogProvider(settings)

        return build
