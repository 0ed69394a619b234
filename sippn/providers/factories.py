"""What ``twisted.plugin`` finds of this room; it imports a provider's code when one is built."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar

from twisted.plugin import IPlugin
from zope.interface import Interface, implementer

from sippn.interfaces import IFactory, IPushProvider, Surroundings


@implementer(IFactory, IPlugin)
class ApnsFactory:
    """``type = "apns"``: Apple's push service."""

    makes: ClassVar[type[Interface]] = IPushProvider
    prefix: ClassVar[str] = "apns"
    help: ClassVar[str] = "reaches iPhones and Macs through Apple's push service"

    def parse(self, table: Mapping[str, object]) -> Callable[[Surroundings], IPushProvider]:
        """
        Check ``apps``, ``endpoint``, ``sandbox_endpoint`` and ``ca_file``.

        :raises ConfigErrors: all that is wrong with them; building raises it as
            well when a file that they name is of no use.
        """
        from sippn.providers.apns.settings import apns_settings  # noqa: PLC0415 - lazy: a plugin

        settings = apns_settings(table)

        def build(surroundings: Surroundings) -> IPushProvider:
            from sippn.providers.apns.provider import APNs  # noqa: PLC0415 - lazy: HTTP/2, TLS

            return APNs.build(settings, surroundings)

        return build


@implementer(IFactory, IPlugin)
class FcmFactory:
    """``type = "fcm"``: Firebase Cloud Messaging."""

    makes: ClassVar[type[Interface]] = IPushProvider
    prefix: ClassVar[str] = "fcm"
    help: ClassVar[str] = "reaches Android phones through Firebase Cloud Messaging"

    def parse(self, table: Mapping[str, object]) -> Callable[[Surroundings], IPushProvider]:
        """
        Check ``projects``, ``endpoint``, ``token_endpoint`` and ``ca_file``.

        :raises ConfigErrors: all that is wrong with them; building raises it as
            well when a file that they name is of no use.
        """
        from sippn.providers.fcm.settings import fcm_settings  # noqa: PLC0415 - lazy: a plugin

        settings = fcm_settings(table)

        def build(surroundings: Surroundings) -> IPushProvider:
            from sippn.providers.fcm.provider import FCM  # noqa: PLC0415 - lazy: HTTP/2, TLS

            return FCM.build(settings, surroundings)

        return build


@implementer(IFactory, IPlugin)
class WebPushFactory:
    """``type = "webpush"``: the push services of browsers, and UnifiedPush."""

    makes: ClassVar[type[Interface]] = IPushProvider
    prefix: ClassVar[str] = "webpush"
    help: ClassVar[str] = "reaches browsers and UnifiedPush apps through their push services"

    def parse(self, table: Mapping[str, object]) -> Callable[[Surroundings], IPushProvider]:
        """
        Check ``vapid_key_file``, ``contact``, ``allow_hosts``, ``endpoint`` and ``ca_file``.

        :raises ConfigErrors: all that is wrong with them; building raises it as
            well when a file that they name is of no use.
        """
        from sippn.providers.webpush.settings import (  # noqa: PLC0415 - lazy: a plugin
            webpush_settings,
        )

        settings = webpush_settings(table)

        def build(surroundings: Surroundings) -> IPushProvider:
            from sippn.providers.webpush.provider import (  # noqa: PLC0415 - lazy: HTTP/2, TLS
                WebPush,
            )

            return WebPush.build(settings, surroundings)

        return build


@implementer(IFactory, IPlugin)
class WebhookFactory:
    """``type = "webhook"``: an HTTP gateway of the operator's own."""

    makes: ClassVar[type[Interface]] = IPushProvider
    prefix: ClassVar[str] = "webhook"
    help: ClassVar[str] = "POSTs a JSON object per push to a URL"

    def parse(self, table: Mapping[str, object]) -> Callable[[Surroundings], IPushProvider]:
        """
        Check ``pn_provider``, ``url``, ``headers``, ``ca_file``, ``preset`` and ``signing_key``.

        :raises ConfigErrors: all that is wrong with them; building raises it as
            well when *ca_file* cannot be read.
        """
        from sippn.providers.webhook_settings import (  # noqa: PLC0415 - lazy: a plugin
            webhook_settings,
        )

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
        from sippn.providers.log import log_settings  # noqa: PLC0415 - lazy: a plugin

        settings = log_settings(table)

        def build(_: Surroundings) -> IPushProvider:
            from sippn.providers.log import LogProvider  # noqa: PLC0415 - lazy: a plugin

            return LogProvider(settings)

        return build
