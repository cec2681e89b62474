"""A fully connected network by its sizes: a picture, its layers, and what each computes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nissl.arguments import whole
from nissl.errors import ArgumentError, ShapeError
from nissl.explain.formulas import symbol
from nissl.explain.parts import Cell, Part, Table, Text, formula, table_of
from nissl.explain.quantities import Quantity, typed
from nissl.explain.report import Explanation
from nissl.i18n import grouped
from nissl.i18n import translate as _

__all__ = ["Network", "network"]

Array: TypeAlias = NDArray[Any]
Arrays: TypeAlias = "Sequence[ArrayLike | None] | None"

_LARGEST = 10**6  # units of a layer
_COLUMNS = 30
_MOST = 12  # rows and columns of a table of weights


@dataclass(frozen=True, eq=False)
class Network(Explanation):
    """A fully connected network. Made by :func:`network`.

    Attributes:
        sizes: inputs, and units of each layer.
        weights, biases: as for :func:`network`.
        bias: for each layer whether its units have a bias.
        most: units of a layer up to which each is drawn.
    """

    sizes: tuple[int, ...]
    weights: Sequence[ArrayLike] | None = None
    biases: Sequence[ArrayLike | None] | None = None
    bias: tuple[bool, ...] = ()
    most: int = 8

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {'-'.join(map(str, self.sizes))}>"

    def parameters(self, layer: int) -> int:
        """Return the number of weights and biases of a layer, counted from 1."""
        return (self.sizes[layer - 1] + self.bias[layer - 1]) * self.sizes[layer]

    def letter(self, layer: int) -> Cell:
        """Return what the units of a layer are called, as one symbol; layer 0 are the inputs."""
        last = len(self.sizes) - 1
        if layer in (0, last):
            return symbol("x", "i") if layer == 0 else symbol("y", "k")
        return symbol("z", "j", layer=layer if last > 2 else None)

    def parts(self) -> Iterator[Part]:
        """Yield what there is in each layer, and the formula of each."""
        layers = range(1, len(self.sizes))
        title = _("Fully connected network {sizes}").format(sizes="-".join(map(str, self.sizes)))
        yield Text(title, heading=True)
        yield table_of(
            [0, *layers],
            [
                (_("Layer"), self._name),
                (_("Units"), lambda layer: self.sizes[layer]),
                (_("Symbol"), self.letter),
                (_("Weights"), self._weights),
                (_("Parameters"), lambda layer: self.parameters(layer) if layer else None),
            ],
        )
        total = sum(map(self.parameters, layers))
        biases = sum(size for size, has in zip(self.sizes[1:], self.bias, strict=True) if has)
        said = _("Parameters: {total} = {weights} (weights) + {biases} (biases)")
        yield Text(
            said.format(
                total=grouped(total), weights=grouped(total - biases), biases=grouped(biases)
            )
        )
        for layer in layers:
            yield Text(f"{self._formula(layer)}")
        for layer, weights in enumerate(self._stacked(), start=1):
            if weights is not None:
                yield self._table(layer, weights)

    def quantities(self) -> Iterator[Quantity]:
        """Yield the numbers of weights and biases, and each of them by its name."""
        for layer, weights in enumerate(self._stacked(), start=1):
            step = _("layer {number}").format(number=layer)
            yield Quantity(step, f"parameters^({layer})", self.parameters(layer))
            for (i, j), value in np.ndenumerate(np.zeros((0, 0)) if weights is None else weights):
                if i or self.bias[layer - 1]:
                    name = symbol("w", j + 1, i, layer=layer).to_text()
                    yield Quantity(step, typed(name), float(value))

    def _stacked(self) -> Sequence[Array | None]:
        """For each layer its weights, shape ``(1 + before, here)``, as far as they are known."""
        return stacked("weights", self.sizes, self.weights, self.biases)

    def _table(self, layer: int, weights: Array) -> Table:
        """The weights of a layer: a row a unit, its bias first."""
        columns: list[Any] = [("", lambda j: formula(f"j = {j + 1}"))]
        for i in range(0 if self.bias[layer - 1] else 1, min(len(weights), _MOST)):
            columns.append((symbol("w", "j", i, layer=layer), lambda j, i=i: weights[i, j]))
        if len(weights) > _MOST:
            more = _("… {count} more inputs").format(count=grouped(len(weights) - _MOST))
            columns.append((more, lambda _j: None))
        title = _("Layer {number}: weights").format(number=layer)
        units = range(weights.shape[1])
        return table_of(units, columns, title=title, most=_MOST, given=True)

    def _name(self, layer: int) -> str:
        return layer_name(layer, self.sizes, ", ")

    def _weights(self, layer: int) -> Cell | str:
        if layer == 0:
            return ""
        shape = rf"{self.sizes[layer]} \times {self.sizes[layer - 1] + self.bias[layer - 1]}"
        return formula(rf"W^{{({layer})}}:\ {shape}")

    def _formula(self, layer: int) -> Cell:
        """``z_j = h(w_j0 + sum_i w_ji x_i)``."""
        last, own = layer == len(self.sizes) - 1, self.letter(layer)
        to, start = ("k", "j" if layer > 1 else "i") if last else ("j", "i")
        before = self.letter(layer - 1).latex.replace("_{j}", f"_{{{start}}}")
        weight = symbol("w", to, start, layer=layer).latex
        total = rf"\sum_{{{start}=1}}^{{{self.sizes[layer - 1]}}} {weight}\,{before}"
        if self.bias[layer - 1]:
            total = f"{symbol('w', to, 0, layer=layer).latex} + {total}"
        return formula(f"{own.latex} = h({total})")


def layer_name(place: int, sizes: Sequence[int], between: str) -> str:
    """Return what a column of neurons is called: inputs, or the number of the layer, from 1."""
    if place == 0:
        return _("inputs")
    name = _("layer {number}").format(number=place)
    return name + between + _("outputs") if place == len(sizes) - 1 else name


def network(
    sizes: Sequence[int] | str,
    weights: Sequence[ArrayLike] | None = None,
    biases: Sequence[ArrayLike | None] | None = None,
    *,
    bias: bool | None = None,
    most: int = 8,
) -> Network:
    """Show a fully connected feed-forward network by its sizes alone.

    Args:
        sizes: inputs, and units of each layer: ``[2, 4, 3]`` or ``"2,4,3"``.
        weights: for each layer an array of shape ``(before, here)``, a ``Dense`` layer's kernel;
            lines are then as wide as weights are large, and few weights are written on them.
        biases: for each layer an array of shape ``(here,)``, or ``None``.
        bias: whether units have a bias where ``biases`` tell none, drawn as a unit that is always
            1; by default if there are no ``weights``.
        most: units of a layer up to which each is drawn, at least 3.

    Raises:
        ArgumentError, ArgumentTypeError: these are no sizes, or not 2 to 30 of them.
        ShapeError: weights or biases of another shape.

    >>> print(network("2,4,3").to_markdown().splitlines()[-1])
    yₖ = h(wₖ₀⁽²⁾ + Σⱼ₌₁⁴ wₖⱼ⁽²⁾ zⱼ)
    """
    if isinstance(sizes, str):
        if not re.fullmatch(r"\s*\d{1,9}([\s,;-]+\d{1,9})*\s*", sizes, re.ASCII):
            raise ArgumentError(
                f"sizes are whole numbers with commas between, as in 2,4,3; not {sizes!r:.80}"
            )
        sizes = [int(each) for each in re.findall(r"\d+", sizes)]
    counts = tuple(whole("network", "sizes", n, least=1, most=_LARGEST) for n in sizes)
    if not 2 <= len(counts) <= _COLUMNS:
        raise ArgumentError(
            f"a network has inputs and 1 to {_COLUMNS - 1} layers, as in 2,4,3; not "
            f"{len(counts)} numbers"
        )
    stacked("weights", counts, weights, biases)
    wanted = weights is None if bias is None else bias
    has_bias = tuple(each is not None or wanted for each in biases or [None] * len(counts[1:]))
    return Network(counts, weights, biases, has_bias, whole("network", "most", most, least=3))


def stacked(
    name: str, counts: Sequence[int], kernels: Arrays, biases: Arrays
) -> Sequence[Array | None]:
    """For each layer bias and weights as one array of shape ``(1 + before, here)``, or ``None``."""
    for given in (kernels, biases):
        if given is not None and len(given) != len(counts) - 1:
            raise ShapeError(
                f"{name} and biases: {len(counts)} columns have {len(counts) - 1} layers of "
                f"weights between them, and {len(given)} were given"
            )
    if kernels is None:
        return [None] * (len(counts) - 1)
    found: list[Array] = []
    for place, (shape, given) in enumerate(zip(pairwise(counts), kernels, strict=True)):
        bias = None if biases is None else biases[place]
        kernel = np.asarray(given, np.float64)
        row = np.zeros(shape[1]) if bias is None else np.asarray(bias, np.float64)
        if kernel.shape != shape or row.shape != shape[1:]:
            raise ShapeError(
                f"{name}[{place}] between {shape[0]} and {shape[1]} neurons has shape {shape} and "
                f"its bias {shape[1:]}, not {kernel.shape} and {row.shape}"
            )
        found.append(np.concatenate([row[None], kernel]))
    return found
