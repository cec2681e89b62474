"""The table that a person reads and the record that a program reads."""

from __future__ import annotations

import json
import math
import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.runner import Outcome, Plan
from benchmarks.works import Work


def record(work: Work, outcomes: list[Outcome]) -> dict[str, Any]:
    """All that was measured at a work, with ratios to Nissl and a verdict."""
    subject = next((o for o in outcomes if o.row.kind == "nissl" and o.valid), None)
    rows: list[dict[str, Any]] = []
    for outcome in outcomes:
        entry: dict[str, Any] = {"name": outcome.row.name, "kind": outcome.row.kind}
        if outcome.samples:
            entry |= {
                "median": outcome.median,
                "min": min(outcome.samples),
                "max": max(outcome.samples),
                "samples": outcome.samples,
                "cold_s": outcome.cold_s,
                "agrees": outcome.agrees,
                "reports": outcome.reports,
            }
            if subject is not None:
                entry["nissl_is_better_by"] = outcome.median / subject.median
        if outcome.failure:
            entry["failure"] = outcome.failure
        rows.append(entry)
    return {
        "title": work.title,
        "unit": work.unit,
        "measure": work.measure,
        "rows": rows,
        "verdict": _verdict(work, outcomes, subject),
    }


def _verdict(work: Work, outcomes: list[Outcome], subject: Outcome | None) -> dict[str, Any]:
    if subject is None:
        return {"reached": "not measured", "floor": work.floor, "aim": work.aim}
    value = subject.median
    verdict: dict[str, Any] = {"floor": work.floor, "aim": work.aim}
    if not work.relative:
        reached = "aim" if value <= work.aim else "floor" if value <= work.floor else "below floor"
        return verdict | {"value": value, "reached": reached}
    for kind in ("peer", "bound"):
        others = [o for o in outcomes if o.row.kind == kind and o.valid]
        if others:
            best = min(others, key=lambda o: o.median)
            verdict[f"fastest_{kind}"] = best.row.name
            verdict[f"ratio_to_fastest_{kind}"] = best.median / value
    ratio = verdict.get("ratio_to_fastest_peer", math.nan)
    if math.isnan(ratio):
        return verdict | {"reached": "no peer measured"}
    reached = "aim" if ratio >= work.aim else "floor" if ratio >= work.floor else "below floor"
    return verdict | {"value": ratio, "reached": reached}


def table(found: dict[str, Any]) -> str:
    """The rows of `record`, the best first, as aligned text."""
    memory = found["measure"] == "peak_memory_mb"
    show = (lambda value: f"{value:,.0f} MB") if memory else _duration
    head = ["", f"median a {found['unit']}", "min", "max", "first fit", "nissl better by", "note"]
    lines: list[list[str]] = []
    rows = found["rows"]
    for row in sorted(rows, key=lambda row: row.get("median", math.inf)):
        if "median" not in row:
            lines.append([row["name"], "-", "", "", "", "", f"failed: {row['failure']}"])
            continue
        cold = _duration(row["cold_s"][0]) if row["cold_s"] else ""
        ratio = row.get("nissl_is_better_by")
        lines.append(
            [
                row["name"],
                *(show(row[key]) for key in ("median", "min", "max")),
                cold,
                "" if ratio in (None, 1.0) else f"{ratio:.3g}x",
                _note(row),
            ]
        )
    return "\n".join([found["title"], *_align([head, *lines]), _summary(found["verdict"])])


def _note(row: dict[str, Any]) -> str:
    if "failure" in row:
        return f"failed: {row['failure']}"
    if not row["agrees"]:
        return "OTHER RESULT: not compared"
    return "bound" if row["kind"] == "bound" else ""


def _summary(verdict: dict[str, Any]) -> str:
    parts = [f"{verdict['reached']} (floor {verdict['floor']:g}, aim {verdict['aim']:g})"]
    for kind in ("peer", "bound"):
        if f"fastest_{kind}" in verdict:
            name, ratio = verdict[f"fastest_{kind}"], verdict[f"ratio_to_fastest_{kind}"]
            parts.append(f"{ratio:.3g}x the fastest {kind}, {name}")
    return "=> " + "; ".join(parts)


def _duration(seconds: float) -> str:
    for scale, unit in ((1.0, "s"), (1e-3, "ms"), (1e-6, "us")):
        if seconds >= scale:
            return f"{seconds / scale:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def _align(lines: list[list[str]]) -> list[str]:
    widths = [max(len(line[k]) for line in lines) for k in range(len(lines[0]))]
    texts: list[str] = []
    for line in lines:
        cells = [line[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(line[1:-1], widths[1:-1], strict=True)]
        texts.append("  ".join([*cells, line[-1]]).rstrip())
    return texts


def machine() -> dict[str, Any]:
    """What a reader needs to judge the numbers: processor, cores, system, commit."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "load_before": os.getloadavg()[0],
        "system": platform.platform(),
        "python": platform.python_version(),
        "commit": _commit(),
    }


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.is_file() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _commit() -> str:
    command = ["git", "describe", "--always", "--dirty"]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=Path(__file__).parent
    )
    return done.stdout.strip() or "unknown"


def write(path: Path, plan: Plan, host: dict[str, Any], works: dict[str, Any]) -> None:
    """Write the record beside and rename it, so that no reader sees half of it."""
    whole = {
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": host,
        "settings": {
            "rounds": plan.rounds,
            "repeats": plan.repeats,
            "threads": plan.threads,
            "quick": plan.quick,
        },
        "works": works,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(path.name + ".part")
    beside.write_text(json.dumps(whole, indent=1) + "\n")
    beside.replace(path)
