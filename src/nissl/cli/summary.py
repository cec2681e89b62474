"""``nissl summary``: the layers of a trained network, and how it was trained."""

from __future__ import annotations

from nissl import explain
from nissl.cli import console, runs
from nissl.cli.commands import Command
from nissl.cli.showing import Showing
from nissl.cli.words import RUN, option
from nissl.errors import ArgumentError
from nissl.i18n import translate as _
from nissl.plots import metric_name


def summary(run: str, showing: Showing, neurons: bool = False) -> None:
    """Show a model."""
    if neurons and not showing.output:
        raise ArgumentError(_("--neurons is for the picture; say where to draw it, with -o FILE"))
    found = runs.find(run)
    told = explain.diagram(found.load(), neurons=neurons)
    alone = showing.printed != "table"
    if not alone:
        console.note(str(found.path), "bold")
        console.note()
    showing.show(told)
    if found.config and not alone:
        console.note()
        console.pairs(_told(found))


def _told(found: runs.Found) -> list[tuple[str, str]]:
    """What a run's config says, as far as it does."""
    states = {
        "finished": _("finished"),
        "interrupted": _("interrupted"),
        "failed": _("failed"),
        "training": _("still training, or ended without a word"),
    }
    config, settings = found.config, dict(found.config.get("settings") or {})
    results = dict(config.get("results") or {})
    rows = [
        (_("State"), states.get(str(config.get("status")), "?")),
        (_("Data"), str(found.data.get("name", "?"))),
        (_("Command"), str(config.get("command", "?"))),
        (_("Optimizer"), str(settings.get("optimizer", "?"))),
        (_("Learning rate"), str(settings.get("learning_rate", "?"))),
        (_("Batch size"), str(settings.get("batch_size", "?"))),
        (_("Epochs"), str(results.get("epochs", settings.get("epochs", "?")))),
        (_("Seed"), str(settings.get("seed", "?"))),
    ]
    tested = dict(results.get("test") or {})
    rows += [
        (_("{metric} on the test data").format(metric=metric_name(name)), f"{tested[name]:.4f}")
        for name in ("accuracy", "loss", "mean_absolute_error")
        if isinstance(tested.get(name), float)
    ]
    return rows


SUMMARY = Command(
    "summary",
    "Show the layers of a trained network, and how it was trained.",
    ("summary demo-run", "summary demo-run -o model.svg"),
    {"run": RUN, "neurons": option("", "Draw single neurons, and weights as lines.")},
    summary,
)
