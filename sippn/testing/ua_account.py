"""Who a scripted UA is: its address of record, its secret, its push parameters."""

from __future__ import annotations

from attrs import evolve, field, frozen

from sippn.sip import PushParams, escape_pvalue
from sippn.transport import Address

SDP = (
    b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    b"m=audio 40000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\na=sendrecv\r\n"
)


@frozen
class Account:
    """
    One user on one device.

    :ivar password: answers digest challenges; None: it cannot.
    :ivar push: pn-* of the Contact URI (RFC 8599 section 4.1); an empty provider asks
        which there are; None: a UA that does not sleep.
    :ivar instance: ``+sip.instance`` without quotes, e.g. ``<urn:uuid:...>``.
    :ivar algorithms: digests it understands; the first challenge that names one is answered,
        as linphone does with both and JsSIP with MD5 alone.
    :ivar contact_host: the host that it thinks it has, behind a NAT: its Contact and its Via
        have it; empty: the one it has.
    :ivar purr: wants to be woken inside dialogs: once it has a PURR, its Contact there says
        so (RFC 8599 section 6.1.1).
    :ivar pnsreg: refreshes by itself: ``+sip.pnsreg`` (section 4.1.4).
    :ivar uri_params: what else its REGISTER's Contact URI has, as written: ``;pn-tok=...``.
    :ivar contact_params: the same after the URI, ``;q=0.5``.
    """

    user: str
    domain: str
    password: str | None = field(default=None, repr=lambda value: "<password>" if value else "None")
    push: PushParams | None = None
    instance: str = ""
    algorithms: tuple[str, ...] = ("SHA-256", "MD5")
    contact_host: str = ""
    purr: bool = False
    pnsreg: bool = False
    uri_params: str = field(default="", repr=False)  # a dialect's token is a credential, too
    contact_params: str = field(default="", repr=False)

    @property
    def aor(self) -> str:
        """The address of record as a URI."""
        return f"sip:{self.user}@{self.domain}"

    def told(self, address: Address) -> Address:
        """What it says its *address* is."""
        return evolve(address, host=self.contact_host) if self.contact_host else address

    def contact(self, address: Address, transport: str) -> str:
        """The Contact of its calls: where it is, over which *transport*, and no more."""
        return f"<{self._uri(address, transport)}>"

    def contact_with_purr(self, address: Address, transport: str, purr: str | None) -> str:
        """The same, with the *purr* that it was given last, where it wants to be woken by it."""
        if not self.purr or purr is None:
            return self.contact(address, transport)
        return f"<{self._uri(address, transport)};pn-purr={escape_pvalue(purr)}>"

    def registered_contact(self, address: Address, transport: str) -> str:
        """The Contact of its REGISTER: push parameters in the URI, the instance after it."""
        uri = f"{self._uri(address, transport)}{_written(self.push)}{self.uri_params}"
        instance = f';+sip.instance="{self.instance}"' if self.instance else ""
        pnsreg = ";+sip.pnsreg" if self.pnsreg else ""
        return f"<{uri}>{instance}{pnsreg}{self.contact_params}"

    def _uri(self, address: Address, transport: str) -> str:
        stream = "" if transport == "UDP" else f";transport={transport.lower()}"
        return f"sip:{self.user}@{self.told(address)}{stream}"


def _written(push: PushParams | None) -> str:
    if push is None:
        return ""
    provider = f";pn-provider={escape_pvalue(push.provider)}" if push.provider else ";pn-provider"
    param = f";pn-param={escape_pvalue(push.param)}" if push.param else ""
    prid = f";pn-prid={escape_pvalue(push.prid)}" if push.prid else ""
    return provider + param + prid
