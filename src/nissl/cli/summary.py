"""``nissl summary``: the layers of a trained network, and how it was trained."""

from __future__ import annotations

from typing import Any

from nissl import explain
from nissl.cli import console, runs
from nissl.cli.commands import Command
from nissl.cli.showing import Showing
from nissl.cli.words import RUN, option
from nissl.errors import ArgumentError
from nissl.i18n import grouped
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


def show_layers(model: Any) -> None:
    """Print a table of the layers with their activations, output shapes and parameters."""
    from nissl.explain.diagrams.blocks import activation_name
    from nissl.models.summary import summary_rows

    rows: list[list[str]] = []
    for row in summary_rows(model):
        named = activation_name(model.get_layer(row.name))
        shape = "?" if row.output_shape is None else " x ".join(map(str, row.output_shape[1:]))
        rows.append([row.name, row.kind, named, shape, grouped(row.params)])
    titles = (_("Layer"), _("Kind"), _("Activation"), _("Output of one sample"), _("Parameters"))
    console.table(titles, rows, numbers=(4,))
    trained = sum(weight.size for weight in model.trainable_weights)
    console.note(
        _("Parameters: {total}, of which {trained} are trained").format(
            total=grouped(model.count_params()), trained=grouped(trained)
        )
    )


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
