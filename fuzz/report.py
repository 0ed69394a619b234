"""What a run found, in words."""

from __future__ import annotations

from collections import Counter

from fuzz.case import Case
from fuzz.classes import ALL
from fuzz.oracles import ORACLES, Oracles
from fuzz.run import Run
from fuzz.scene import Scene

_MOST_SHOWN = 20


def report(run: Run, seed: int, iterations: int) -> str:
    """Every oracle's outcome, what was measured, and the first failures."""
    oracles = run.oracles
    bad = Counter(failure.oracle for failure in oracles.failures)
    lines = [f"seed {seed}: {iterations} iterations, {_rate(run, iterations)}"]
    for name in ORACLES:
        clean = "clean" if oracles.checked[name] else "not seen"
        verdict = f"{bad[name]} FAILED" if bad[name] else clean
        lines.append(f"  {name:14} {verdict:10} {oracles.checked[name]:>8} checks")
    lines.append(
        f"  worst answer to a probe: {1000 * oracles.worst:.0f} ms, after {oracles.worst_after}"
    )
    lines += _levels(run)
    lines.append(f"  amplification: {_amplification(oracles)}")
    lines.append(
        f"  forwarded: {run.scene.forwarded}, pushes: {run.scene.pushes}, calls taken:"
        f" {run.scene.calls}, closed instead of answered:"
        f" {len(run.scene.closed)} {' '.join(run.scene.closed[:5])}"
    )
    most = ", ".join(f"{count} of {seed}:{n}" for n, count in run.scene.copies.most_common(3))
    lines.append(f"  most requests of one iteration: {most}")
    statuses = ", ".join(f"{status}: {n}" for status, n in sorted(oracles.statuses.items()))
    lines.append(f"  answers: {statuses}")
    missed = [one.__name__ for one in ALL if not run.kinds[one.__name__]]
    if missed and iterations >= 1000:
        lines.append(f"  classes that did not come: {', '.join(missed)}")
    lines += [str(failure) for failure in oracles.failures[:_MOST_SHOWN]]
    for name in dict.fromkeys(one.case for one in oracles.failures[:_MOST_SHOWN] if one.case):
        lines.append(
            f"again: python -m fuzz --transport {' '.join(run.scene.transports)} --replay {name}"
        )
    return "\n".join(lines)


def shown(case: Case, scene: Scene) -> str:
    """One case, to look at."""
    octets = case.octets(scene.places(b"192.0.2.1:9"))
    end = "" if case.transport == "udp" else f", cut in {case.cut.value}, then {case.end.value}"
    return f"{case.name}: {case.kind}, {case.transport} {case.sender.value}{end}\n{octets!r}"


def _rate(run: Run, iterations: int) -> str:
    return f"{iterations / run.seconds:.0f} a second" if run.seconds else "none"


def _levels(run: Run) -> list[str]:
    if run.watched is None:
        return []
    before, after = (size / (1 << 20) for size in run.memory)
    return [
        f"  memory: {before:.1f} MiB after the first half, {after:.1f} at the end",
        f"  descriptors: {run.descriptors[0]} and {run.descriptors[1]}",
    ]


def _amplification(oracles: Oracles) -> str:
    return ", ".join(
        f"{source} {oracles.received[source] / sent:.2f} ({sent} octets sent)"
        for source, sent in oracles.sent.items()
        if sent
    )
