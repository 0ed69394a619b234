"""A10: the URL of a webhook is the operator's own, and what answers there leads nowhere else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sippn.binding import PushJob, Verdict
from sippn.providers.webhook import Webhook
from sippn.testing.pns import Answer, ScriptedPNS
from tests.providers.conftest import Wait
from tests.providers.webpush.world import Canary

MakeJob = Callable[..., PushJob]


@pytest.fixture
def canary(reactor: Any, wait: Wait) -> Iterator[Canary]:
    """Nobody may come to it."""
    canary = Canary(reactor)
    canary.start()
    yield canary
    wait(canary.stop())
    assert canary.connections == 0


@pytest.mark.parametrize("status", [300, 301, 302, 303, 307, 308])
@pytest.mark.parametrize("field", ["Location", "Refresh", "Content-Location", "Alt-Svc"])
async def test_is_not_sent_elsewhere(
    webhook: Webhook,
    pns: ScriptedPNS,
    make_job: MakeJob,
    canary: Canary,
    status: int,
    field: str,
) -> None:
    """A10, T8: a gateway that names another place is not followed there."""
    place = f"127.0.0.1:{canary.port}"
    value = {"Refresh": f"0; url=http://{place}/", "Alt-Svc": f'h2c="{place}"'}
    told = value.get(field, f"http://{place}/x")
    pns.script.append(Answer(status, headers=((field, told),)))
    outcome = await webhook.request_push(make_job())
    assert (outcome.verdict, outcome.detail) == (Verdict.REFUSED, f"HTTP {status}")
    assert (await webhook.request_push(make_job())).verdict is Verdict.ACCEPTED
    assert len(pns.pushes) == 2


async def test_proxy_of_the_environment_is_not_used(
    make_webhook: Callable[..., Webhook],
    pns: ScriptedPNS,
    make_job: MakeJob,
    canary: Canary,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A10, T8: variables of the environment lead no push, and no secret of its head, elsewhere."""
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{canary.port}")
        monkeypatch.setenv(name.upper(), f"http://127.0.0.1:{canary.port}")
    outcome = await make_webhook(pns.url).request_push(make_job())
    assert outcome.verdict is Verdict.ACCEPTED
    assert len(pns.pushes) == 1
