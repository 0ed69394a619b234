"""
The four transaction machines: figures 5 to 8 of RFC 3261 as RFC 6026 and RFC 4320 left them.

All that decides what a transaction does next is here; what the actions do is in
:mod:`~sippn.transaction.client` and :mod:`~sippn.transaction.server`.  The pictures in
``docs/machines`` and a good part of the tests are generated from these tables.
"""

from __future__ import annotations

from typing import Final

from sippn.transaction.machine import Action as Do
from sippn.transaction.machine import Input as On
from sippn.transaction.machine import Machine, State

_CALLING, _TRYING, _PROCEEDING = State.CALLING, State.TRYING, State.PROCEEDING
_ACCEPTED, _COMPLETED, _CONFIRMED = State.ACCEPTED, State.COMPLETED, State.CONFIRMED
_TERMINATED = State.TERMINATED

_GIVE_UP: Final = (_TERMINATED, (Do.TERMINATE, Do.INFORM_TU))
_END: Final = (_TERMINATED, (Do.TERMINATE,))

# A lost connection ends no client transaction, as a request that cannot be sent does (RFC 3261
# section 17.1.4): the peer may have read it, and answer on the connection that it opens next.
INVITE_CLIENT: Final = Machine(
    "INVITE client",  # RFC 6026 section 8.4, figure 5; CANCEL by RFC 3261 section 9.1
    inputs=(
        On.PROVISIONAL,
        On.SUCCESS,
        On.FAILURE,
        On.CANCEL,
        On.HUSH,
        On.TIMER_A,
        On.TIMER_B,
        On.TIMER_D,
        On.TIMER_M,
        On.TIMER_CANCEL,
        On.TRANSPORT_ERROR,
        On.FLOW_LOST,
    ),
    begins=(_CALLING, (Do.START_B, Do.START_A, Do.SEND_REQUEST)),
    rows={
        _CALLING: {
            On.PROVISIONAL: (_PROCEEDING, (Do.STOP_TIMERS, Do.SEND_HELD_CANCEL, Do.REPORT)),
            On.SUCCESS: (_ACCEPTED, (Do.STOP_TIMERS, Do.START_M, Do.REPORT)),
            On.FAILURE: (
                _COMPLETED,
                (Do.STOP_TIMERS, Do.START_D, Do.SEND_ACK, Do.REPORT_FINAL),
            ),
            # an INVITE that is taken back must not ring a phone that has not seen it yet
            On.CANCEL: (_CALLING, (Do.STOP_RETRANSMITTING, Do.HOLD_CANCEL)),
            On.HUSH: (_CALLING, (Do.STOP_RETRANSMITTING,)),
            On.TIMER_A: (_CALLING, (Do.DOUBLE_A, Do.RESEND_REQUEST)),
            On.TIMER_B: _GIVE_UP,
            On.TRANSPORT_ERROR: _GIVE_UP,
            On.FLOW_LOST: (_CALLING, (Do.REPORT_LOSS,)),
        },
        _PROCEEDING: {
            On.PROVISIONAL: (_PROCEEDING, (Do.REPORT,)),
            On.SUCCESS: (_ACCEPTED, (Do.STOP_TIMERS, Do.START_M, Do.REPORT)),
            On.FAILURE: (
                _COMPLETED,
                (Do.STOP_TIMERS, Do.START_D, Do.SEND_ACK, Do.REPORT_FINAL),
            ),
            On.CANCEL: (_PROCEEDING, (Do.SEND_CANCEL,)),
            # a UAS of RFC 2543 answers the CANCEL and never the INVITE
            On.TIMER_CANCEL: _GIVE_UP,
            On.TRANSPORT_ERROR: _GIVE_UP,
            On.FLOW_LOST: (_PROCEEDING, (Do.REPORT_LOSS,)),
        },
        _ACCEPTED: {
            On.SUCCESS: (_ACCEPTED, (Do.REPORT,)),
            On.TIMER_M: (_TERMINATED, (Do.TERMINATE, Do.LEAVE_TU)),
        },
        _COMPLETED: {
            On.FAILURE: (_COMPLETED, (Do.RESEND_ACK,)),
            On.TIMER_D: _END,
            # the TU has its final response: a lost ACK is nothing to it
            On.TRANSPORT_ERROR: _END,
        },
        _TERMINATED: {},
    },
)

NON_INVITE_CLIENT: Final = Machine(
    "non-INVITE client",  # RFC 3261 section 17.1.2, figure 6
    inputs=(
        On.PROVISIONAL,
        On.FINAL,
        On.HUSH,
        On.TIMER_E,
        On.TIMER_F,
        On.TIMER_K,
        On.TRANSPORT_ERROR,
        On.FLOW_LOST,
    ),
    begins=(_TRYING, (Do.START_F, Do.START_E, Do.SEND_REQUEST)),
    rows={
        _TRYING: {
            On.PROVISIONAL: (_PROCEEDING, (Do.REPORT,)),
            On.FINAL: (_COMPLETED, (Do.STOP_TIMERS, Do.START_K, Do.REPORT_FINAL)),
            On.HUSH: (_TRYING, (Do.STOP_RETRANSMITTING,)),
            On.TIMER_E: (_TRYING, (Do.DOUBLE_E, Do.RESEND_REQUEST)),
            On.TIMER_F: _GIVE_UP,
            On.TRANSPORT_ERROR: _GIVE_UP,
            On.FLOW_LOST: (_TRYING, (Do.REPORT_LOSS,)),
        },
        _PROCEEDING: {
            On.PROVISIONAL: (_PROCEEDING, (Do.REPORT,)),
            On.FINAL: (_COMPLETED, (Do.STOP_TIMERS, Do.START_K, Do.REPORT_FINAL)),
            On.HUSH: (_PROCEEDING, (Do.STOP_RETRANSMITTING,)),
            On.TIMER_E: (_PROCEEDING, (Do.SLOW_E, Do.RESEND_REQUEST)),
            On.TIMER_F: _GIVE_UP,
            On.TRANSPORT_ERROR: _GIVE_UP,
            On.FLOW_LOST: (_PROCEEDING, (Do.REPORT_LOSS,)),
        },
        _COMPLETED: {On.TIMER_K: _END},
        _TERMINATED: {},
    },
)

# A response that cannot be sent ends no server transaction (RFC 6026 section 8.8): repetitions
# of the request would be taken for new ones.  Nor is the TU told of it, or of timer H: there is
# nothing that a proxy or a registrar could do about a response that does not get through.
INVITE_SERVER: Final = Machine(
    "INVITE server",  # RFC 6026 section 8.6, figure 7
    inputs=(
        On.REQUEST,
        On.ACK,
        On.PROVISIONAL,
        On.SUCCESS,
        On.FAILURE,
        On.TIMER_G,
        On.TIMER_H,
        On.TIMER_I,
        On.TIMER_L,
        On.TRANSPORT_ERROR,
    ),
    begins=(_PROCEEDING, ()),
    rows={
        _PROCEEDING: {
            On.REQUEST: (_PROCEEDING, (Do.RESEND,)),
            On.PROVISIONAL: (_PROCEEDING, (Do.SEND,)),
            On.SUCCESS: (_ACCEPTED, (Do.START_L, Do.SEND_UNKEPT)),
            On.FAILURE: (_COMPLETED, (Do.START_H, Do.START_G, Do.EXPECT_ACK, Do.SEND)),
        },
        _ACCEPTED: {
            On.ACK: (_ACCEPTED, (Do.ACK_TO_TU,)),
            On.SUCCESS: (_ACCEPTED, (Do.SEND_UNKEPT,)),
            On.TIMER_L: _END,
        },
        _COMPLETED: {
            On.REQUEST: (_COMPLETED, (Do.RESEND,)),
            On.ACK: (_CONFIRMED, (Do.STOP_TIMERS, Do.START_I)),
            On.TIMER_G: (_COMPLETED, (Do.DOUBLE_G, Do.RESEND)),
            On.TIMER_H: _END,
        },
        _CONFIRMED: {On.TIMER_I: _END},
        _TERMINATED: {},
    },
)

NON_INVITE_SERVER: Final = Machine(
    "non-INVITE server",  # RFC 3261 section 17.2.2, figure 8; 100 and 408 by RFC 4320
    inputs=(
        On.REQUEST,
        On.PROVISIONAL,
        On.FINAL,
        On.REQUEST_TIMEOUT,
        On.TIMER_TRYING,
        On.TIMER_J,
        On.TRANSPORT_ERROR,
    ),
    begins=(_TRYING, (Do.START_TRYING,)),
    rows={
        _TRYING: {
            On.PROVISIONAL: (_PROCEEDING, (Do.STOP_TIMERS, Do.SEND)),
            On.FINAL: (_COMPLETED, (Do.STOP_TIMERS, Do.START_J, Do.SEND)),
            On.REQUEST_TIMEOUT: (_COMPLETED, (Do.STOP_TIMERS, Do.START_J)),
            On.TIMER_TRYING: (_PROCEEDING, (Do.SEND_TRYING,)),
        },
        _PROCEEDING: {
            On.REQUEST: (_PROCEEDING, (Do.RESEND,)),
            On.PROVISIONAL: (_PROCEEDING, (Do.SEND,)),
            On.FINAL: (_COMPLETED, (Do.START_J, Do.SEND)),
            On.REQUEST_TIMEOUT: (_COMPLETED, (Do.START_J, Do.FORGET_TRYING)),
        },
        _COMPLETED: {
            On.REQUEST: (_COMPLETED, (Do.RESEND,)),
            On.TIMER_J: _END,
        },
        _TERMINATED: {},
    },
)

MACHINES: Final = (INVITE_CLIENT, NON_INVITE_CLIENT, INVITE_SERVER, NON_INVITE_SERVER)
