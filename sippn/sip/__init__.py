"""SIP as values: octets in, messages out and back; pure, bounded, never blocking."""

from sippn.sip.address import NameAddr, split_values
from sippn.sip.digest import (
    Challenge,
    Credentials,
    answer,
    ha1,
    is_digest,
    parse_challenge,
    parse_credentials,
    response,
    write_challenge,
    write_credentials,
)
from sippn.sip.headers import Headers, parse_headers
from sippn.sip.limits import Limits
from sippn.sip.message import STAR, CSeq, Message, Request, Response, summary
from sippn.sip.params import (
    Params,
    get_param,
    parse_params,
    quote,
    unquote,
    without_params,
    write_params,
)
from sippn.sip.push import (
    PN_PARAMS,
    FeatureCaps,
    PushParams,
    is_push_param,
    read_feature_caps,
    without_push_params,
    write_feature_caps,
)
from sippn.sip.reader import BadMessage, BadVersion, TooLarge, read
from sippn.sip.syntax import check
from sippn.sip.uri import URI, escape_pvalue, parse_hostport, same_uri, unescape
from sippn.sip.via import Via
from sippn.sip.writer import REASONS, response_to, write

__all__ = [
    "PN_PARAMS",
    "REASONS",
    "STAR",
    "URI",
    "BadMessage",
    "BadVersion",
    "CSeq",
    "Challenge",
    "Credentials",
    "FeatureCaps",
    "Headers",
    "Limits",
    "Message",
    "NameAddr",
    "Params",
    "PushParams",
    "Request",
    "Response",
    "TooLarge",
    "Via",
    "answer",
    "check",
    "escape_pvalue",
    "get_param",
    "ha1",
    "is_digest",
    "is_push_param",
    "parse_challenge",
    "parse_credentials",
    "parse_headers",
    "parse_hostport",
    "parse_params",
    "quote",
    "read",
    "read_feature_caps",
    "response",
    "response_to",
    "same_uri",
    "split_values",
    "summary",
    "unescape",
    "unquote",
    "without_params",
    "without_push_params",
    "write",
    "write_challenge",
    "write_credentials",
    "write_feature_caps",
    "write_params",
]
