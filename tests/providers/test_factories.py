"""Tests for :mod:`sippn.providers.factories`."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from twisted.application.service import IService
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.plugin import IPlugin, getPlugins
from zope.interface.verify import verifyObject

import twisted.plugins
from sippn.errors import ConfigErrors
from sippn.interfaces import IFactory, IPushLanes, IPushProvider, Surroundings
from sippn.providers.factories import (
    ApnsFactory,
    FcmFactory,
    LogFactory,
    WebhookFactory,
    WebPushFactory,
)
from sippn.providers.log import LogProvider
from sippn.providers.webhook import Webhook
from sippn.testing.push_server import PushServer

Wait = Callable[[Deferred[Any]], Any]


FACTORIES: tuple[IFactory, ...] = (
    ApnsFactory(),
    FcmFactory(),
    WebPushFactory(),
    WebhookFactory(),
    LogFactory(),
)


@pytest.mark.parametrize("factory", FACTORIES)
def test_is_a_plugin(factory: IFactory) -> None:
    """What twisted.plugin looks for, and what config asks of it."""
    assert verifyObject(IFactory, factory)
    assert IPlugin.providedBy(factory)
    assert factory.makes is IPushProvider
    assert factory.help


def test_prefixes_are_those_of_the_contract() -> None:
    """DESIGN section 5: webhook | log | apns | fcm | webpush."""
    assert [each.prefix for each in FACTORIES] == ["apns", "fcm", "webpush", "webhook", "log"]


def test_all_of_them_are_plugins_of_sippns() -> None:
    """N-04: a configuration that names one finds it."""
    found = {each.prefix for each in getPlugins(IFactory, twisted.plugins)}
    assert {each.prefix for each in FACTORIES} <= found


@pytest.fixture
def tables(reactor: Any, wait: Wait, tmp_path: Path) -> Iterator[dict[str, dict[str, object]]]:
    """What an operator writes for the push services of the push server, by their types."""
    server = PushServer(reactor)
    server.start()
    found = tomllib.loads(server.tables(tmp_path))["push"]["provider"]
    yield {table.pop("type"): table for table in found}
    wait(server.stop())


@pytest.mark.parametrize("factory", FACTORIES[:3])
async def test_services_are_built_from_what_an_operator_writes(
    factory: IFactory, surroundings: Surroundings, tables: dict[str, dict[str, object]]
) -> None:
    """N-04, W3: each promises its PNS, fails by lanes, and ends with the server."""
    built: Any = factory.parse(tables[factory.prefix])(surroundings)
    assert verifyObject(IPushProvider, built)
    assert verifyObject(IPushLanes, built)
    assert [each.pns for each in built.capabilities] == [factory.prefix]
    assert IService.providedBy(built)
    await maybeDeferred(built.stopService)


def test_webhook_is_built(surroundings: Surroundings) -> None:
    """A provider that is also a service: its connections end with the server."""
    webhook = WebhookFactory().parse({"url": "http://127.0.0.1:9070/push"})(surroundings)
    assert isinstance(webhook, Webhook)
    assert verifyObject(IPushProvider, webhook)
    assert IService.providedBy(webhook)


def test_log_is_built(surroundings: Surroundings) -> None:
    """The embedded default."""
    assert isinstance(LogFactory().parse({})(surroundings), LogProvider)


@pytest.mark.parametrize("factory", FACTORIES)
def test_wrong_table_is_refused_before_anything_is_built(factory: IFactory) -> None:
    """``--check`` needs no reactor."""
    with pytest.raises(ConfigErrors):
        factory.parse({"uri": "http://127.0.0.1/"})


def test_listing_plugins_imports_no_provider() -> None:
    """twisted.plugin imports every factory, whatever the configuration asks for."""
    program = (
        "import sys, sippn.providers.factories\n"
        "heavy = {'sippn.providers.webhook', 'twisted.web', 'OpenSSL', 'twisted.internet.reactor',"
        " 'sippn.providers.apns', 'sippn.providers.fcm', 'sippn.providers.webpush', 'jwt', 'h2'}"
        "\nsys.exit(bool(heavy & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
