"""`python -m benchmarks`: see README.md beside this file."""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any

from benchmarks import environments, report, runner
from benchmarks.environments import BenchmarkError
from benchmarks.works import WORKS, Row

RESULTS = Path(__file__).with_name("results")
BUSY = 0.5  # processes that already run, on average over the last minute
NEEDS_DATA = {"fashion", "memory"}


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    peers = sorted({row.peer for work in WORKS.values() for row in work.rows})
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--works", nargs="+", choices=list(WORKS), default=list(WORKS))
    parser.add_argument("--peers", nargs="+", choices=peers, default=peers)
    parser.add_argument("--rounds", type=int, default=3, help="times each row's process is run")
    parser.add_argument(
        "--repeats", type=int, default=3, help="timings in a process, after one cold"
    )
    parser.add_argument("--threads", type=int, default=2, help="cores that each process may use")
    parser.add_argument("--quick", action="store_true", help="one small round: does it all run?")
    parser.add_argument("--data", type=Path, help="Fashion-MNIST .npz instead of Nissl's loader")
    parser.add_argument("--json", type=Path, help="where the record goes (benchmarks/results/)")
    parser.add_argument("--setup-only", action="store_true", help="make the environments and stop")
    options = parser.parse_args(arguments)
    if min(options.rounds, options.repeats, options.threads) < 1:
        parser.error("--rounds, --repeats and --threads must be 1 or more")
    return options


def _data(given: Path | None) -> Path:
    if given is not None:
        if not given.is_file():
            raise BenchmarkError(f"--data {given}: no such file")
        return given.resolve()
    path = environments.HOME / "data" / "fashion_mnist.npz"
    if path.is_file():
        return path
    environments.ensure("nissl")
    path.parent.mkdir(parents=True, exist_ok=True)
    command = [str(environments.python("nissl")), "-m", "benchmarks.fashion_data", str(path)]
    done = subprocess.run(
        command, cwd=environments.ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise BenchmarkError(f"Fashion-MNIST could not be had:\n{done.stderr.strip()}")
    return path


def main(arguments: list[str] | None = None) -> int:
    """Run what is asked; 1 when a row failed or gave another result than the rest."""
    options = _parse(arguments)
    chosen: dict[str, list[Row]] = {
        name: [row for row in WORKS[name].rows if row.peer in options.peers]
        for name in options.works
    }
    for name in sorted({row.environment for rows in chosen.values() for row in rows}):
        environments.ensure(name)
    needs_data = any(chosen[name] for name in NEEDS_DATA & chosen.keys())
    data = _data(options.data) if needs_data else None
    if options.setup_only:
        return 0
    host = report.machine()
    print(f"{host['processor']}, {host['cores']} cores, {host['system']}, commit {host['commit']}")
    if host["load_before"] > BUSY:
        print(f"the machine is busy (load {host['load_before']:.2f}): trust no number of this run")
    good, found = True, dict[str, Any]()
    with tempfile.TemporaryDirectory(prefix="nissl-benchmarks-") as scratch:
        plan = runner.Plan(
            rounds=1 if options.quick else options.rounds,
            repeats=1 if options.quick else options.repeats,
            threads=options.threads,
            quick=options.quick,
            data=data,
            scratch=Path(scratch),
        )
        target = options.json or RESULTS / f"{datetime.now():%Y%m%d-%H%M%S}.json"
        for name, rows in chosen.items():
            outcomes = runner.run(WORKS[name], rows, plan)
            good = good and all(outcome.valid for outcome in outcomes)
            found[name] = report.record(WORKS[name], outcomes)
            print("\n" + report.table(found[name]) + "\n", flush=True)
            report.write(target, plan, host, found)
    print(f"record: {target}")
    return 0 if good else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except BenchmarkError as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        sys.exit(2)
