"""Checking derivatives against the function itself, by the Taylor test and the adjoint identity."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from nissl import arguments
from nissl.autodiff.forward import jvp
from nissl.autodiff.reverse import vjp
from nissl.core import dtypes, tree
from nissl.core.functions import asarray
from nissl.core.kinks import singular
from nissl.core.program import equations_behind
from nissl.core.tensor import Tensor
from nissl.errors import GradientError

__all__ = ["check_grads"]


def _draw(like: Tensor, rng: np.random.Generator) -> Tensor:
    return Tensor(np.asarray(rng.standard_normal(like.shape), dtypes.float64))


def _flat(result: Any) -> np.ndarray[Any, Any]:
    leaves = [np.ravel(asarray(leaf).numpy()) for leaf in tree.flatten(result)[0]]
    return np.concatenate(leaves).astype(np.float64) if leaves else np.zeros(0)


def _difference(
    function: Callable[..., Any], point: list[Tensor], direction: list[Tensor], step: float
) -> np.ndarray[Any, Any]:
    """Central difference with one Richardson extrapolation: an error of order step**4."""

    def slope(h: float) -> np.ndarray[Any, Any]:
        ahead = [x + t * h for x, t in zip(point, direction, strict=True)]
        behind = [x - t * h for x, t in zip(point, direction, strict=True)]
        return (_flat(function(*ahead)) - _flat(function(*behind))) / (2 * h)

    return (4 * slope(step / 2) - slope(step)) / 3


def _compare(what: str, found: Any, wanted: Any, tolerance: float, why: Callable[[], str]) -> None:
    scale = max(1.0, float(np.max(np.abs(wanted), initial=0.0)))
    error = float(np.max(np.abs(found - wanted), initial=0.0)) / scale
    if not error <= tolerance:
        raise GradientError(
            f"{what}: relative error {error:.2e} is above {tolerance:.0e}; "
            f"derivative {np.ravel(found)[:4]}, differences {np.ravel(wanted)[:4]}{why()}"
        )


def _kink(function: Callable[..., Any], point: list[Tensor]) -> str:
    """Say which op stands at a kink, where differences say nothing of what is taken; or nothing."""
    leaves = [Tensor(x.numpy()) for x in point]
    for leaf in leaves:
        leaf.requires_grad = True
    outputs = [asarray(each) for each in tree.flatten(function(*leaves))[0]]
    for equation in equations_behind(outputs):
        found = singular(equation)
        if found is not None:
            return (
                f"; the op {equation.op.name} stands at a point without a derivative "
                f"({found.kind}: {found.taken}): check beside it"
            )
    return ""


def check_grads(
    function: Callable[..., Any],
    args: Sequence[Any],
    order: int = 1,
    modes: Sequence[str] = ("forward", "reverse"),
    step: float = 1e-3,
    tolerance: float = 1e-6,
    seed: int = 0,
) -> None:
    """Raise :class:`~nissl.errors.GradientError` unless the derivatives of a function are right.

    In float64 and along a random direction: forward mode against extrapolated central differences,
    reverse mode against forward by the adjoint identity ``<u, J t> = <J^T u, t>``; and the same of
    the derivative itself, up to ``order``.

    Args:
        function: any function of floating tensors.
        args: the point, tensors or arrays; cast to float64.
        order: how many times to differentiate, 1 to 8.
        modes: which of ``"forward"`` and ``"reverse"`` to check.
        step: step of the differences.
        tolerance: largest error, relative to the largest derivative (or 1, if that is smaller).
        seed: of the random directions.

    >>> import nissl
    >>> nissl.check_grads(nissl.sin, [0.5], order=2)
    """
    who = "check_grads"
    arguments.function(who, "function", function)
    order = arguments.whole(who, "order", order, least=1, most=8)
    step = arguments.number(who, "step", step, above=0)
    tolerance = arguments.number(who, "tolerance", tolerance, above=0)
    modes = [
        arguments.one_of(who, "modes", each, ("forward", "reverse"))
        for each in arguments.several(who, "modes", modes)
    ]
    rng = np.random.default_rng(arguments.whole(who, "seed", seed, least=0))
    point = [asarray(x, dtypes.float64) for x in arguments.several(who, "args", args)]
    direction = [_draw(x, rng) for x in point]
    numeric = _difference(function, point, direction, step)
    name = getattr(function, "__name__", "function")

    def why() -> str:
        return _kink(function, point)

    if "forward" in modes:
        found = _flat(jvp(function, point, direction)[1])
        _compare(f"forward derivative of {name}", found, numeric, tolerance, why)
    if "reverse" in modes:
        value, pull = vjp(function, *point)
        leaves, structure = tree.flatten(value)
        weights = [_draw(asarray(leaf), rng) for leaf in leaves]
        pulled = pull(tree.unflatten(structure, weights))
        left = float(np.dot(_flat(weights), numeric))
        right = float(np.dot(_flat(list(pulled)), _flat(direction)))
        found = np.asarray(right)
        _compare(f"reverse derivative of {name}", found, np.asarray(left), tolerance, why)
    if order > 1:
        for mode in modes:
            derivative = _along(function, direction) if mode == "forward" else _back(function, seed)
            derivative.__name__ = f"{mode} derivative of {name}"
            check_grads(derivative, point, order - 1, modes, step, tolerance, seed + 1)


def _along(function: Callable[..., Any], direction: list[Tensor]) -> Callable[..., Any]:
    def derivative(*args: Tensor) -> Any:
        return jvp(function, args, direction)[1]

    return derivative


def _back(function: Callable[..., Any], seed: int) -> Callable[..., Any]:
    def derivative(*args: Tensor) -> Any:
        value, pull = vjp(function, *args)
        leaves, structure = tree.flatten(value)
        rng = np.random.default_rng(seed)
        weights = [_draw(asarray(leaf), rng) for leaf in leaves]
        return list(pull(tree.unflatten(structure, weights)))

    return derivative
