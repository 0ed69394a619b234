"""Octets that a push binding takes."""

from __future__ import annotations

from functools import partial

from bench.load.line import line_to
from bench.measures.measure import Measure
from bench.plan import Plan
from bench.report.figures import Case, Figure, counts
from bench.servers.setup import Setup, Subject, start


def _held(plan: Plan, subject: Subject) -> list[Figure]:
    number = plan.sizes.held
    with start(subject, Setup(), plan.scratch) as server, line_to(server.port) as line:
        empty = server.pss()
        loaded = line.load(number)
        grown = server.pss() - empty
    return [
        Figure("octets a binding (Pss)", grown / max(1, loaded.ok), 0, ratio=True),
        Figure("MiB of an empty server (Pss)", empty / 2**20),
        *counts(loaded.ok, loaded.lost + loaded.refused),
    ]


def _cases(plan: Plan) -> list[Case]:
    title = f"memory, {plan.sizes.held:,} push bindings"
    return [Case(title, plan.registrars(), partial(_held, plan))]


MEMORY = Measure("memory", "octets a push binding", _cases, lambda sizes: sizes.rounds)
