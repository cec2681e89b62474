"""NumPy's own functions called on tensors: ``np.sin(t)``, ``array + t``, ``np.mean(t)``.

An elementwise function that Nissl has too is Nissl's, and gives a tensor; so an array on the left
of an operator does. Any other function is NumPy's, on the tensor's value, and gives what NumPy
gives: unless the tensor is abstract or a derivative may be taken of it, which NumPy would lose.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nissl.core.operators import late
from nissl.core.tensor import Tensor
from nissl.errors import AbstractValueError, GraphError

# NumPy's names for what the Array API, and so Nissl, names otherwise
RENAMED: dict[str, str] = {
    "absolute": "abs",
    "arccos": "acos",
    "arccosh": "acosh",
    "arcsin": "asin",
    "arcsinh": "asinh",
    "arctan": "atan",
    "arctan2": "atan2",
    "arctanh": "atanh",
    "concatenate": "concat",
    "cumprod": "cumulative_prod",
    "cumsum": "cumulative_sum",
    "invert": "bitwise_invert",
    "left_shift": "bitwise_left_shift",
    "power": "pow",
    "right_shift": "bitwise_right_shift",
    "rint": "round",
    "transpose": "permute_dims",
}
_OTHERWISE = {"heaviside", "spacing"}  # the same name for something else
# what these return has no derivative, or is not of numbers
_HARMLESS = {
    "allclose", "argmax", "argmin", "argsort", "array2string", "array_equal", "array_equiv",
    "array_repr", "array_str", "count_nonzero", "isclose", "may_share_memory", "nonzero", "save",
    "savetxt", "savez", "savez_compressed", "searchsorted", "shares_memory",
}  # fmt: skip
# these ask for shape and dtype only, which abstract tensors have too
_FORM = {"empty_like", "full_like", "iscomplexobj", "isrealobj", "ndim", "ones_like",
         "result_type", "shape", "size", "zeros_like"}  # fmt: skip


def call_ufunc(ufunc: Any, method: str, args: Sequence[Any], options: Mapping[str, Any]) -> Any:
    """Apply an elementwise function of NumPy to arguments among which are tensors."""
    name: str = ufunc.__name__
    ours = RENAMED.get(name, name)
    offered = name not in _OTHERWISE and ours in late.functions.__all__
    if offered and method == "__call__" and not options:
        return getattr(late.functions, ours)(*args)
    run = ufunc
    if method != "__call__":
        run, name, ours = getattr(ufunc, method), f"{name}.{method}", ""
    return run(*_values(name, ours, args), **_values(name, ours, options))


def call_function(function: Any, args: Any, options: Any) -> Any:
    """Call any other function of NumPy on arguments among which are tensors."""
    name: str = function.__name__
    if name in _FORM:
        return function(*_mapped(_form, args), **_mapped(_form, options))
    if name in _HARMLESS:
        plain = _mapped(lambda t: t.concrete(f"np.{name}'s argument"), (args, options))
        return function(*plain[0], **plain[1])
    ours = RENAMED.get(name, name)
    return function(*_values(name, ours, args), **_values(name, ours, options))


def _values(name: str, ours: str, given: Any) -> Any:
    """The values of all tensors, or why NumPy must not have one of them."""

    def value(tensor: Tensor) -> Any:
        known = ours in late.functions.__all__
        instead = f"nissl.{ours} keeps it; " if known else ""
        if tensor.is_abstract:
            instead = f"use nissl.{ours}, or " if known else ""
            raise AbstractValueError(
                f"np.{name} was given an abstract tensor {tensor.aval!r}, which inside jit, fit or "
                f"trace has no value yet; {instead}run the function without jit"
            )
        if tensor.tracked:
            raise GraphError(
                f"np.{name} would lose the derivative of a tensor of shape {tensor.shape}; "
                f"{instead}give x.numpy() where only the value is wanted"
            )
        return tensor.numpy()

    return _mapped(value, given)


def _form(tensor: Tensor) -> Any:
    """An array of the same shape and dtype that takes no memory."""
    return np.broadcast_to(np.zeros((), tensor.dtype), tensor.shape)


def _mapped(change: Any, given: Any) -> Any:
    """Apply ``change`` to each tensor in lists, tuples and dictionaries."""
    if isinstance(given, Tensor):
        return change(given)
    if hasattr(given, "__nissl_tensor__"):
        return change(given.__nissl_tensor__())
    if type(given) in (list, tuple):
        return type(given)(_mapped(change, each) for each in given)
    if isinstance(given, dict):
        return {key: _mapped(change, each) for key, each in given.items()}
    return given
