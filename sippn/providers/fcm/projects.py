"""The projects that messages are sent of, and which of them a phone's app is of."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import define, field, frozen

from sippn.binding import PushTarget
from sippn.errors import ConfigErrors
from sippn.interfaces import Surroundings
from sippn.providers.fcm.access import Access
from sippn.providers.fcm.account import ServiceAccount, service_account
from sippn.providers.fcm.servers import Servers
from sippn.providers.fcm.settings import FCMSettings, ProjectSettings
from sippn.providers.payload import Payload


@frozen
class Project:
    """
    One of them.

    :ivar path: where its messages go.
    """

    name: str
    path: bytes
    payload: Payload = field(repr=False)
    access: Access


@define(eq=False)
class Projects:
    """
    All of them.

    :ivar _known: by what UAs may call them.
    :ivar _only: the one that is meant whatever a UA calls it: what it says is nonsense now and
        then, and with one project there is nothing to choose (REQUIREMENTS 1.8).
    """

    _known: Mapping[str, Project]
    _only: Project | None

    def of(self, target: PushTarget) -> Project | None:
        """Which *target* is of; None: nobody knows."""
        return self._known.get(target.param, self._only)

    def close(self) -> None:
        """Get no more tokens."""
        for project in self._known.values():
            project.access.close()


def projects_of(settings: FCMSettings, servers: Servers, surroundings: Surroundings) -> Projects:
    """
    Those of *settings*.

    :raises ConfigErrors: all that is wrong with their service accounts.
    """
    accounts = _accounts(settings)
    known: dict[str, Project] = {}
    for each in settings.projects:
        project = _project(each, accounts[each.name], servers, surroundings)
        known |= dict.fromkeys((each.name, *each.aliases), project)
    return Projects(known, project if len(settings.projects) == 1 else None)


def _accounts(settings: FCMSettings) -> Mapping[str, ServiceAccount]:
    found: dict[str, ServiceAccount] = {}
    problems: list[tuple[str, str]] = []
    for each in settings.projects:
        where = f'projects."{each.name}".service_account'
        try:
            found[each.name] = service_account(each.service_account, each.name, where)
        except ConfigErrors as errors:
            problems += errors.problems
    if problems:
        raise ConfigErrors(problems)
    return found


def _project(
    settings: ProjectSettings, account: ServiceAccount, servers: Servers, surroundings: Surroundings
) -> Project:
    endpoint, server = servers.tokens(account)
    access = Access(settings.name, account, endpoint, server, surroundings.clock, surroundings.wall)
    path = f"/v1/projects/{settings.name}/messages:send".encode("ascii")
    return Project(settings.name, path, settings.payload, access)
