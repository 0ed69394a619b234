"""Where an origin is, and who may be there."""

from __future__ import annotations

from typing import Any

from attrs import field, frozen

from sippn.http.trust import ClientCertificate


@frozen
class Way:
    """
    The way to a server.

    :ivar tls: https; it is verified that the server is *host*.
    :ivar trust: what :func:`sippn.http.trust.trust_root` gave; None: the CAs of the system.
    :ivar certificate: that we show, if any.
    :ivar name: ``:authority`` or ``Host``, where it is not that of the URL.
    """

    host: str
    port: int
    tls: bool = True
    trust: Any = field(default=None, repr=False)
    certificate: ClientCertificate | None = field(default=None, repr=False)
    name: str = ""

    @property
    def url(self) -> str:
        """For people."""
        scheme = "https" if self.tls else "http"
        return f"{scheme}://{self._in_url}:{self.port}"

    @property
    def authority(self) -> bytes:
        """RFC 9110 section 7.2: without the port where it is the scheme's own."""
        if self.name:
            return self.name.encode("ascii")
        own = 443 if self.tls else 80
        name = self._in_url if self.port == own else f"{self._in_url}:{self.port}"
        return name.encode("ascii")

    @property
    def _in_url(self) -> str:
        return f"[{self.host}]" if ":" in self.host else self.host
