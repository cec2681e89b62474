"""Weights in a file, in the lecture's order: a row a unit, ``w_j0`` (its bias), ``w_j1``, ...

CSV has an empty line between layers, and what follows ``#`` is a remark; JSON is a list of layers,
each a list of rows; NPZ has an array a layer, in the order of the numbers in their names.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nissl.cli.words import Kind, option
from nissl.datasets.files import read_bytes, read_npz
from nissl.errors import DataError, FileFormatError
from nissl.files import user_path
from nissl.i18n import mark
from nissl.i18n import translate as _

Array = NDArray[np.float64]
ENDINGS = (".csv", ".json", ".npz")
_MOST_BYTES = 1 << 26
ORDER = mark(
    "the lecture's order is wanted: layer by layer a row for each unit j, its bias w_j0 first, "
    "then w_j1, w_j2, ... of its inputs"
)
TURNED = mark("; its columns are units, as in Keras: turn it, rows are units here")


@dataclass(frozen=True, eq=False)
class Weights:
    """The weights of a network.

    Attributes:
        path: the file that they are from.
        layers: those of each layer, shape ``(units, 1 + inputs)``.
    """

    path: Path
    layers: tuple[Array, ...]

    @property
    def sizes(self) -> list[int]:
        """The numbers of units, inputs first."""
        return [self.layers[0].shape[1] - 1, *map(len, self.layers)]

    def check(self, sizes: Sequence[int]) -> None:
        """Refuse a network of other sizes."""
        if list(sizes) == self.sizes:
            return
        said = _("{path} has the weights of a {found} network, and a {wanted} network is wanted")
        found, wanted = ("-".join(map(str, each)) for each in (self.sizes, sizes))
        told = said.format(path=self.path, found=found, wanted=wanted)
        if self.layers[0].shape == (sizes[0] + 1, sizes[1]):
            told += _(TURNED)
        raise DataError(f"{told}; {_(ORDER)}")

    def model(self, activation: str = "tanh", output_activation: str | None = None) -> Any:
        """Make a model in float64."""
        made = dense(self.sizes, activation, output_activation)
        made.set_weights([part for each in self.layers for part in (each[:, 1:].T, each[:, 0])])
        return made


def dense(sizes: Sequence[int], activation: str, output_activation: str | None) -> Any:
    """Make a fully connected model in float64, of new weights."""
    from nissl.layers import Dense, Input
    from nissl.models import Sequential

    stack: list[Any] = [Input((sizes[0],))]
    for place, units in enumerate(sizes[1:-1], start=1):
        stack.append(Dense(units, activation, dtype="float64", name=f"hidden_{place}"))
    stack.append(Dense(sizes[-1], output_activation, dtype="float64", name="output"))
    return Sequential(stack)


def read(file: str) -> Weights:
    """Read a file of weights.

    Raises:
        FileFormatError: the file holds something else.
        DataError: a layer does not fit the one before.
    """
    path = user_path(file)
    kind = path.suffix.lower()
    if kind not in ENDINGS:
        raise FileFormatError(
            _("{path}: weights are read from {endings} files").format(
                path=path, endings=" ".join(ENDINGS)
            )
        )
    if kind == ".npz":
        found = read_npz(path)
        layers: Any = [found[name] for name in sorted(found, key=_numbered)]
    else:
        content = read_bytes(path, limit=_MOST_BYTES)
        try:
            text = content.decode("utf-8-sig")
            layers = json.loads(text) if kind == ".json" else _csv(text)
        except (ValueError, RecursionError) as error:
            raise _broken(path, str(error)) from error
    if isinstance(layers, dict):
        layers = list(layers.values())
    if not isinstance(layers, list) or not layers:
        raise _broken(path, _("there are no layers in it"))
    arrays = [_array(path, number, each) for number, each in enumerate(layers, start=1)]
    for number, (before, here) in enumerate(pairwise(arrays), start=2):
        if here.shape[1] != len(before) + 1:
            raise DataError(_unfit(path, number, here.shape, len(before)))
    return Weights(path, tuple(arrays))


def _numbered(name: str) -> tuple[int, str]:
    digits = re.findall(r"\d+", name)
    return (int(digits[-1]) if digits else 0), name


def _csv(text: str) -> list[list[list[float]]]:
    """Layers of rows; a semicolon between numbers allows commas in them."""
    layers: list[list[list[float]]] = [[]]
    semicolons = ";" in text
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.partition("#")[0].strip().replace("−", "-")
        if not words:
            if layers[-1] and not line.strip():
                layers.append([])
            continue
        parts = words.replace(",", ".").split(";") if semicolons else re.split(r"[,\t]", words)
        try:
            layers[-1].append([float(part) for part in parts])
        except ValueError as error:
            said = _("line {line}: {problem}").format(line=number, problem=error)
            raise ValueError(said) from error
    return [layer for layer in layers if layer]


def _array(path: Path, number: int, layer: Any) -> Array:
    array: Array = np.zeros(0)
    with contextlib.suppress(TypeError, ValueError):
        array = np.asarray(layer, np.float64)
    if array.ndim != 2 or array.shape[1] < 2:
        raise _broken(path, _("layer {number} is no table of numbers").format(number=number))
    if not np.isfinite(array).all():
        raise _broken(path, _("layer {number} has a NaN or an infinity").format(number=number))
    return array


def _broken(path: Path, problem: str) -> FileFormatError:
    return FileFormatError(f"{path}: {problem}; {_(ORDER)}")


def _unfit(path: Path, number: int, shape: tuple[int, ...], inputs: int) -> str:
    """What is wrong with a layer of so many inputs, and what it looks like instead."""
    said = _(
        "{path}: layer {number} has rows of {found} numbers, and {inputs} inputs need {wanted}"
    )
    told = said.format(path=path, number=number, found=shape[1], inputs=inputs, wanted=inputs + 1)
    guess = ""
    if shape[0] == inputs + 1:
        guess = _(TURNED)
    elif shape[1] == inputs:
        guess = _("; the biases w_j0 may be missing")
    elif shape[0] == inputs:
        guess = _("; it may be from Keras, turned and without biases")
    return f"{told}{guess}; {_(ORDER)}"


WEIGHTS = option(
    "FILE",
    "Weights, from a .csv, .json or .npz file in the lecture's order: a row a unit, its bias "
    "w_j0 first, then w_j1, w_j2, ...; in CSV an empty line between layers.",
    Kind(str, lambda _option, file: read(file)),
)
