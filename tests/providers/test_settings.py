"""Tests for :mod:`sippn.providers.settings` and :mod:`sippn.providers.table`."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from sippn.errors import ConfigErrors
from sippn.providers.log import LogSettings, log_settings
from sippn.providers.settings import Endpoint, endpoint_in
from sippn.providers.table import Table
from sippn.providers.webhook_settings import Preset, WebhookSettings, webhook_settings

URL = "http://127.0.0.1:9070/push"


def problems(
    table: Mapping[str, object], parse: Callable[[Mapping[str, object]], object] = webhook_settings
) -> dict[str, str]:
    """What is wrong with *table*, by key."""
    with pytest.raises(ConfigErrors) as caught:
        parse(table)
    found = dict(caught.value.problems)
    assert len(found) == len(caught.value.problems)
    return found


def test_example_of_the_contract_is_taken() -> None:
    """DESIGN section 5, word for word."""
    table = {
        "pn_provider": "acme",
        "url": URL,
        "headers": {"Authorization": "Bearer secret"},
    }
    assert webhook_settings(table) == WebhookSettings(
        URL, "acme", (("Authorization", "Bearer secret"),), None
    )


def test_url_is_enough() -> None:
    """It serves any PNS then."""
    assert webhook_settings({"url": URL}) == WebhookSettings(URL)


def test_pn_provider_is_compared_in_lower_case() -> None:
    """G-01: as ``PushTarget.provider`` is."""
    assert webhook_settings({"url": URL, "pn_provider": "AcMe"}).pn_provider == "acme"
    assert log_settings({"pn_provider": "FCM"}) == LogSettings("fcm")


@pytest.mark.parametrize(
    "url",
    [
        "https://push.example.com",
        "https://push.example.com:8443/a/b?key=value&x=%20",
        "http://[::1]:9070/push",
        "HTTP://EXAMPLE.COM/",
        "http://gateway.example.com./",
        "http://10.0.0.3/",
        "http://localhost/",
    ],
)
def test_http_urls_are_taken(url: str) -> None:
    """With port, query and IPv6."""
    assert webhook_settings({"url": url}).url == url


@pytest.mark.parametrize(
    ("url", "what"),
    [
        ("ftp://example.com/push", "must begin with"),
        ("example.com/push", "must begin with"),
        ("//example.com/push", "must begin with"),
        ("http:///push", "has no host"),
        ("http://:80/push", "has no host"),
        ("http://u:s3cret@example.com/", "no user name or password"),
        ("http://u@example.com/", "no user name or password"),
        ("http://@example.com/", "no user name or password"),
        ("http://a..example.com/", "cannot be looked up"),
        ("http://my_gateway/", "cannot be looked up"),
        ("http://-a.example.com/", "cannot be looked up"),
        (f"http://{'a' * 64}.example.com/", "cannot be looked up"),
        (f"http://{'a.' * 127}example.com/", "cannot be looked up"),
        ("http://[v1.a:b]/", "cannot be looked up"),
        ("http://example.com:0/", "no port"),
        ("http://example.com:99999/", "no URL"),
        ("http://example.com:http/", "no URL"),
        ("http://[::1/", "no URL"),
        ("http://example.com/#part", "no fragment"),
        ("http://example.com/a b", "without blanks"),
        ("http://example.com/\r\nX: y", "without blanks"),
        ("http://example.com/\n", "without blanks"),
        ("http://example.com/\t", "without blanks"),
        ("http://b\u00fccher.example/", "punycode"),
        ("", "is empty"),
    ],
)
def test_other_urls_are_refused(url: str, what: str) -> None:
    """T8, T11: http or https, a host, no user-info, nothing that could break a line."""
    found = problems({"url": url})
    assert what in found["url"]
    assert "s3cret" not in found["url"]


@pytest.mark.parametrize(
    ("headers", "key", "what"),
    [
        ({"X-Key": "a\r\nX-Other: b"}, "headers.X-Key", "line break"),
        ({"X-Key": "a\nb"}, "headers.X-Key", "line break"),
        ({"X-Key": "a\x00b"}, "headers.X-Key", "line break"),
        ({"X-Key": "\u263a"}, "headers.X-Key", "cannot carry"),
        ({"X Key": "a"}, "headers", "no name of a header field"),
        ({"X-Key\r\n": "a"}, "headers", "no name of a header field"),
        ({"": "a"}, "headers", "no name of a header field"),
        ({"Content-Length": "3"}, "headers.Content-Length", "written by sippn"),
        ({"transfer-encoding": "chunked"}, "headers.transfer-encoding", "written by sippn"),
        ({"Host": "example.com"}, "headers.Host", "written by sippn"),
        ({"X-Key": 5}, "headers.X-Key", "must be a string, is a number"),
        ({"X-Key": ["a"]}, "headers.X-Key", "must be a string, is a list"),
        ("X-Key: a", "headers", "must be a table"),
    ],
)
def test_headers_that_would_break_http_are_refused(headers: object, key: str, what: str) -> None:
    """T11: header injection, framing; no value is repeated, as it may be a secret."""
    assert what in problems({"url": URL, "headers": headers})[key]


@pytest.mark.parametrize(
    ("key", "guess"),
    [
        ("pn_providr", 'did you mean "pn_provider"?'),
        ("header", 'did you mean "headers"?'),
        ("cafile", 'did you mean "ca_file"?'),
        ("xyzzy", "known: pn_provider, url, headers, ca_file, preset, signing_key"),
    ],
)
def test_unknown_key_gets_a_guess(key: str, guess: str) -> None:
    """DESIGN section 5: unknown keys are refused, with a "did you mean"."""
    assert guess in problems({"url": URL, key: "x"})[key]


def test_everything_wrong_is_said_at_once() -> None:
    """DESIGN section 5: one run, all errors."""
    table = {"pn_provider": 5, "headers": {"A": 1, "B": True}, "ca_file": {}, "extra": 1.5}
    assert problems(table) == {
        "pn_provider": "must be a string, is a number",
        "url": "is missing: write it",
        "headers.A": "must be a string, is a number",
        "headers.B": "must be a string, is a boolean",
        "ca_file": "must be a string, is a table",
        "extra": "unknown key; known: pn_provider, url, headers, ca_file, preset, signing_key",
    }


@pytest.mark.parametrize("name", ["", "ac me", 'acme"', "acme;x", "\u00e4cme", "acme\n"])
def test_pn_provider_must_fit_into_feature_caps(name: str) -> None:
    """G-04: a pn-provider that is no tag-value is refused by the configuration."""
    for parse in (webhook_settings, log_settings):
        table = {"url": URL, "pn_provider": name} if parse is webhook_settings else {}
        assert "pn_provider" in problems({**table, "pn_provider": name}, parse)


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("apns.dev", 'is what some phones call "apns": write that'),
        ("Apple", 'is what some phones call "apns": write that'),
        ("firebase", 'is what some phones call "fcm": write that'),
        ("google", 'is what some phones call "fcm": write that'),
        ("android", 'is what some phones call "fcm": write that'),
        ("wp", "is a push service that was switched off: remove its table"),
    ],
)
def test_pn_provider_is_the_name_that_rfc_8599_has(name: str, what: str) -> None:
    """D-03, D-04: no phone would be pushed through another, as sippn reads all as that one."""
    assert problems({"pn_provider": name}, log_settings) == {"pn_provider": what}
    assert problems({"url": URL, "pn_provider": name}) == {"pn_provider": what}


def test_ca_file_needs_https() -> None:
    """Who names a CA believes that he is protected."""
    assert "https" in problems({"url": URL, "ca_file": "ca.pem"})["ca_file"]
    assert webhook_settings({"url": "https://h/", "ca_file": "ca.pem"}).ca_file == "ca.pem"


def test_log_takes_its_pn_provider_only() -> None:
    """There is nothing else to say."""
    assert log_settings({}) == LogSettings(None)
    assert problems({"url": URL}, log_settings) == {"url": "unknown key; known: pn_provider"}


def test_no_repr_shows_url_or_headers() -> None:
    """T17: either may have a secret."""
    settings = webhook_settings({"url": f"{URL}?key=s3cret", "headers": {"X-Key": "s3cret"}})
    assert "s3cret" not in repr(settings)


def test_preset_is_generic_or_sylk() -> None:
    """D-06: the gateway that many have already."""
    assert webhook_settings({"url": URL}).preset is Preset.GENERIC
    assert webhook_settings({"url": URL, "preset": "generic"}).preset is Preset.GENERIC
    assert webhook_settings({"url": URL, "preset": "sylk"}).preset is Preset.SYLK
    wrong = problems({"url": URL, "preset": "Sylk"})
    assert wrong == {"preset": 'is none that there is: write "generic" or "sylk"'}


@pytest.mark.parametrize(("name", "fit"), [("apns", True), ("fcm", True), ("webpush", False)])
def test_sylk_reaches_two_services(name: str, fit: bool) -> None:
    """P-022: what cannot be pushed must not be promised."""
    table = {"url": URL, "preset": "sylk", "pn_provider": name}
    if fit:
        assert webhook_settings(table).pn_provider == name
    else:
        assert 'write "apns" or "fcm"' in problems(table)["pn_provider"]


def test_signing_key_is_no_word_to_guess() -> None:
    """T17: 16 characters at least; and it is in no message and no repr."""
    settings = webhook_settings({"url": URL, "signing_key": "s3cret-0123456789"})
    assert settings.signing_key == "s3cret-0123456789"
    assert "s3cret" not in repr(settings)
    found = problems({"url": URL, "signing_key": "s3cret"})["signing_key"]
    assert "openssl rand" in found
    assert "s3cret" not in found


def test_signature_is_written_by_sippn() -> None:
    """T11: two of them would be one too many."""
    found = problems({"url": URL, "headers": {"X-Sippn-Signature": "mine"}})
    assert "written by sippn" in found["headers.X-Sippn-Signature"]


@pytest.mark.parametrize(
    ("url", "endpoint", "shown"),
    [
        ("https://push.example.com", Endpoint("push.example.com"), "https://push.example.com"),
        ("https://H.example.com:443/", Endpoint("h.example.com"), "https://h.example.com"),
        ("https://[::1]:8443", Endpoint("::1", 8443), "https://[::1]:8443"),
    ],
)
def test_endpoint_is_a_server(url: str, endpoint: Endpoint, shown: str) -> None:
    """DESIGN section 5: of a push service, or a gateway in front of it."""
    found = endpoint_in(Table({"endpoint": url}), "endpoint")
    assert found == endpoint
    assert endpoint.url == shown


def test_endpoint_of_a_resource_has_a_path() -> None:
    """DESIGN section 5: token_endpoint."""
    table = Table({"token_endpoint": "https://h:8443/a/b?c=d"})
    assert endpoint_in(table, "token_endpoint", path=True) == Endpoint("h", 8443, "/a/b?c=d")
    table.finish()
