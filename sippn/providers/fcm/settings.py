"""What an operator says about FCM, checked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from attrs import field, frozen

from sippn.providers.payload import Payload, payload_of
from sippn.providers.settings import Endpoint, endpoint_in
from sippn.providers.table import Table

GOOGLE: Final = Endpoint("fcm.googleapis.com")
"""Where messages go."""

_GOOGLES: Final = re.compile(r"from|message_type|(?:google|gcm).*", re.DOTALL)  # not ours to send

# a project's id, which may have a domain before a colon; or its number
_PROJECT = re.compile(r"[a-z0-9][a-z0-9.\-]{0,62}(?::[a-z0-9][a-z0-9\-]{0,62})?")


@frozen
class ProjectSettings:
    """
    A Firebase project.

    :ivar name: its id, as in the URL of its messages.
    :ivar service_account: the file of its key, or the text of that, so no repr shows it.
    :ivar aliases: what else UAs call it in ``pn-param``, as its number (the Sender ID).
    """

    name: str
    service_account: str = field(repr=False)
    aliases: tuple[str, ...]
    payload: Payload


@frozen
class FCMSettings:
    """
    How FCM is reached.

    :ivar token_endpoint: None: where the service account's file says.
    :ivar ca_file: PEM file of the CAs to trust, of the endpoints that the operator names; None:
        those of the system.
    """

    projects: tuple[ProjectSettings, ...]
    endpoint: Endpoint = GOOGLE
    token_endpoint: Endpoint | None = None
    ca_file: str | None = None


def fcm_settings(raw: Mapping[str, object]) -> FCMSettings:
    """
    Check the table of FCM.

    :raises ConfigErrors: everything that is wrong with it.
    """
    table = Table(raw)
    table.refuse_unknown(("projects", "endpoint", "token_endpoint", "ca_file"))
    endpoint = endpoint_in(table, "endpoint")
    token_endpoint = endpoint_in(table, "token_endpoint", path=True)
    ca_file = table.text("ca_file")
    if ca_file is not None and "endpoint" not in table and "token_endpoint" not in table:
        table.refuse(
            "ca_file",
            "is of use with endpoint or token_endpoint only, Google has others: remove it",
        )
    projects = _projects(table)
    table.finish()
    return FCMSettings(projects, endpoint or GOOGLE, token_endpoint, ca_file)


def _projects(table: Table) -> tuple[ProjectSettings, ...]:
    tables = table.tables("projects")
    if table.value("projects") in (None, {}):
        table.refuse("projects", 'is empty: write a table [push.provider.projects."your-project"]')
    projects = [_project(table, name, each) for name, each in tables.items()]
    _refuse_twice(table, projects)
    return tuple(projects)


def _project(outer: Table, name: str, table: Table) -> ProjectSettings:
    if not _PROJECT.fullmatch(name):
        outer.refuse(
            f'projects."{name[:64]}"',
            "is no id of a project: write the one of the Firebase console, Project settings",
        )
    table.refuse_unknown(("service_account", "aliases", "payload"))
    payload = payload_of(table, flat=True)
    for kind, names in payload.names.items():
        for taken in filter(_GOOGLES.fullmatch, sorted(names)):
            table.refuse(
                f"payload.{kind.value}.{taken[:64]}", "is a name that Google keeps: use another"
            )
    return ProjectSettings(
        name=name,
        service_account=table.text("service_account", needed=True) or "",
        aliases=table.words("aliases"),
        payload=payload,
    )


def _refuse_twice(table: Table, projects: list[ProjectSettings]) -> None:
    """A ``pn-param`` has to lead to one project."""
    owners = {project.name: project.name for project in projects}
    for project in projects:
        for alias in project.aliases:
            owner = owners.setdefault(alias, project.name)
            if owner != project.name:
                table.refuse(
                    f'projects."{project.name}".aliases',
                    f'has one that is "{owner}" as well: leave it to one of them',
                )
