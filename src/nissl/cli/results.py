"""How good a trained network is on a part of its data: numbers, tables, pictures."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nissl import plots
from nissl.cli import console, runs
from nissl.errors import DataError
from nissl.files import writing
from nissl.i18n import grouped
from nissl.i18n import translate as _

Array = NDArray[Any]
WORST = 20  # mistakes in the picture
_TABLE_CLASSES = 50  # classes up to which each has a line on the screen


@dataclass(frozen=True, eq=False)
class Results:
    """What a model makes of samples whose targets are known.

    Attributes:
        task: ``"classification"`` or ``"regression"``.
        x: samples, shape ``(N, ...)``.
        y: class numbers of shape ``(N,)``, or values of shape ``(N, values)``.
        outputs: probabilities of shape ``(N, classes)``, or values of shape ``(N, values)``.
        class_names: the name of each class.
        loss: mean cross-entropy, or mean squared error.
    """

    task: str
    x: Array
    y: Array
    outputs: Array
    class_names: tuple[str, ...]
    loss: float

    # ---- classification ----------------------------------------------------------------------
    @property
    def predicted(self) -> Array:
        """The class of the greatest probability for each sample."""
        return self.outputs.argmax(axis=1)

    @property
    def matrix(self) -> Array:
        """How often each true class (row) was taken for each class (column)."""
        count = len(self.class_names)
        cells = self.y.astype(np.int64) * count + self.predicted
        return np.bincount(cells, minlength=count * count).reshape(count, count)

    def worst(self) -> Array:
        """Indices of the wrongly classified samples, lowest probability of the truth first."""
        wrong = np.flatnonzero(self.predicted != self.y)
        truth = self.outputs[wrong, self.y[wrong].astype(np.int64)]
        return wrong[np.argsort(truth, kind="stable")]

    # ---- both --------------------------------------------------------------------------------
    def numbers(self) -> dict[str, float]:
        """The results by name, as ``config.json`` has them."""
        found: dict[str, float] = {"samples": len(self.y), "loss": self.loss}
        if self.task == "classification":
            found["accuracy"] = float(np.mean(self.predicted == self.y))
            return found
        errors = self.outputs.astype(np.float64) - self.y
        spread = float(np.sum((self.y - self.y.mean(axis=0, dtype=np.float64)) ** 2))
        found["root_mean_squared_error"] = float(np.sqrt(np.mean(errors**2)))
        found["mean_absolute_error"] = float(np.mean(np.abs(errors)))
        if spread > 0:
            found["r2"] = 1 - float(np.sum(errors**2)) / spread
        return found


def measure(model: Any, x: Array, y: Array, task: str, class_names: Sequence[str]) -> Results:
    """Evaluate a model on samples.

    Raises:
        DataError: the targets do not fit the model's outputs.
    """
    width = int(model.output_shape[-1])
    if task == "classification":
        if y.max() >= width:
            raise DataError(
                _("the data have {classes} classes, and the model tells {outputs} apart").format(
                    classes=int(y.max()) + 1, outputs=width
                )
            )
        names = [*class_names, *(str(number) for number in range(len(class_names), width))][:width]
    else:
        names = []
        y = y.reshape(len(y), -1).astype(np.float32)
        if y.shape[1] != width:
            raise DataError(
                _("the data have {values} targets a sample, the model gives {outputs}").format(
                    values=y.shape[1], outputs=width
                )
            )
    outputs = model.predict(x, verbose=0)
    loss = model.evaluate(x, y, verbose=0, return_dict=True)["loss"]
    return Results(task, x, y, outputs, tuple(names), float(loss))


# ---- on the screen ---------------------------------------------------------------------------
def show(results: Results) -> None:
    """Print the results as tables."""
    numbers = results.numbers()
    samples = int(numbers["samples"])
    if results.task == "classification":
        right = int((results.predicted == results.y).sum())
        share = _("{share} ({right} of {total} right)").format(
            share=f"{100 * numbers['accuracy']:.2f}%", right=grouped(right), total=grouped(samples)
        )
        console.pairs([(_("Accuracy"), share), (_("Loss"), f"{results.loss:.4f}")])
        if len(results.class_names) <= _TABLE_CLASSES:
            console.note()
            _show_classes(results)
        return
    rows = [
        (_("Samples"), grouped(samples)),
        (_("Mean absolute error"), f"{numbers['mean_absolute_error']:.5g}"),
        (_("Root mean squared error"), f"{numbers['root_mean_squared_error']:.5g}"),
    ]
    if "r2" in numbers:
        rows.append((_("R² (1 is perfect, 0 as good as the mean)"), f"{numbers['r2']:.4f}"))
    console.pairs(rows)


def _show_classes(results: Results) -> None:
    matrix = results.matrix
    taken = matrix.copy()
    np.fill_diagonal(taken, 0)
    rows: list[list[str]] = []
    for place, name in enumerate(results.class_names):
        right, true, guessed = matrix[place, place], matrix[place].sum(), matrix[:, place].sum()
        other = int(taken[place].argmax())
        often = f"{results.class_names[other]} ({taken[place, other]})"
        rows.append(
            [
                name,
                grouped(true),
                f"{100 * right / true:.1f}%" if true else "-",
                f"{100 * right / guessed:.1f}%" if guessed else "-",
                often if taken[place, other] else "-",
            ]
        )
    titles = (_("Class"), _("Samples"), _("Recall"), _("Precision"), _("Most often taken for"))
    console.table(titles, rows, numbers=(1, 2, 3))


# ---- in files --------------------------------------------------------------------------------
def write(results: Results, folder: Path) -> list[tuple[str, str]]:
    """Draw the results into a run folder, and return each file with what it shows."""
    if results.task == "regression":
        plots.save(plots.regression(results.y, results.outputs), folder / runs.REGRESSION)
        return [(runs.REGRESSION, _("predicted against true values, and the errors"))]
    plots.save(plots.confusion(results.matrix, results.class_names), folder / runs.CONFUSION)
    files = [(runs.CONFUSION, _("confusion matrix: which class is taken for which"))]
    if is_picture(results.x.shape[1:]):
        plots.save(_worst_picture(results), folder / runs.MISTAKES)
        files.append((runs.MISTAKES, _("the worst mistakes, as pictures")))
    else:
        _write_mistakes(results, folder / runs.MISTAKES_TABLE)
        files.append((runs.MISTAKES_TABLE, _("the mistakes, worst first, as a table")))
    return files


def is_picture(shape: Sequence[int]) -> bool:
    """Whether one sample of this shape can be shown as a picture."""
    return len(shape) == 2 or (len(shape) == 3 and shape[-1] in (1, 3))


def _worst_picture(results: Results) -> Any:
    wrong = results.worst()
    chosen = wrong[:WORST]
    names = results.class_names
    guesses = results.predicted[chosen]
    return plots.mistakes(
        results.x[chosen],
        [names[int(number)] for number in results.y[chosen]],
        [names[int(number)] for number in guesses],
        results.outputs[chosen, guesses].tolist(),
        total=len(wrong),
        samples=len(results.y),
    )


def _write_mistakes(results: Results, path: Path) -> None:
    """A line for each mistake: which test sample, truth, guess, probability, and its numbers."""
    names = results.class_names
    flat = results.x.reshape(len(results.x), -1)
    columns = [f"x{number}" for number in range(1, flat.shape[1] + 1)]
    with writing(path) as beside, beside.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["sample", "true", "predicted", "probability", *columns])
        for index in results.worst():
            guess = int(results.predicted[index])
            table.writerow(
                [
                    int(index),
                    names[int(results.y[index])],
                    names[guess],
                    f"{results.outputs[index, guess]:.4f}",
                    *flat[index].tolist(),
                ]
            )
