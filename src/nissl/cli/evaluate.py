"""``nissl evaluate``: how good a trained network is on data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from nissl.cli import console, results, runs, source, tables
from nissl.cli.commands import Command
from nissl.cli.words import RUN, argument, option
from nissl.core.tensor import Host
from nissl.errors import UnknownNameError
from nissl.i18n import grouped
from nissl.i18n import translate as _


def evaluate(
    run: str,
    data: str | None = None,
    part: str | None = None,
    as_json: bool = False,
    **reading: Any,
) -> None:
    """Evaluate a model."""
    if part not in (None, *source.PARTS):
        raise UnknownNameError("part", str(part), source.PARTS)
    found = runs.find(run)
    model = found.load()
    place = None if data is None else source.given(data, **reading)
    name, wanted, x, y, kind, names = _samples(found, place, part)
    measured = results.measure(model, x, y, kind, names)
    if as_json:
        print(json.dumps({"data": name, "part": wanted, **measured.numbers()}))
        return
    parts = {"train": _("training part"), "test": _("test part"), "all": _("all samples")}
    console.pairs(
        [(_("Model"), str(found.path)), (_("Data"), f"{name}, {parts[wanted]}: {grouped(len(x))}")]
    )
    console.note()
    results.show(measured)


def _samples(
    found: runs.Found, place: source.Source | None, part: str | None
) -> tuple[str, str, Host, Host, str, tuple[str, ...]]:
    """Name, part, samples, targets, task and names of classes of what is measured."""
    columns = tables.columns_of(found)
    own = place is None or place.place == found.data.get("place")
    table = columns is not None and (place is None or place.is_table)
    if place is not None and table:
        tables.check_options(place, ("encoding", *(() if own else ("target", "test_fraction"))))
    if own or place is None:
        kept = source.remembered(found)
        place = source.Source(kept.place, {**kept.options, **(place.options if place else {})})
    wanted = part or ("test" if own or place.published else "all")
    if columns is not None and table and not own and wanted == "all":
        x, y = tables.read(place, columns, own)
        task = "classification" if columns.target.categories else "regression"
        return Path(place.place).stem, wanted, x, y, task, columns.target.categories
    loaded = tables.load(place, columns, own) if columns and table else place.load()
    x, y = source.part(loaded, next(each for each in source.PARTS if each == wanted))
    if loaded.task == "classification":
        y = source.renumbered(y, loaded.class_names, found.class_names, loaded.name)
    names = source.shown_names(found.class_names or loaded.class_names, place.place)
    return loaded.name, wanted, x, y, loaded.task, names


EVALUATE = Command(
    "evaluate",
    "Measure a trained network on its test data, or on other data.",
    ("evaluate demo-run",),
    {
        "run": RUN,
        "data": argument("DATA", "Name or path of data; by default those of the run."),
        "part": option(
            "PART", "train, test or all; by default test, and all of own data other than the run's."
        ),
        **{
            name: source.READING[name]
            for name in ("target", "task", "size", "colour", "test_fraction", "encoding")
        },
        "as_json": option("", "Print the results as JSON.", flags="--json"),
    },
    evaluate,
    shows=False,
)
