"""Runs the rows in turn, each in a fresh process, and pools what they report."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks import environments
from benchmarks.works import Row, Work


@dataclass(frozen=True)
class Plan:
    """How much is run: rounds over all rows, timings a process, cores, and the data's file."""

    rounds: int
    repeats: int
    threads: int
    quick: bool
    data: Path | None
    scratch: Path
    timeout_s: float = 900.0


@dataclass
class Outcome:
    """What all processes of a row reported."""

    row: Row
    samples: list[float] = field(default_factory=list)
    cold_s: list[float] = field(default_factory=list)
    reports: list[dict[str, Any]] = field(default_factory=list)
    failure: str = ""

    @property
    def median(self) -> float:
        return statistics.median(self.samples)

    @property
    def agrees(self) -> bool:
        return all(report["agrees"] for report in self.reports)

    @property
    def valid(self) -> bool:
        """Whether it ran and did the same work as the others."""
        return bool(self.samples) and not self.failure and self.agrees


def run(work: Work, rows: list[Row], plan: Plan) -> list[Outcome]:
    """All rows once, then all rows again, as often as the plan says: A B C A B C."""
    outcomes = [Outcome(row) for row in rows]
    for number in range(1, plan.rounds + 1):
        for outcome in outcomes:
            if outcome.failure:
                continue
            print(f"  {work.name} round {number}: {outcome.row.name}", file=sys.stderr, flush=True)
            _once(work, outcome, plan)
    return outcomes


def _once(work: Work, outcome: Outcome, plan: Plan) -> None:
    row = outcome.row
    settings: dict[str, object] = {
        "epochs": row.quick_epochs if plan.quick else row.epochs,
        "repeats": 0 if work.measure == "peak_memory_mb" else plan.repeats,
    }
    if plan.data is not None:
        settings["data"] = str(plan.data)
    if plan.quick:
        settings["samples"] = 3_224  # a hundred batches of 32 and a last one of 24, as in the whole
    task = "fashion" if work.name == "memory" else work.name
    command = [str(environments.python(row.environment)), "-W", "ignore", "-m"]
    command += [f"benchmarks.peers.{row.module}", task, row.variant, json.dumps(settings)]
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            cwd=environments.ROOT,
            env=environments.child_environment(plan.threads, plan.scratch, row.variables),
            timeout=plan.timeout_s,
            preexec_fn=_pin(plan.threads),
        )
    except subprocess.TimeoutExpired:
        outcome.failure = f"took longer than {plan.timeout_s:.0f} s"
        return
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode or not lines:
        errors = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        outcome.failure = errors[-1] if errors else f"ended with status {done.returncode}"
        return
    report = json.loads(lines[-1])
    outcome.reports.append(report)
    outcome.cold_s += [report["cold_s"]] if "cold_s" in report else []
    found = report[work.measure]
    outcome.samples += found if isinstance(found, list) else [found]


def _pin(threads: int) -> Any:
    """Keeps the process on the first `threads` cores, where the system can."""
    if not hasattr(os, "sched_setaffinity"):
        return None
    cores = sorted(os.sched_getaffinity(0))[:threads]
    return lambda: os.sched_setaffinity(0, cores)
