"""What a REGISTER asks for."""

from __future__ import annotations

import pytest
from zope.interface import implementer

from sippn.binding import PushRequest, PushTarget
from sippn.errors import BadRequest, NotFound
from sippn.interfaces import IPushDialect
from sippn.registrar.reading import AskedContact, Reading, read_register
from sippn.sip import Headers, NameAddr, Request

PUSHED = "<sip:a@192.0.2.7;pn-provider=FCM;pn-param=proj;pn-prid=to%3Aken>"


def register(*fields: tuple[str, str], to: str = "<sip:alice@example.com>") -> Request:
    mandatory = [
        ("Via", "SIP/2.0/UDP 192.0.2.7;branch=z9hG4bK1"),
        ("From", "<sip:alice@example.com>;tag=1"),
        ("To", to),
        ("Call-ID", "call@192.0.2.7"),
        ("CSeq", "20 REGISTER"),
    ]
    return Request("REGISTER", "sip:example.com", Headers([*mandatory, *fields]))


def read(*fields: tuple[str, str], to: str = "<sip:alice@example.com>") -> Reading:
    return read_register(register(*fields, to=to))


def read_contact(value: str, *fields: tuple[str, str]) -> AskedContact:
    (contact,) = read(("Contact", value), *fields).contacts
    return contact


def test_binding_is_asked_for() -> None:
    """RFC 3261 section 10.2.1."""
    reading = read(
        ("Contact", f'{PUSHED};q=0.7;reg-id=1;+sip.instance="<urn:uuid:1>";expires=600'),
        ("Supported", "Outbound, path"),
        ("User-Agent", "phone/1"),
    )
    assert (reading.aor, reading.call_id, reading.cseq) == (
        "sip:alice@example.com",
        "call@192.0.2.7",
        20,
    )
    assert reading.supported == frozenset({"outbound", "path"})
    assert reading.user_agent == "phone/1"
    (contact,) = reading.contacts
    assert contact.uri_text == PUSHED[1:-1]
    assert (contact.q, contact.instance, contact.reg_id) == (700, "<urn:uuid:1>", 1)
    assert contact.push == PushRequest("fcm", "fcm", PushTarget("fcm", "proj", "to:ken"))
    assert contact.expires == 600
    assert not reading.star


def test_no_contact_is_a_query() -> None:
    """RFC 3261 section 10.2.3."""
    reading = read(("Expires", "600"))
    assert reading.contacts == ()
    assert not reading.star


@pytest.mark.parametrize(
    ("contact", "header", "seconds"),
    [
        (";expires=60", "600", 60),
        (";expires=0", "600", 0),
        ("", "600", 600),
        ("", " 600 ", 600),
        ("", None, None),
        (";expires=soon", "600", None),
        (";expires", "600", None),
        (';expires="60"', None, 60),
        (";expires=-1", None, None),
        ("", "1,5", None),
        ("", "\u0661\u0662", None),
        ("", "4294967295", 4294967295),
        ("", "4294967296", None),
        ("", "9" * 5000, None),
    ],
)
def test_expiry_is_the_contacts_then_the_headers(
    contact: str, header: str | None, seconds: int | None
) -> None:
    """O-100: Contact first, then Expires; what cannot be read is not given."""
    fields = [("Expires", header)] if header is not None else []
    assert read_contact(f"<sip:a@192.0.2.7>{contact}", *fields).expires == seconds


def test_every_contact_is_read() -> None:
    """O-103: not just the first, on one line or on several."""
    reading = read(
        ("Contact", f"<sip:a@192.0.2.7>, {PUSHED};expires=7"),
        ("m", "sip:b@192.0.2.8;expires=8"),
        ("Expires", "9"),
    )
    assert [contact.expires for contact in reading.contacts] == [9, 7, 8]
    assert [contact.wants_push for contact in reading.contacts] == [False, True, False]


def test_star_stands_alone() -> None:
    """O-104: it removes all bindings."""
    reading = read(("Contact", "*"), ("Expires", "0"))
    assert reading.star
    assert reading.contacts == ()


@pytest.mark.parametrize(
    "fields",
    [
        [("Contact", "*")],
        [("Contact", "*"), ("Expires", "60")],
        [("Contact", "*"), ("Expires", "x")],
        [("Contact", "*, <sip:a@192.0.2.7>"), ("Expires", "0")],
        [("Contact", "<sip:a@192.0.2.7>"), ("Contact", "*"), ("Expires", "0")],
        [("Contact", "*"), ("Contact", "*"), ("Expires", "0")],
        [("Contact", "*;expires=0")],
        [("Contact", "<*>"), ("Expires", "0")],
    ],
)
def test_star_in_company_is_refused(fields: list[tuple[str, str]]) -> None:
    """O-104: alone, with Expires: 0, or 400."""
    with pytest.raises(BadRequest):
        read(*fields)


@pytest.mark.parametrize(
    "value",
    [
        "<tel:+15551234>",
        "<http://192.0.2.7/>",
        "<sip:>",
        "sip:a@192.0.2.7?x=y",
        "<sip:a@192.0.2.7>;q=2",
        "<sip:a@192.0.2.7>;q=0.1234",
        "<sip:a@192.0.2.7>;q=",
        '<sip:a@192.0.2.7>;+sip.instance="<urn:x>";reg-id=0',
        '<sip:a@192.0.2.7>;+sip.instance="<urn:x>";reg-id=x',
        "<sip:a@192.0.2.7;pn-provider=fcm;pn-prid=>",
        "<sip:a@192.0.2.7;pn-provider=fcm;pn-prid=a;pn-prid=b>",
        "<sip:a@192.0.2.7;pn-provider=fcm;pn-prid=a%00b>",
    ],
)
def test_bad_contact_is_refused(value: str) -> None:
    """400, and nothing of the request is done (O-51, T12)."""
    with pytest.raises(BadRequest):
        read(("Contact", value))


def test_number_of_contacts_is_bounded() -> None:
    """A5: 50 contacts a request."""
    fifty = ", ".join(f"<sip:a@192.0.2.7:{port}>" for port in range(5000, 5050))
    assert len(read(("Contact", fifty)).contacts) == 50
    with pytest.raises(BadRequest):
        read(("Contact", fifty), ("Contact", "<sip:a@192.0.2.8>"))


@pytest.mark.parametrize(
    ("written", "thousandths"), [("1", 1000), ("1.000", 1000), ("0.5", 500), ("0.", 0), ("0", 0)]
)
def test_q_is_in_thousandths(written: str, thousandths: int) -> None:
    """Never a float that is almost another one."""
    assert read_contact(f"<sip:a@192.0.2.7>;q={written}").q == thousandths


def test_reg_id_without_an_instance_is_ignored() -> None:
    """RFC 5626 section 6."""
    assert read_contact("<sip:a@192.0.2.7>;reg-id=1").reg_id == 0


@pytest.mark.parametrize("tag", ["+sip.pnsreg", "+sip.pnsreq", '+SIP.PnsReg="true"'])
def test_self_refresher_says_so(tag: str) -> None:
    """U-07, G-05: sip.pnsreg and the misprint sip.pnsreq both count, with or without a value."""
    assert read_contact(f"{PUSHED};{tag}").refreshes_itself
    assert not read_contact(f"{PUSHED};x={tag[1:4]}").refreshes_itself


@pytest.mark.parametrize(
    ("params", "wants", "asks"),
    [
        ("pn-provider=fcm;pn-prid=x", True, False),
        ("pn-provider;pn-prid=x", True, False),
        ("pn-provider=fcm", False, True),
        ("pn-provider", False, True),
        ("pn-provider=", False, True),
        ("pn-prid=x", True, False),
        ("transport=udp", False, False),
    ],
)
def test_push_request_and_query_are_told_apart(params: str, wants: bool, asks: bool) -> None:
    """U-08: pn-provider alone asks what there is, with a PRID it asks to be pushed."""
    contact = read_contact(f"<sip:a@192.0.2.7;{params}>")
    assert (contact.wants_push, contact.asks_support) == (wants, asks)


def test_what_registrars_add_is_not_kept() -> None:
    """INTEROP 4: linphone copies what it got into its INVITE; pn-* in the wrong place too."""
    contact = read_contact(
        '<sip:a@192.0.2.7>;expires=5;received="sip:1.2.3.4";pub-gruu="x";pn-prid=x;app-id=x;'
        '+sip.instance="<urn:x>";q=0.5;audio'
    )
    assert contact.params == (("+sip.instance", '"<urn:x>"'), ("q", "0.5"), ("audio", None))


@pytest.mark.parametrize("value", ['*;+sip.pns="fcm"', '+sip.pns="x"', "*;+sip.pns=fcm"])
def test_other_proxy_that_pushes_is_seen(value: str) -> None:
    """P-011, F-02: Feature-Caps of another proxy count, with or without the asterisk and quotes."""
    assert read(("Feature-Caps", value)).pushed_elsewhere
    assert not read(("Feature-Caps", "*;+sip.607")).pushed_elsewhere


def test_path_is_kept_in_order() -> None:
    """RFC 3327 section 5.3."""
    reading = read(("Path", "<sip:p3;lr>, <sip:p2;lr>"), ("Path", "<sip:p1;lr;ob>"))
    assert reading.path == ("<sip:p3;lr>", "<sip:p2;lr>", "<sip:p1;lr;ob>")


@pytest.mark.parametrize("path", ["<sip:>", "x", "<tel:1>", ", ".join(["<sip:p;lr>"] * 21)])
def test_bad_path_is_refused(path: str) -> None:
    """A route that cannot be taken would cost every call."""
    with pytest.raises(BadRequest):
        read(("Path", path))


def test_first_hop_is_seen() -> None:
    """RFC 5626 section 6: by the number of Via values."""
    assert read().first_hop
    assert not read(("v", "SIP/2.0/UDP 192.0.2.8;branch=z9hG4bK2")).first_hop


def test_aor_is_canonical() -> None:
    """RFC 3261 section 10.3, step 5."""
    reading = read(to="Alice <sips:%61lice@EXAMPLE.com:5061;user=phone>")
    assert reading.aor == "sip:alice@example.com"


def test_to_without_a_user_is_refused() -> None:
    """There is nobody to bind."""
    with pytest.raises(BadRequest):
        read(to="<sip:example.com>")


def test_to_of_another_kind_is_not_ours() -> None:
    """A telephone number has no domain here."""
    with pytest.raises(NotFound):
        read(to="<tel:+15551234>")


def test_no_repr_shows_a_prid() -> None:
    """A PRID is a credential."""
    shown = repr(read(("Contact", f"{PUSHED};x=y")))
    assert "to:ken" not in shown
    assert "%3Aken" not in shown


@implementer(IPushDialect)
class Shouted:
    """A dialect of one UA, which says it all in capitals behind its Contact."""

    def read(self, register: Request, contact: NameAddr) -> PushRequest | None:
        """None: it is another UA's."""
        if register.headers.get("User-Agent") != "Shouter":
            return None
        token = contact.param("TOKEN") or ""
        return PushRequest("fcm", "fcm", PushTarget("fcm", "p", token), dialect="shouted")


def test_dialect_of_a_plugin_is_asked_first() -> None:
    """D-07: a plugin's dialect reads the Contacts of its UA; all others are read as ever."""
    request = register(("User-Agent", "Shouter"), ("Contact", f"{PUSHED};TOKEN=loud"))
    (contact,) = read_register(request, (Shouted(),)).contacts
    assert contact.push is not None
    assert contact.push.target == PushTarget("fcm", "p", "loud")
    (other,) = read_register(register(("Contact", PUSHED)), (Shouted(),)).contacts
    assert other.push == read_contact(PUSHED).push


def test_request_is_read_once() -> None:
    """The authority reads it again, at no cost."""
    request = register(("Contact", PUSHED))
    assert read_register(request) is read_register(request)
