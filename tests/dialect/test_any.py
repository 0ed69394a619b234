"""Whatever a Contact says, reading it does no harm."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sippn.binding import PushRequest
from sippn.dialect import ALIASES, read_push
from sippn.errors import BadRequest
from sippn.sip import PN_PARAMS, URI, Params, escape_pvalue

NAMES = st.sampled_from([*sorted(PN_PARAMS), "pn-purr", "PN-PRID", "Pn-Type", "transport", "pn-"])
WORDS = st.sampled_from(
    [
        *sorted(ALIASES),
        "apns",
        "webpush",
        "wp",
        "acme:p",
        "ABCD1234.com.x.voip&remote.dev",
        "SECRET:voip&SECRET:remote",
        "SECRET&",
        '"SECRET"',
        "SECRET%26",
        "%00SECRET",
        "3",
    ]
)
VALUES = st.one_of(st.none(), WORDS, st.text(max_size=30).map(lambda text: f"SECRET{text}"))
PARAMS = st.lists(st.tuples(NAMES, VALUES), max_size=8).map(tuple)
# what may be shown: to name a service is no secret
TOLD = frozenset({"pn-provider", "pn-type", "pn-param", "app-id"})


def read(in_uri: Params, in_header: Params) -> PushRequest | BadRequest | None:
    try:
        return read_push(URI("sip", "a", None, "h", None, in_uri), in_header)
    except BadRequest as error:
        return error


@given(PARAMS, PARAMS)
def test_any_parameters_are_read(in_uri: Params, in_header: Params) -> None:
    """T12, D-13: nothing but a 400 comes of any parameters, and the same of the same."""
    once, again = read(in_uri, in_header), read(in_uri, in_header)
    assert once == again or repr(once) == repr(again)
    if isinstance(once, PushRequest):
        assert once.target is None or not once.problem
        assert once.target is None or once.target.prid
        assert once.target is None or once.target.provider == once.provider


@given(PARAMS, PARAMS)
def test_no_secret_is_shown(in_uri: Params, in_header: Params) -> None:
    """Q-05: of any Contact, neither repr nor problem nor error shows more than which service."""
    silent = [
        tuple((name, value) for name, value in params if name.lower() not in TOLD)
        for params in (in_uri, in_header)
    ]
    provided = (*silent[0], ("pn-provider", "apns"))
    for shown in (read(silent[0], silent[1]), read(provided, silent[1])):
        assert "SECRET" not in repr(shown)


@given(st.text(min_size=1, max_size=60), st.booleans())
def test_escaping_round_trip(prid: str, behind: bool) -> None:
    """G-03: what is escaped once is unescaped once, wherever it stands."""
    params = (("pn-provider", "acme"), ("pn-prid", escape_pvalue(prid)))
    result = read((), params) if behind else read(params, ())
    if isinstance(result, PushRequest):
        assert result.target is not None
        assert result.target.prid == prid
    else:
        assert not prid.isprintable() or not prid.isascii()
