"""
What a linphone reads when it is switched on.
"""

from __future__ import annotations

from collections.abc import Sequence

from tests.peers.account import Account
from tests.peers.server import DOMAIN, Edge

_PHONE = """\
[storage]
uri=null
[misc]
uuid={instance}
[net]
enable_nat_helper=1
push_notification={pushed}
[sip]
sip_port={udp}
sip_tcp_port={tcp}
sip_tls_port={tls}
bind_address={address}
use_ipv6=0
root_ca={authority}
verify_server_certs=1
verify_server_cn=1
[rtp]
audio_rtp_port=-1
[sound]
playback_dev_id=
capture_dev_id=
ringer_dev_id=
[video]
capture=0
display=0
automatically_initiate=0
"""
_ACCOUNT = """\
[proxy_{number}]
reg_identity=sip:{user}@{domain}
reg_proxy=<{edge}>
reg_route=<{edge};lr>
reg_expires=600
reg_sendregister=1
push_notification_allowed=1
remote_push_notification_allowed={pushed}
push_parameters={push_params}
contact_uri_parameters={contact_params}
contact_parameters={header_params}
[auth_info_{number}]
username={user}
userid={user}
passwd={password}
domain={domain}
"""
"""
Keys that surprise:

- ``storage/uri``: without it, linphone wants a data base in a folder that is not there, and
  does not register.
- ``misc/uuid``: becomes ``+sip.instance``; kept in the file only after a clean exit, so a
  phone that is killed would come back as another one.
- ``net/enable_nat_helper``: over a connection it registers, learns its port from the answer,
  and registers again at once with that one in its Contact.
- ``sip_port`` and so on: -1 is any free one, 0 is none.
- ``contact_uri_parameters`` stand inside the ``<>`` of the Contact, where RFC 8599 wants them;
  ``contact_parameters`` behind it.
- ``push_parameters`` stand inside as well, in linphone's order: it reads them, as an app does
  that it is part of, and adds its own, such as ``pn-silent=1;pn-timeout=0``; but only with
  ``net/push_notification``, and the words for alerts only with ``remote_push...``.
- ``push_notification_allowed`` keeps the binding when the phone ends in order.
"""


def linphonerc(accounts: Sequence[Account], edge: Edge, address: str) -> str:
    """
    The file of a phone with these *accounts*, the first of which says who it is.

    :param address: of its sockets.
    """
    authority = "" if edge.certificates is None else edge.certificates.authority
    pushed = int(any(account.push_params for account in accounts))
    phone = _PHONE.format(
        instance=accounts[0].instance,
        address=address,
        authority=authority,
        pushed=pushed,
        **{it: -1 if it == edge.transport else 0 for it in ("udp", "tcp", "tls")},
    )
    return phone + "".join(
        _ACCOUNT.format(
            number=number,
            domain=DOMAIN,
            edge=edge.uri,
            user=account.user,
            password=account.password,
            contact_params=account.contact_params,
            header_params=account.header_params,
            push_params=account.push_params,
            pushed=pushed,
        )
        for number, account in enumerate(accounts)
    )
