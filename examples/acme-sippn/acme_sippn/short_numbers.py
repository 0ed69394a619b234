"""Short numbers: what people dial, and who that is."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from sippn.binding import RoutePlan
from sippn.errors import ConfigErrors, SIPError
from sippn.proxy import DomainPolicy
from sippn.sip import URI, Request


class ShortNumbers(DomainPolicy):
    """
    Sends a call to ``*98`` or ``11`` of our domains to the URI that stands for it.

    From there on the rules are those for any other call, so it is a domain policy with other
    glasses on: a URI of ours is looked up, with a sleeping phone woken as ever; one of
    somebody else's is for those callers alone whom we know.
    """

    def __init__(
        self,
        serves: Callable[[str], bool],
        owns: Callable[[str, int | None], bool],
        numbers: Mapping[str, str],
    ) -> None:
        """Know *numbers*, a URI for each; *serves* and *owns* are those of the surroundings."""
        super().__init__(serves, owns)
        self._numbers = numbers

    def determine_targets(self, request: Request, plan: RoutePlan) -> RoutePlan:
        """Where a short number leads; other plans are left as they are."""
        uri = request.request_uri
        meant = self._numbers.get(uri.user or "")
        if meant is None or plan.targets or not self._serves(uri.host):
            return plan
        return super().determine_targets(request.readdressed(meant), plan)


def read_numbers(table: Mapping[str, object]) -> Mapping[str, str]:
    """The short numbers of a ``[[policy]]``.  :raises ConfigErrors: all that is wrong with it."""
    wrong = [(key, "unknown key: remove it") for key in table if key != "numbers"]
    numbers = table.get("numbers")
    if not isinstance(numbers, dict) or not numbers:
        raise ConfigErrors([*wrong, ("numbers", 'must be a table, as { "*98" = "sip:..." }')])
    for number, uri in numbers.items():
        if not re.fullmatch(r"[0-9*#]{1,8}", number):
            wrong.append((f"numbers.{number}", "must be 1 to 8 of 0-9, * and #"))
        elif not _is_uri(uri):
            wrong.append((f"numbers.{number}", 'must be a SIP URI, as "sip:alice@example.com"'))
    if wrong:
        raise ConfigErrors(wrong)
    return numbers


def _is_uri(text: object) -> bool:
    try:
        return isinstance(text, str) and URI.parse(text).user is not None
    except SIPError:
        return False
