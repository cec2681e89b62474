"""Every public function with wrong kinds of each argument: a result or an error of the tree.

Never NumPy's or Python's own exception, and never a fraction cut to a whole number.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterator
from types import FunctionType
from typing import Any

import numpy as np
import pytest

import nissl
from nissl.core.tensor import Tensor
from nissl.errors import NisslError

X = np.array([[0.5, 0.25, 0.75], [0.125, 1.0, 0.5]])
BITS = np.array([[1, 2, 3], [4, 5, 6]])

#: arguments by the name of the parameter, where they suit
USUAL: dict[str, Any] = {
    "x": X, "y": X, "axis": 0, "keepdims": False, "dtype": "float32", "shape": (3, 2), "like": X,
    "indices": [1, 0], "condition": X > 0.5, "min": 0.1, "max": 0.9, "k": 1, "descending": False,
    "stable": True, "correction": 0.0, "alpha": 1.0, "negative_slope": 0.2, "approximate": False,
    "start": 0, "stop": 5, "step": 1, "num": 3, "endpoint": True, "n_rows": 2, "n_cols": 3,
    "fill_value": 2.0, "requires_grad": False, "num_classes": 3, "length": 3, "values": X,
    "side": "left", "n": 1, "prepend": None, "append": None, "copy": None, "device": None,
    "include_initial": False, "repeats": 2, "repetitions": (1, 2), "shift": 1,
    "source": 0, "destination": 1, "axes": (1, 0), "tensors": [X, X], "pad_width": [(1, 1), (0, 2)],
    "constant_values": 0.0, "starts": (0, 0), "stops": (1, 2), "steps": (1, 1), "key": (0, 1),
    "updates": X, "subscripts": "ij,kj->ik", "operands": [X, X], "from_": "int8", "to": "int16",
    "type": "float32", "kind": "integral", "indexing": "xy", "dtypes": ["int8", "int16"],
    "n_times": 1,
}  # fmt: skip
#: where a function takes something else
OWN: dict[str, dict[str, Any]] = {
    "matmul": {"y": X.T}, "outer": {"x": X[0], "y": X[1]}, "one_hot": {"x": [0, 2], "axis": -1},
    "searchsorted": {"x": np.array([0.0, 0.5, 1.0])}, "squeeze": {"x": X[None]},
    "take_along_axis": {"indices": [[0, 1, 0]]}, "tensordot": {"y": X, "axes": ([0, 1], [0, 1])},
    "broadcast_to": {"shape": (4, 2, 3)},
    "eye": {"k": 0}, "meshgrid": {"tensors": [X[0], X[1]]}, "iinfo": {"type": "int8"},
    "bitwise_and": {"x": BITS, "y": BITS}, "bitwise_or": {"x": BITS, "y": BITS},
    "bitwise_xor": {"x": BITS, "y": BITS}, "bitwise_invert": {"x": BITS},
    "bitwise_left_shift": {"x": BITS, "y": BITS}, "bitwise_right_shift": {"x": BITS, "y": BITS},
}  # fmt: skip
#: take functions, programs or nothing; their own tests have their errors
NOT_OF_ARRAYS = {
    "Input", "check_grads", "custom_derivative", "default_float", "grad", "hessian", "hvp",
    "jacobian", "jit", "jvp", "linearize", "trace", "value_and_grad", "vjp",
}  # fmt: skip
#: numbers that may well have a fraction
REAL = {"x", "y", "condition", "min", "max", "correction", "alpha", "negative_slope", "start",
        "stop", "step", "fill_value", "constant_values", "values", "updates", "tensors",
        "operands", "prepend", "append"}  # fmt: skip

TAKES_ARRAYS = {("can_cast", "from_"), ("finfo", "type"), ("iinfo", "type"),
                ("result_type", "dtypes"), ("meshgrid", "tensors")}  # fmt: skip

WRONG: tuple[Any, ...] = (
    None, True, 0.5, -1.5, math.nan, math.inf, -7, 2**62, 2**70, -(2**70), 1j, "x", "", b"x", [],
    (), {}, {"a": 1}, {1, 2}, object(), len, int, [[1.0], [2.0, 3.0]], [[0, 1]], [0.5], ["x"],
    [None], [object()], (0, 0), (2**62, 2**62), (-1, -1), [True], np.array([0.5]), np.array(["x"]),
    np.float64(0.5), np.int64(-3), np.array(1), np.zeros((0, 3)), np.zeros(3, complex),
    slice(0, 1), Ellipsis, range(2), Tensor(np.array([0.5])), Tensor(np.array(1)), np.dtype("U1"),
    np.ones((1, 2, 3, 4), bool), iter([1]),
)  # fmt: skip
FRACTIONS: tuple[Any, ...] = (0.7, 1.5, -0.5, np.float32(1.5), np.array(0.5), Tensor(np.array(1.5)))


def functions() -> dict[str, Callable[..., Any]]:
    found = {name: getattr(nissl, name) for name in nissl.__all__}
    return {
        name: each
        for name, each in found.items()
        if isinstance(each, FunctionType) and name not in NOT_OF_ARRAYS
    }


def call_with(name: str) -> tuple[list[str], Callable[[dict[str, Any]], Any], dict[str, Any]]:
    """Names of the parameters, a way to call the function by them, and arguments that suit."""
    function = getattr(nissl, name)
    parameters = inspect.signature(function).parameters
    many = [p.name for p in parameters.values() if p.kind is p.VAR_POSITIONAL]
    given = {**USUAL, **OWN.get(name, {})}
    unknown = [each for each in parameters if each not in given]
    assert not unknown, f"{name}: give {unknown} in USUAL or OWN"

    def call(arguments: dict[str, Any]) -> Any:
        plain, named = [], dict(arguments)
        for each, parameter in parameters.items():
            if each in many:
                spread = named.pop(each)
                plain += spread if isinstance(spread, list) else [spread]
            elif parameter.kind is not parameter.KEYWORD_ONLY:
                plain.append(named.pop(each))
        return function(*plain, **named)

    suited = {each: given[each] for each in parameters}
    if name in ("asarray", "tensor"):
        suited["dtype"] = "float64"
    return list(parameters), call, suited


@pytest.fixture(autouse=True)
def _default() -> Iterator[None]:
    yield
    nissl.set_default_float("float32")


@pytest.mark.parametrize("name", functions())
def test_arguments_that_suit(name: str) -> None:
    _, call, suited = call_with(name)
    call(suited)


@pytest.mark.parametrize("name", functions())
def test_wrong_kinds_give_a_result_or_an_error_of_the_tree(name: str) -> None:
    parameters, call, suited = call_with(name)
    for parameter in parameters:
        for wrong in WRONG:
            try:
                call({**suited, parameter: wrong})
            except NisslError as error:
                assert len(str(error)) > 10
            except Exception as error:
                raise AssertionError(f"{name}: {parameter}={wrong!r:.60}") from error


@pytest.mark.parametrize("name", functions())
def test_fractions_are_not_cut(name: str) -> None:
    parameters, call, suited = call_with(name)
    for parameter in parameters:
        if parameter in REAL or (name, parameter) in TAKES_ARRAYS:
            continue
        shown = suited[parameter]
        for fraction in FRACTIONS:
            places = [fraction]
            if isinstance(shown, tuple | list):
                places += [type(shown)([fraction, *shown[1:]]), type(shown)([fraction] * 2)]
            for wrong in places:
                with pytest.raises(NisslError):
                    call({**suited, parameter: wrong})


# ---- keys, methods and variables -------------------------------------------------------------


def keys(wrong: Any) -> Iterator[Any]:
    """A wrong kind as a key, beside others, and as an end of a slice."""
    yield wrong
    for other in (0, slice(None), None, Ellipsis, [0, 1]):
        yield wrong, other
        yield other, wrong
    yield slice(wrong, None)
    yield slice(None, wrong)
    yield slice(None, None, wrong)


@pytest.mark.parametrize("held", [Tensor(X), nissl.Variable(X), Tensor(X[0, 0])])
def test_wrong_keys(held: Any) -> None:
    for wrong in WRONG:
        for key in keys(wrong):
            try:
                held[key]
            except NisslError:
                continue
            except Exception as error:
                raise AssertionError(f"x[{key!r:.60}]") from error


def test_fractions_in_keys_are_not_cut() -> None:
    for fraction in FRACTIONS:
        for key in (fraction, [fraction], slice(fraction, None), slice(None, None, fraction)):
            with pytest.raises(NisslError):
                Tensor(X)[key]


METHODS: dict[str, dict[str, Any]] = {
    "astype": {"dtype": "int8"}, "reshape": {"shape": (3, 2)},
    "sum": {"axis": 0, "keepdims": True, "dtype": "float64"},
    "mean": {"axis": 0, "keepdims": True}, "max": {"axis": 0, "keepdims": True},
    "min": {"axis": 0, "keepdims": True}, "backward": {"gradient": X}, "item": {}, "tolist": {},
    "numpy": {}, "detach": {}, "to_device": {"device": "cpu"},
}  # fmt: skip


@pytest.mark.parametrize("name", METHODS)
def test_wrong_arguments_of_methods(name: str) -> None:
    x = nissl.tensor(X, requires_grad=True) * 2
    suited = METHODS[name]
    for parameter in suited:
        for wrong in (*WRONG, *FRACTIONS):
            arguments = {**suited, parameter: wrong}
            try:
                if name == "reshape":
                    x.reshape(wrong)
                else:
                    getattr(x, name)(**arguments)
            except NisslError:
                continue
            except Exception as error:
                raise AssertionError(f"{name}({parameter}={wrong!r:.60})") from error
    for property_ in ("T", "mT", "shape", "dtype", "ndim", "size", "device"):
        getattr(x, property_)


@pytest.mark.parametrize(
    ("name", "parameter"), [(n, p) for n, each in METHODS.items() for p in each if p == "axis"]
)
def test_fractions_in_methods_are_not_cut(name: str, parameter: str) -> None:
    for fraction in FRACTIONS:
        with pytest.raises(NisslError):
            getattr(Tensor(X), name)(**{parameter: fraction})
        with pytest.raises(NisslError):
            Tensor(X).reshape(fraction)


def test_every_method_is_tried() -> None:
    public = {name for name in dir(Tensor) if isinstance(getattr(Tensor, name), FunctionType)}
    assert {name for name in public if not name.startswith("_")} - {"concrete"} == set(METHODS)


OPERATORS = ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "and", "or", "xor",
             "lshift", "rshift", "lt", "le", "gt", "ge", "eq", "ne", "contains")  # fmt: skip


@pytest.mark.parametrize("name", OPERATORS)
def test_operators_beside_wrong_kinds(name: str) -> None:
    for x in (Tensor(X), Tensor(BITS), Tensor(np.array(1.5))):
        for wrong in WRONG:
            for method in (f"__{name}__", f"__r{name}__"):
                try:
                    if hasattr(x, method):
                        getattr(x, method)(wrong)
                except NisslError:
                    continue
                except Exception as error:
                    raise AssertionError(f"{method}({wrong!r:.60})") from error


# ---- what takes functions --------------------------------------------------------------------

OF_FUNCTIONS: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
    "grad": (
        lambda a, **f: nissl.grad(**f)(a),
        {"a": 0.5, "function": nissl.sin, "argnums": 0, "has_aux": False},
    ),
    "value_and_grad": (
        lambda a, **f: nissl.value_and_grad(**f)(a),
        {"a": 0.5, "function": nissl.sin, "argnums": (0,), "has_aux": False},
    ),
    "jvp": (nissl.jvp, {"function": nissl.sin, "primals": (0.5,), "tangents": (1.0,)}),
    "vjp": (lambda f, a, c: nissl.vjp(f, a)[1](c), {"f": nissl.sin, "a": 0.5, "c": 1.0}),
    "linearize": (
        lambda f, a, t: nissl.linearize(f, a)[1](t),
        {"f": nissl.sin, "a": 0.5, "t": 1.0},
    ),
    "jacobian": (
        lambda a, **f: nissl.jacobian(**f)(a),
        {"a": X, "function": nissl.sin, "argnum": 0, "mode": "auto"},
    ),
    "hessian": (
        lambda a, **f: nissl.hessian(**f)(a),
        {"a": X, "function": nissl.sum, "argnum": 0},
    ),
    "hvp": (nissl.hvp, {"function": nissl.sum, "primals": X, "tangents": X}),
    "check_grads": (
        nissl.check_grads,
        {"function": nissl.sin, "args": [X], "order": 1, "modes": ("forward",), "step": 1e-3,
         "tolerance": 1e-6, "seed": 0},
    ),
    "trace": (nissl.trace, {"function": nissl.sin, "examples": X}),
    "jit": (
        lambda a, **f: nissl.jit(**f)(a),
        {"a": X, "function": nissl.sin, "static_argnums": (), "static_argnames": (),
         "donate_argnums": (), "engine": "numpy"},
    ),
    "custom_derivative": (lambda f, a: nissl.custom_derivative(f)(a), {"f": nissl.sin, "a": X}),
    "no_grad": (lambda f, a: nissl.no_grad()(f)(a), {"f": nissl.sin, "a": X}),
    "Aval": (nissl.Aval, {"shape": (2, 3), "dtype": "float32"}),
    "Variable": (nissl.Variable, {"initial_value": X, "trainable": True, "dtype": "float32"}),
    "assign": (lambda v: nissl.Variable(X).assign(v), {"v": X}),
}  # fmt: skip


@pytest.mark.parametrize("name", OF_FUNCTIONS)
def test_wrong_kinds_where_functions_are_taken(name: str) -> None:
    function, suited = OF_FUNCTIONS[name]
    function(*suited.values()) if name == "trace" else function(**suited)
    for parameter in suited:
        for wrong in (*WRONG, *FRACTIONS):
            if callable(wrong):
                continue  # what a function of the user's raises is the user's
            arguments = {**suited, parameter: wrong}
            try:
                function(*arguments.values()) if name == "trace" else function(**arguments)
            except NisslError:
                continue
            except Exception as error:
                if "positional argument" in str(error):
                    continue  # the user's function was given more or fewer than it takes
                raise AssertionError(f"{name}: {parameter}={wrong!r:.60}") from error
