"""
What an operator decides about registrations; times in seconds.
"""

from __future__ import annotations

from sippn.value import value_class


@value_class
class ExpirySettings:
    """
    How long a plain binding may live (RFC 3261 section 10.3, step 7).

    :ivar min_action: ``"423"`` refuses what is shorter than *min*, ``"raise"`` lengthens it.
    """

    min: int = 60
    default: int = 3600
    max: int = 7200
    min_action: str = "423"


@value_class
class PushRegistration:
    """
    What a push binding is promised (RFC 8599 section 5.6.1).

    :ivar unsupported: ``"555"`` or ``"accept_without_push"`` for a PNS nobody serves.
    :ivar refresh_lead: how long before expiry a refresh push is due.
    :ivar refresh_attempts: how many refresh pushes there are before a binding expires.
    :ivar pnsreg: value of ``sip.pnsreg`` for a UA that refreshes by itself, above 120.
    :ivar expires_min: a shorter push binding gets 423; at most 3600.
    :ivar purr: give each UA a PURR, by which requests in its dialogs wake it (RFC 8599 section 6).
    :ivar sleep_after_expiry: for so long after it expired a push binding may still be woken,
        against RFC 8599 section 5.5 (REQUIREMENTS S-32); 0: not at all.
    """

    unsupported: str = "555"
    refresh_lead: int = 120
    refresh_attempts: int = 4
    pnsreg: int = 130
    expires_min: int = 300
    expires_max: int = 2592000
    purr: bool = True
    sleep_after_expiry: int = 0


@value_class
class RegistrarSettings:
    """
    :class:`sippn.registrar.Registrar`'s own.

    :ivar match: rungs of the identity ladder, in order (REQUIREMENTS S-10).
    :ivar max_contacts: bindings an AOR may hold; 0: any number.
    :ivar overflow: ``"reject"`` (403) or ``"replace_oldest"``.
    :ivar path: ``"off"``, ``"lazy"`` or ``"strict"`` (RFC 3327).
    :ivar ignore_dereg_from: of UAs whose User-Agent one of these expressions is found in, a
        binding that can be pushed stays when they take it back (REQUIREMENTS D-12).
    """

    match: tuple[str, ...] = ("outbound", "instance", "push", "uri")
    max_contacts: int = 10
    overflow: str = "reject"
    path: str = "lazy"
    ignore_dereg_from: tuple[str, ...] = ()
    expires: ExpirySettings = ExpirySettings()
    push: PushRegistration = PushRegistration()
