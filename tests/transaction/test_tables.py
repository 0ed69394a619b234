"""
Tests for :mod:`sippn.transaction.tables` and :mod:`sippn.transaction.machine`.

What holds of every machine, and the pictures.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from sippn.transaction import MACHINES, Action, Input, Machine, State, dot

PICTURES = Path(__file__).parents[2] / "docs" / "machines"
STARTS = {
    action for action in Action if action.name.startswith(("START", "DOUBLE", "SLOW", "STOP"))
}
SPEAKS = {Action.REPORT, Action.REPORT_FINAL, Action.REPORT_LOSS, Action.INFORM_TU}

every_machine = pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)


def steps_from(machine: Machine, state: State) -> set[State]:
    """Every state that one input leads to."""
    return {after for after, _ in machine.table[state].values()}


def reachable(machine: Machine, start: State) -> set[State]:
    """Every state that can follow *start*, itself included."""
    found, left = {start}, [start]
    while left:
        new = steps_from(machine, left.pop()) - found
        found |= new
        left += new
    return found


@every_machine
def test_every_state_is_reached(machine: Machine) -> None:
    """No row is dead."""
    assert reachable(machine, machine.begins[0]) == set(machine.table)


@every_machine
def test_every_state_can_end(machine: Machine) -> None:
    """RFC 3261 17: no state is for ever."""
    for state in machine.table:
        assert State.TERMINATED in reachable(machine, state)


@every_machine
def test_every_input_is_known_in_every_state(machine: Machine) -> None:
    """What comes late, twice or out of order breaks nothing."""
    for row in machine.table.values():
        assert set(row) == set(machine.inputs)


@every_machine
def test_every_input_matters_somewhere(machine: Machine) -> None:
    """Except a transport error of a server, which changes nothing (RFC 6026 8.8)."""
    mattering = {event for row in machine.rows.values() for event in row}
    assert set(machine.inputs) - mattering <= {Input.TRANSPORT_ERROR}


@every_machine
def test_nothing_happens_after_the_end(machine: Machine) -> None:
    """RFC 3261 17: destroyed the instant it enters Terminated."""
    for step in machine.table[State.TERMINATED].values():
        assert step == (State.TERMINATED, ())


@every_machine
def test_end_is_always_destruction(machine: Machine) -> None:
    """The action and the state belong together."""
    for row in machine.rows.values():
        for after, actions in row.values():
            assert (after is State.TERMINATED) == (Action.TERMINATE in actions)


@every_machine
def test_timers_come_first_and_the_tu_last(machine: Machine) -> None:
    """A TU that raises, or a flow that fails, leaves no transaction without its timer."""
    for row in machine.rows.values():
        for _, actions in row.values():
            ranks = [0 if each in STARTS else 2 if each in SPEAKS else 1 for each in actions]
            assert ranks == sorted(ranks)


def test_every_input_and_action_is_used() -> None:
    """The vocabulary has no word that no machine speaks."""
    steps = [step for each in MACHINES for row in each.rows.values() for step in row.values()]
    begins = [each.begins for each in MACHINES]
    assert {action for _, actions in (*steps, *begins) for action in actions} == set(Action)
    assert {event for each in MACHINES for event in each.inputs} == set(Input)


def test_states_are_those_of_the_figures() -> None:
    """RFC 6026 figures 5 and 7, RFC 3261 figures 6 and 8."""
    assert [" ".join(machine.table) for machine in MACHINES] == [
        "Calling Proceeding Accepted Completed Terminated",
        "Trying Proceeding Completed Terminated",
        "Proceeding Accepted Completed Confirmed Terminated",
        "Trying Proceeding Completed Terminated",
    ]


def file_of(machine: Machine) -> str:
    """The name of its picture."""
    return machine.name.lower().replace(" ", "-") + ".dot"


@every_machine
def test_picture_is_up_to_date(machine: Machine) -> None:
    """If not: ``python -m sippn.transaction docs/machines``."""
    assert (PICTURES / file_of(machine)).read_text() == dot(machine)


def test_pictures_are_drawn_by_the_command(tmp_path: Path) -> None:
    """The command that the test above names."""
    subprocess.run([sys.executable, "-m", "sippn.transaction", tmp_path], check=True)
    drawn = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert drawn == {file_of(machine): dot(machine) for machine in MACHINES}


def test_picture_has_an_edge_for_each_row() -> None:
    """The event over the action, as in the figures."""
    server = MACHINES[2]
    edge = '"Completed" -> "Confirmed" [label="ACK\\nstop timers\\nstart I"];'
    assert edge in dot(server)
    assert dot(server).count("->") == 1 + sum(map(len, server.rows.values()))
