"""What the transaction machines are made of: states, inputs, actions and how they are drawn."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeAlias

from attrs import field, frozen


class State(StrEnum):
    """The states, as the figures name them."""

    CALLING = "Calling"
    TRYING = "Trying"
    PROCEEDING = "Proceeding"
    ACCEPTED = "Accepted"
    COMPLETED = "Completed"
    CONFIRMED = "Confirmed"
    TERMINATED = "Terminated"


class Input(StrEnum):
    """What can happen to a transaction."""

    REQUEST = "request"
    ACK = "ACK"
    PROVISIONAL = "1xx"
    SUCCESS = "2xx"
    FAILURE = "300-699"
    FINAL = "200-699"
    REQUEST_TIMEOUT = "408"
    CANCEL = "CANCEL"
    HUSH = "hush"
    TIMER_A = "Timer A"
    TIMER_B = "Timer B"
    TIMER_D = "Timer D"
    TIMER_E = "Timer E"
    TIMER_F = "Timer F"
    TIMER_G = "Timer G"
    TIMER_H = "Timer H"
    TIMER_I = "Timer I"
    TIMER_J = "Timer J"
    TIMER_K = "Timer K"
    TIMER_L = "Timer L"
    TIMER_M = "Timer M"
    TIMER_CANCEL = "64*T1 since CANCEL"
    TIMER_TRYING = "Timer E at T2"
    TRANSPORT_ERROR = "Transport Err."
    FLOW_LOST = "flow lost"


class Action(StrEnum):
    """
    What a transaction does about it.

    In a list of actions timers come first, and what can fail or answer back last: a TU
    that raises leaves no transaction behind that never ends.
    """

    START_A = "start A"
    START_B = "start B"
    START_D = "start D"
    START_E = "start E"
    START_F = "start F"
    START_G = "start G"
    START_H = "start H"
    START_I = "start I"
    START_J = "start J"
    START_K = "start K"
    START_L = "start L"
    START_M = "start M"
    START_TRYING = "start 100"
    DOUBLE_A = "2 * A"
    DOUBLE_E = "min(2 * E, T2)"
    DOUBLE_G = "min(2 * G, T2)"
    SLOW_E = "E = T2"
    STOP_RETRANSMITTING = "stop retransmitting"
    STOP_TIMERS = "stop timers"
    SEND_REQUEST = "request sent"
    RESEND_REQUEST = "request sent again"
    SEND_ACK = "ACK sent"
    RESEND_ACK = "ACK sent again"
    EXPECT_ACK = "expect ACK"
    HOLD_CANCEL = "hold CANCEL"
    SEND_HELD_CANCEL = "held CANCEL sent"
    SEND_CANCEL = "CANCEL sent"
    REPORT = "resp. to TU"
    REPORT_FINAL = "last resp. to TU"
    REPORT_LOSS = "lost flow to TU"
    INFORM_TU = "inform TU"
    SEND_TRYING = "100 sent"
    SEND = "response sent"
    SEND_UNKEPT = "response sent, not kept"
    RESEND = "response sent again"
    FORGET_TRYING = "100 forgotten"
    ACK_TO_TU = "ACK to TU"
    LEAVE_TU = "TU let go"
    TERMINATE = "destroy"


Step: TypeAlias = tuple[State, tuple[Action, ...]]
Table: TypeAlias = Mapping[State, Mapping[Input, Step]]


@frozen
class Machine:
    """
    One machine.

    :ivar begins: the first state, and what is done on entering it.
    :ivar rows: state to input to (next state, actions), as far as an input changes anything.
    :ivar table: the same for every input in every state: nothing that comes late breaks it.
    """

    name: str
    inputs: tuple[Input, ...]
    begins: Step
    rows: Table
    table: Table = field(init=False)

    @table.default
    def _total(self) -> Table:
        return {
            state: {event: row.get(event, (state, ())) for event in self.inputs}
            for state, row in self.rows.items()
        }


def dot(machine: Machine) -> str:
    """
    Draw *machine* for Graphviz: the event over the action, as the figures have it.

    Inputs that change nothing are left out.
    """
    lines = [f'digraph "{machine.name}" {{', '    node [shape=box, fontname="sans-serif"];']
    lines += ['    edge [fontname="sans-serif", fontsize=10];', '    "" [shape=none];']
    state, actions = machine.begins
    lines.append(_edge("", state, "request", actions))
    for state, row in machine.rows.items():
        lines += [_edge(state, after, event, done) for event, (after, done) in row.items()]
    return "\n".join((*lines, "}", ""))


def _edge(before: str, after: str, event: str, actions: tuple[Action, ...]) -> str:
    done = "".join(f"\\n{action}" for action in actions) or "\\n-"
    return f'    "{before}" -> "{after}" [label="{event}{done}"];'
