"""Plugins whose factory breaks, or builds something else."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from sippn.errors import ConfigErrors
from sippn.interfaces import Surroundings

if TYPE_CHECKING:
    from tests.config.conftest import Plugins, Reads

WEBHOOK = '[[push.provider]]\ntype = "webhook"\n'
NOWHERE = cast("Surroundings", None)


def test_plugin_that_breaks_when_it_is_built(plugins: Plugins, reads: Reads) -> None:
    """The start is refused, with the table that is at fault and no secret of it."""
    plugins.webhook.broken = KeyError("s3cret")
    [build] = reads(WEBHOOK).settings.providers
    with pytest.raises(ConfigErrors) as caught:
        build(NOWHERE)
    [(where, what)] = caught.value.problems
    assert where == "push.provider[0]"
    assert "FakeFactory broke when it was built: KeyError; mend the plugin" in what


def test_plugin_that_builds_something_else(plugins: Plugins, reads: Reads) -> None:
    """What was built is asked whether it is what the table stands for."""
    [build] = reads(WEBHOOK).settings.providers
    with pytest.raises(ConfigErrors) as caught:
        build(NOWHERE)
    [(where, what)] = caught.value.problems
    assert where == "push.provider[0]"
    assert "built no IPushProvider: " in what
    assert "FakeFactory; mend the plugin" in what
