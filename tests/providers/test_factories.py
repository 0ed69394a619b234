"""Tests for :mod:`sippn.providers.factories`."""

from __future__ import annotations

import subprocess
import sys

import pytest
from twisted.application.service import IService
from twisted.plugin import IPlugin
from zope.interface.verify import verifyObject

from sippn.errors import ConfigErrors
from sippn.interfaces import IFactory, IPushProvider, Surroundings
from sippn.providers.factories import LogFactory, WebhookFactory
from sippn.providers.log import LogProvider
from sippn.providers.webhook import Webhook


@pytest.mark.parametrize("factory", [WebhookFactory(), LogFactory()])
def test_is_a_plugin(factory: IFactory) -> None:
    """What twisted.plugin looks for, and what config asks of it."""
    assert verifyObject(IFactory, factory)
    assert IPlugin.providedBy(factory)
    assert factory.makes is IPushProvider
    assert factory.help


def test_prefixes_are_those_of_the_contract() -> None:
    """DESIGN section 5: type = "webhook", type = "log"."""
    assert (WebhookFactory().prefix, LogFactory().prefix) == ("webhook", "log")


def test_webhook_is_built(surroundings: Surroundings) -> None:
    """A provider that is also a service: its connections end with the server."""
    webhook = WebhookFactory().parse({"url": "http://127.0.0.1:9070/push"})(surroundings)
    assert isinstance(webhook, Webhook)
    assert verifyObject(IPushProvider, webhook)
    assert IService.providedBy(webhook)


def test_log_is_built(surroundings: Surroundings) -> None:
    """The embedded default."""
    assert isinstance(LogFactory().parse({})(surroundings), LogProvider)


@pytest.mark.parametrize("factory", [WebhookFactory(), LogFactory()])
def test_wrong_table_is_refused_before_anything_is_built(factory: IFactory) -> None:
    """``--check`` needs no reactor."""
    with pytest.raises(ConfigErrors):
        factory.parse({"uri": "http://127.0.0.1/"})


def test_listing_plugins_imports_no_provider() -> None:
    """twisted.plugin imports every factory, whatever the configuration asks for."""
    program = (
        "import sys, sippn.providers.factories\n"
        "heavy = {'sippn.providers.webhook', 'twisted.web', 'OpenSSL', 'twisted.internet.reactor'}"
        "\nsys.exit(bool(heavy & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
