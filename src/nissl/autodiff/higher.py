"""Jacobians, Hessians and products with them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from nissl import arguments
from nissl.autodiff.forward import jvp, linearize
from nissl.autodiff.reverse import grad, vjp
from nissl.core.functions import asarray, reshape, stack, zeros
from nissl.core.tensor import Tensor
from nissl.errors import ArgumentError

__all__ = ["jacobian", "hessian", "hvp"]


def _basis(like: Tensor) -> list[Tensor]:
    """The unit vectors of the space of ``like``."""
    eye = np.eye(like.size, dtype=like.dtype)
    return [Tensor(row.reshape(like.shape)) for row in eye]


def jacobian(
    function: Callable[..., Any], argnum: int = 0, mode: str = "auto"
) -> Callable[..., Tensor]:
    """Return a function that gives the matrix of all first derivatives.

    Its result has the shape of the output followed by the shape of the argument:
    ``J[i..., j...] = d output[i...] / d argument[j...]``.

    Args:
        function: takes and returns one tensor (at ``argnum``, for several arguments).
        argnum: which argument to differentiate by.
        mode: ``"forward"`` costs one sweep an input element, ``"reverse"`` one an output element,
            ``"auto"`` takes the cheaper.

    >>> import nissl
    >>> nissl.jacobian(lambda x: x * x)(nissl.tensor([1.0, 2.0])).tolist()
    [[2.0, 0.0], [0.0, 4.0]]
    """
    arguments.function("jacobian", "function", function)
    arguments.one_of("jacobian", "mode", mode, ("auto", "forward", "reverse"))
    place = arguments.whole("jacobian", "argnum", argnum)

    def differentiated(*args: Any) -> Tensor:
        def of_one(x: Tensor) -> Any:
            given = list(args)
            given[place] = x
            return function(*given)

        if not -len(args) <= place < len(args):
            raise ArgumentError(f"jacobian: argnum names argument {place} of {len(args)}")
        x = asarray(args[place])
        if mode == "forward":
            return _forward(of_one, x)
        value, pull_back = vjp(of_one, x)
        _check_one(value)
        if mode == "auto" and x.size < value.size:
            return _forward(of_one, x)
        if not value.size:
            return zeros((*value.shape, *x.shape), x.dtype)
        rows = [pull_back(unit)[0] for unit in _basis(value)]
        return reshape(stack(rows), (*value.shape, *x.shape))

    return differentiated


def _check_one(value: Any) -> None:
    if not isinstance(value, Tensor):
        raise ArgumentError("jacobian: the function must return one tensor")


def _forward(function: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    value, push = linearize(function, x)
    _check_one(value)
    columns = [push(unit) for unit in _basis(x)]
    if not columns:
        return zeros((*value.shape, *x.shape), x.dtype)
    return reshape(stack(columns, axis=value.ndim), (*value.shape, *x.shape))


def hessian(function: Callable[..., Any], argnum: int = 0) -> Callable[..., Tensor]:
    """Return a function that gives the matrix of second derivatives, forward over reverse.

    >>> import nissl
    >>> nissl.hessian(lambda x: nissl.sum(x ** 3))(nissl.tensor([1.0, 2.0])).tolist()
    [[6.0, 0.0], [0.0, 12.0]]
    """
    return jacobian(grad(function, argnum), argnum, mode="forward")


def hvp(function: Callable[..., Any], primals: Any, tangents: Any) -> Any:
    """Return the Hessian of a one-number function times a direction, without the Hessian.

    Forward over reverse: the cost of a few gradients (Pearlmutter 1994).

    Args:
        function: one-number function of a tensor or container.
        primals: the point.
        tangents: the direction, of the same nesting, shapes and dtypes.
    """
    return jvp(grad(function), (primals,), (tangents,))[1]
