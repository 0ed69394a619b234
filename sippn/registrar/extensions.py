"""Which extensions a REGISTER needs, and which apply to it."""

from __future__ import annotations

from sippn.binding import Source
from sippn.errors import BadExtension, BadRequest, SIPError
from sippn.registrar.reading import Reading
from sippn.sip import NameAddr


def supported(path: str) -> tuple[str, ...]:
    """The option tags that are understood; *path* as for :func:`check_required`."""
    return ("outbound",) if path == "off" else ("outbound", "path")


def check_required(reading: Reading, path: str) -> None:
    """
    Refuse what is required and not understood (RFC 3261 section 8.2.2.3).

    :param path: ``"strict"`` also refuses a Path that the UA does not know of, so that
        it learns who is in its way (RFC 3327 section 5.3).
    :raises BadExtension: its Unsupported names them.
    """
    unknown = [tag for tag in reading.required if tag.lower() not in supported(path)]
    if path == "strict" and reading.path and "path" not in reading.supported:
        unknown.append("path")
    if unknown:
        raise BadExtension("", [("Unsupported", ", ".join(unknown))])


def outbound_applies(reading: Reading, source: Source) -> bool:
    """
    Whether a Contact names its flow, and may (RFC 5626 section 6).

    Behind a first hop that knows nothing of it, a flow is not the UA's: reg-id is ignored.
    So it is over UDP: a UA that is told otherwise sends STUN to keep its flow alive, and
    takes it for failed when none is answered here (section 4.4.2).

    :raises BadRequest: several Contacts beside one with a reg-id.
    """
    if "outbound" not in reading.supported:
        return False
    if not any(contact.reg_id for contact in reading.contacts):
        return False
    connected = reading.first_hop and not source.flow.startswith("udp:")
    if not (connected or _first_hop_has_outbound(reading.path)):
        return False
    lasting = [contact for contact in reading.contacts if contact.expires != 0]
    if len(lasting) > 1 and any(contact.reg_id for contact in lasting):
        raise BadRequest("One flow has one Contact")
    return True


def _first_hop_has_outbound(path: tuple[str, ...]) -> bool:
    try:
        return bool(path) and NameAddr.parse(path[0]).uri.param("ob") is not None
    except SIPError:
        return False
