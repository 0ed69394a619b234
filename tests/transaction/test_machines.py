"""
Every machine, in every state, with every input: generated from the tables.

The tables say what should be done; here a real transaction does it, in a real layer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sippn.errors import TransportError
from sippn.sip import response_to, write
from sippn.transaction import (
    INVITE_CLIENT,
    INVITE_SERVER,
    MACHINES,
    NON_INVITE_CLIENT,
    Action,
    Input,
    Machine,
    State,
)
from sippn.transaction.requests import cancel_of
from sippn.transaction.transaction import Transaction

if TYPE_CHECKING:
    from tests.transaction.conftest import World

STATUS = {
    Input.PROVISIONAL: 100,
    Input.SUCCESS: 200,
    Input.FAILURE: 404,
    Input.FINAL: 200,
}
SENDS = {
    Action.SEND_REQUEST,
    Action.RESEND_REQUEST,
    Action.SEND_ACK,
    Action.RESEND_ACK,
    Action.SEND_CANCEL,
    Action.SEND,
    Action.SEND_UNKEPT,
    Action.SEND_TRYING,
    Action.RESEND,
}
TELLS = {Action.REPORT, Action.REPORT_FINAL, Action.REPORT_LOSS, Action.INFORM_TU}
REPEATS = {
    Action.START_A,
    Action.START_E,
    Action.START_G,
    Action.DOUBLE_A,
    Action.DOUBLE_E,
    Action.DOUBLE_G,
    Action.SLOW_E,
}
RUNS = {action for action in Action if action.name.startswith("START")} - REPEATS


def path_to(machine: Machine, goal: State) -> list[Input]:
    """The shortest way, by inputs that need no timer where possible."""
    ways: dict[State, list[Input]] = {machine.begins[0]: []}
    left = [machine.begins[0]]
    while goal not in ways:
        state = left.pop(0)
        for event, (after, _) in machine.table[state].items():
            if after not in ways:
                ways[after] = [*ways[state], event]
                left.append(after)
    return ways[goal]


def begin(world: World, machine: Machine) -> Transaction:
    """A transaction that runs *machine*, from the layer."""
    method = "INVITE" if machine in (INVITE_CLIENT, INVITE_SERVER) else "MESSAGE"
    request = world.request(method)
    if machine in (INVITE_CLIENT, NON_INVITE_CLIENT):
        transaction: Transaction = world.sends(request)
    else:
        transaction = world.takes(request)._machine
    assert transaction.state is machine.begins[0]
    return transaction


def feed(world: World, machine: Machine, transaction: Transaction, event: Input) -> None:
    """What the event would be about, and the event."""
    message: object = None
    request = world.request("INVITE")
    if event in STATUS:
        response = response_to(request, STATUS[event], to_tag="b")
        client = machine in (INVITE_CLIENT, NON_INVITE_CLIENT)
        message = response if client else (response, write(response))
    elif event is Input.TIMER_TRYING:
        message = request
    elif event is Input.CANCEL:
        message = cancel_of(request, "")
    elif event is Input.TRANSPORT_ERROR:
        message = TransportError("lost")
    transaction.feed(event, message)


EVERY_STEP = [
    pytest.param(machine, state, event, id=f"{machine.name}-{state}-{event}".replace(" ", "_"))
    for machine in MACHINES
    for state in machine.table
    for event in machine.inputs
]


@pytest.mark.parametrize(("machine", "state", "event"), EVERY_STEP)
def test_step_is_that_of_the_table(
    world: World, machine: Machine, state: State, event: Input
) -> None:
    """The next state, and every effect of the actions: no less, no more."""
    transaction = begin(world, machine)
    for earlier in path_to(machine, state):
        feed(world, machine, transaction, earlier)
    assert transaction.state is state
    sent, heard = len(world.flow.sent), len(world.tu.heard)
    repeating, timer = transaction._repeating, transaction._timer
    silent = not transaction._octets
    feed(world, machine, transaction, event)

    after, actions = machine.table[state][event]
    done = set(actions)
    assert transaction.state is after
    sends = done & SENDS - ({Action.RESEND} if silent else set())
    assert len(world.flow.sent) - sent == len(sends)
    assert len(world.tu.heard) - heard == len(done & TELLS)
    check_timers(transaction, done, repeating, timer)
    assert (transaction._key in transaction._table) == (after is not State.TERMINATED)


def check_timers(
    transaction: Transaction, done: set[Action], repeating: object, timer: object
) -> None:
    """What was started runs, what was stopped does not, and the rest is as it was."""
    if done & REPEATS:
        assert transaction._repeating is not None
        assert transaction._repeating is not repeating
    elif done & {Action.STOP_RETRANSMITTING, Action.STOP_TIMERS, Action.TERMINATE}:
        assert transaction._repeating is None
    else:
        assert transaction._repeating is repeating
    if done & RUNS or Action.SEND_CANCEL in done:
        assert transaction._timer is not None
        assert transaction._timer is not timer
        assert transaction._timer.running
    elif done & {Action.STOP_TIMERS, Action.TERMINATE}:
        assert transaction._timer is None
    else:
        assert transaction._timer is timer


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)
@pytest.mark.parametrize("reliable", [False, True])
def test_any_two_inputs_end_in_time(world: World, machine: Machine, reliable: bool) -> None:
    """However it got there, an hour later it is over, unless its TU has yet to answer."""
    waits_for_ever = {State.PROCEEDING, State.TRYING}
    for first in machine.inputs:
        for second in machine.inputs:
            world.flow_of(reliable=reliable)
            transaction = begin(world, machine)
            feed(world, machine, transaction, first)
            feed(world, machine, transaction, second)
            state = transaction.state
            world.clock.pump([8] * 15)
            if state in waits_for_ever and machine is not NON_INVITE_CLIENT:
                assert transaction.state in waits_for_ever | {State.TERMINATED}
            else:
                assert transaction.state is State.TERMINATED
