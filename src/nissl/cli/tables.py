"""Tables on the command line: what their columns hold, and how those of a run are found again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from nissl.cli import console
from nissl.cli.messages import translate_message
from nissl.cli.runs import CONFIG, Found
from nissl.cli.source import Source, remembered
from nissl.core.tensor import Host
from nissl.datasets import Dataset
from nissl.datasets.columns import Columns
from nissl.datasets.dataset import make
from nissl.datasets.seen import Seen
from nissl.datasets.survey import Survey
from nissl.datasets.table import examine, read_like
from nissl.errors import ArgumentError
from nissl.i18n import grouped, mark
from nissl.i18n import translate as _

_NAMED = 3  # categories that are named on the screen
_KINDS = {
    "number": mark("number"),
    "unclear": mark("unclear"),
    "mixed": mark("mixed"),
    "category": mark("category"),
    "date": mark("date or time"),
    "text": mark("text"),
    "empty": mark("empty"),
}


def describe(place: Source) -> None:
    """Print what each column of a table holds, and how it will be used."""
    options = {key: value for key, value in place.options.items() if key in _EXAMINED}
    found = examine(place.place, **options)
    first = _("names of columns") if found.header else _("data; columns are called by number")
    console.pairs([(_("First line"), first), (_("Rows"), grouped(found.count))])
    console.note()
    titles = (_("Column"), _("Kind"), _("Different"), _("Missing"), _("Values"), _("Use"))
    rows = [
        [
            seen.name,
            _(_KINDS[seen.kind]),
            f"> {grouped(seen.limit or 0)}" if seen.many else grouped(len(seen.texts)),
            grouped(seen.missing[0]) if seen.missing[0] else "",
            _values(seen),
            _use(found, number),
        ]
        for number, seen in enumerate(found.columns)
    ]
    console.table(titles, rows, numbers=(2, 3))
    console.note()


_EXAMINED = ("target", "task", "header", "ignore", "category", "decimal", "encoding")


def _values(seen: Seen) -> str:
    if seen.kind == "number" and seen.decimal in seen.ranges:
        low, high = seen.ranges[seen.decimal]
        return f"{low:g} ... {high:g} {seen.unit}".rstrip()
    names = sorted(seen.texts)[:_NAMED]
    shown = ", ".join(name if len(name) <= 16 else f"{name[:15]}…" for name in names)
    return shown + (", ..." if len(seen.texts) > _NAMED else "")


def _use(found: Survey, place: int) -> str:
    seen = found.columns[place]
    if place == found.target:
        numeric = seen.kind in ("number", "mixed", "unclear")
        return _("target: values") if numeric else _("target: classes")
    if place in found.left_out:
        return _("ignored")
    if seen.kind in ("text", "date", "empty"):
        return _("left out")
    if seen.kind in ("mixed", "unclear") or seen.missing[0]:
        return _("an error")
    count = len(seen.texts) if seen.kind == "category" else 1
    return _("{count} features").format(count=count) if count > 1 else _("feature")


def say(notes: Iterable[str], error: bool = False) -> None:
    """Print what a reader should know of how data were read."""
    for note in notes:
        console.note(translate_message(note), error=error)


def columns_of(found: Found) -> Columns | None:
    """The columns that a run was trained on; ``None`` if its data were no table.

    Raises:
        FileFormatError: ``config.json`` is damaged.
    """
    saved = found.data.get("columns")
    return None if saved is None else Columns.from_dict(saved, found.path.with_name(CONFIG))


def read(place: Source, columns: Columns, own: bool) -> tuple[Host, Host]:
    """Samples and targets of a table that has the columns of a run's.

    Args:
        place: the table.
        columns: those of the run.
        own: whether it is the run's own table; notes are printed if it is not.
    """
    options = place.options
    target = None if own else options.get("target")
    if target is not None:
        columns = replace(columns, target=replace(columns.target, name=target))
    x, y, _lines, notes = read_like(
        place.place,
        columns,
        targets=True,
        header=columns.header if own else None,
        encoding=options.get("encoding"),
    )
    say(() if own else notes, error=True)
    return x, y


def load(place: Source, columns: Columns, own: bool = True) -> Dataset:
    """The same, divided into a training and a test part as the run's table was."""
    split: dict[str, Any] = {
        key: value for key, value in place.options.items() if key in ("test_fraction", "seed")
    }
    path, names = Path(place.place), columns.target.categories
    return make(path.stem, str(path), read(place, columns, own), class_names=names, **split)


def own(found: Found) -> Dataset:
    """The data that a run was trained on, divided as they were then."""
    place, columns = remembered(found), columns_of(found)
    return load(place, columns) if columns and place.is_table else place.load()


def check_options(place: Source, allowed: tuple[str, ...]) -> None:
    """Refuse options that have no meaning, because the columns are those of the run."""
    for name in place.options:
        if name not in allowed:
            raise ArgumentError(
                _("--{name} has no meaning here: the table is read as in training").format(
                    name=name.replace("_", "-")
                )
            )
