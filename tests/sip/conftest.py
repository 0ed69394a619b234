"""
Messages that several tests read.
"""

from __future__ import annotations

import pytest

REGISTER = b"""\
REGISTER sip:example.com SIP/2.0
Via: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bK.Ab3dE5fG7;rport
From: "Alice" <sip:alice@example.com>;tag=8aF3kd9Zq
To: sip:alice@example.com
CSeq: 21 REGISTER
Call-ID: 3kD8sLq0Ab
Max-Forwards: 70
Supported: replaces, outbound
Accept: application/sdp
Accept: text/plain
Contact: <sip:alice@192.0.2.10:5060;pn-provider=fcm;pn-param=project;pn-prid=tok:en>;+sip.instance="<urn:uuid:0>"
X-Unheard-Of: as it came, "with, commas"
User-Agent: LinphoneAndroid/5.1.0 (Pixel 7)

""".replace(b"\n", b"\r\n")  # noqa: E501 - as it is on the wire


@pytest.fixture
def register() -> bytes:
    """A REGISTER as linphone sends it over UDP: no Content-Length (INTEROP rule 7)."""
    return REGISTER
