"""jit: the same numbers as without it, for every way of passing, nesting and differentiating.

The oracle is NumPy, written out by hand; how often a function is traced is counted by the function
itself.
"""

from __future__ import annotations

import gc
import sys
import weakref
from typing import Any, NamedTuple

import numpy as np
import pytest

import nissl
from nissl.core.program import Program
from nissl.engine import get_engine
from nissl.errors import (
    AbstractValueError,
    ArgumentError,
    ArgumentTypeError,
    EngineError,
    NisslError,
    ShapeError,
    UnknownNameError,
)

ENGINES = ("numpy", "xla")


class Pair(NamedTuple):
    left: Any
    right: Any


class Counted:
    """A function that counts how often it is run, which under jit is how often it is traced."""

    def __init__(self, function: Any) -> None:
        self.function = function
        self.count = 0

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self.count += 1
        return self.function(*args, **kwargs)


def close(found: Any, wanted: Any, rtol: float = 1e-6) -> None:
    np.testing.assert_allclose(np.asarray(found), wanted, rtol=rtol, atol=1e-7)


X = np.array([[0.5, -1.0, 2.0], [1.5, 0.25, -0.75]], np.float32)


# ---- values ------------------------------------------------------------------------------------


@pytest.mark.parametrize("engine", ENGINES)
def test_the_same_numbers_as_numpy(engine: str) -> None:
    f = nissl.jit(lambda x: nissl.sum(nissl.tanh(x) * x, axis=1), engine=engine)
    close(f(X), (np.tanh(X) * X).sum(axis=1))
    close(f(X * 2), (np.tanh(2 * X) * 2 * X).sum(axis=1))


@pytest.mark.parametrize(
    "dtype",
    ["float16", "bfloat16", "float32", "float64", "int8", "int32", "int64", "uint8", "bool"],
)
@pytest.mark.parametrize("engine", ENGINES)
def test_dtypes_are_kept(engine: str, dtype: str) -> None:
    given = nissl.asarray([1, 0, 1], dtype)
    double = nissl.jit(lambda x: (x, x | x if dtype == "bool" else x + x), engine=engine)
    same, twice = double(given)
    assert same.dtype == given.dtype
    assert twice.dtype == given.dtype
    wanted = [1, 0, 1] if dtype == "bool" else [2, 0, 2]
    assert np.asarray(twice).astype(np.float64).tolist() == wanted


def test_whole_numbers_beyond_float32_and_int32_survive() -> None:
    f = nissl.jit(lambda n, x: (n + 1, x + 1e-12))
    n, x = f(np.int64(2**53), np.float64(1.0))
    assert int(n) == 2**53 + 1
    assert float(x) == 1.0 + 1e-12


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64", "int32"])
def test_python_scalars_inside_do_not_widen(dtype: str) -> None:
    x = nissl.asarray([1, 2], dtype)
    assert nissl.jit(lambda x: x * 2 + 1)(x).dtype == x.dtype


def test_python_scalars_as_arguments_are_tensors_of_their_default_dtype() -> None:
    half, whole = nissl.asarray([1.0], "float16"), nissl.asarray([1], "int32")
    times = nissl.jit(lambda x, n: x * n)
    assert times(half, 2.0).dtype == nissl.float32
    assert times(whole, 2).dtype == nissl.int64
    fixed = nissl.jit(lambda x, n: x * n, static_argnums=1)
    assert fixed(half, 2.0).dtype == half.dtype


def test_a_closure_is_taken_at_the_first_call_and_a_variable_at_each() -> None:
    held, variable = {"w": nissl.asarray(2.0)}, nissl.Variable(2.0)
    plain, live = nissl.jit(lambda x: x * held["w"]), nissl.jit(lambda x: x * variable)
    assert (plain(1.0).item(), live(1.0).item()) == (2.0, 2.0)
    held["w"] = nissl.asarray(3.0)
    variable.assign(3.0)
    assert (plain(1.0).item(), live(1.0).item()) == (2.0, 3.0)


def test_empty_and_zero_dimensional_arguments() -> None:
    f = nissl.jit(lambda x: nissl.sum(x) + 1.0)
    assert f(np.zeros((0, 3), np.float32)).item() == 1.0
    assert f(np.float32(2.0)).item() == 3.0


# ---- how it is called --------------------------------------------------------------------------


def test_nested_containers_in_and_out() -> None:
    @nissl.jit
    def f(tree: Any, *, scale: Any) -> Any:
        first, (second, third) = tree["a"], tree["b"]
        return {"pair": Pair(first * scale, second), "rest": [third, None, (first,)]}

    out = f({"a": X, "b": (2.0, X[0])}, scale=3.0)
    assert isinstance(out["pair"], Pair)
    close(out["pair"].left, X * 3)
    assert out["pair"].right.item() == 2.0
    assert out["rest"][1] is None
    close(out["rest"][0], X[0])
    close(out["rest"][2][0], X)
    assert isinstance(out["rest"][2], tuple)


def test_traced_once_for_each_shape_dtype_and_nesting() -> None:
    counted = Counted(lambda x: x["v"][0] * 2)
    f = nissl.jit(counted)
    for _ in range(3):
        f({"v": [X]})
    assert counted.count == 1
    f({"v": [X + 1]})
    assert counted.count == 1
    f({"v": [X[:1]]})
    f({"v": [X.astype(np.float64)]})
    f({"v": (X,)})
    assert counted.count == 4
    f({"v": [X]})
    assert counted.count == 4


def test_keyword_arguments_in_any_order() -> None:
    f = nissl.jit(lambda x, *, a, b: x * a - b)
    close(f(X, a=2.0, b=1.0), X * 2 - 1)
    close(f(X, b=1.0, a=2.0), X * 2 - 1)


def test_static_arguments_choose_the_program() -> None:
    counted = Counted(lambda x, power, axis=None: nissl.sum(x**power, axis=axis))
    f = nissl.jit(counted, static_argnums=1, static_argnames="axis")
    close(f(X, 2), (X**2).sum())
    close(f(X, 3, axis=1), (X**3).sum(axis=1))
    close(f(X, 3, axis=0), (X**3).sum(axis=0))
    close(f(X + 1, 3, axis=0), ((X + 1) ** 3).sum(axis=0))
    assert counted.count == 3


def test_several_static_positions_keep_their_places() -> None:
    f = nissl.jit(lambda a, x, b, y: (x * a, y * b), static_argnums=(0, 2))
    first, second = f(2, X, 3, X)
    close(first, X * 2)
    close(second, X * 3)


@pytest.mark.parametrize(
    "settings",
    [
        {"static_argnums": 1},
        {"static_argnums": -2},
        {"static_argnames": "axis"},
        {"static_argnums": (1,), "static_argnames": ("axis",)},
    ],
)
def test_a_static_argument_is_static_however_it_is_passed(settings: dict[str, Any]) -> None:
    f = nissl.jit(lambda x, axis, scale=1.0: nissl.sum(x, axis=axis) * scale, **settings)
    close(f(X, 0), X.sum(axis=0))
    close(f(X, axis=1), X.sum(axis=1))
    close(f(X, 1, 2.0), X.sum(axis=1) * 2)
    close(f(X, axis=(0, 1), scale=3.0), X.sum() * 3)


def test_static_arguments_that_are_equal_but_of_other_types_are_told_apart() -> None:
    f = nissl.jit(lambda n, power, /: n**power, static_argnums=1)
    assert f(np.int32(3), 2).dtype == np.int32
    assert f(np.int32(3), 2.0).dtype == np.float32
    assert f(np.int32(3), True).item() == 3


def test_unhashable_static_arguments_are_refused_with_advice() -> None:
    f = nissl.jit(lambda x, axes: nissl.sum(x, axis=tuple(axes)), static_argnums=1)
    with pytest.raises(ArgumentTypeError, match="tuples instead of lists"):
        f(X, [0, 1])
    close(f(X, (0, 1)), X.sum())


def test_a_decorator_with_settings_keeps_name_and_docstring() -> None:
    @nissl.jit(static_argnames=("n",))
    def powered(x: Any, n: int = 2) -> Any:
        """Raise to a power."""
        return x**n

    assert powered.__name__ == "powered"
    assert powered.__doc__ == "Raise to a power."
    close(powered(X, n=3), X**3)


@pytest.mark.parametrize("thing", [3, "f", None])
def test_only_functions_are_compiled(thing: Any) -> None:
    if thing is None:
        assert callable(nissl.jit())
        return
    with pytest.raises(ArgumentError, match="jit compiles functions"):
        nissl.jit(thing)


def test_unknown_engine_names_the_known_ones() -> None:
    with pytest.raises(UnknownNameError, match="unknown engine 'xle'; did you mean 'xla'"):
        nissl.jit(lambda x: x, engine="xle")(X)


def test_errors_inside_name_op_and_shapes_and_leave_no_trace_of_tracing() -> None:
    f = nissl.jit(lambda x, y: x @ y)
    with pytest.raises(ShapeError, match=r"matmul.*\(2, 3\).*\(2, 3\)"):
        f(X, X)
    w = nissl.Variable(1.0)
    w.assign(2.0)  # not captured by the failed trace
    assert w.numpy() == 2.0
    close(f(X, X.T), X @ X.T)


@pytest.mark.parametrize(
    "function",
    [
        lambda x: x if x.sum() > 0 else -x,
        lambda x: float(x[0, 0]) * x,
        lambda x: np.tanh(np.asarray(x)),
        lambda x: x[x > 0],
    ],
    ids=["branch", "float", "numpy", "mask"],
)
def test_a_number_asked_of_an_abstract_tensor_says_so(function: Any) -> None:
    with pytest.raises(AbstractValueError) as caught:
        nissl.jit(function)(X)
    assert isinstance(caught.value, NisslError)
    assert len(str(caught.value)) > 40


def test_the_program_can_be_looked_at_without_running() -> None:
    f = nissl.jit(lambda x: nissl.exp(x) + 1.0)
    program = f.program(X)
    assert [str(a) for a in program.in_avals] == ["float32[2,3]"]
    assert "exp" in str(program)


# ---- variables ---------------------------------------------------------------------------------


@pytest.mark.parametrize("engine", ENGINES)
def test_variables_are_read_and_written(engine: str) -> None:
    total = nissl.Variable(np.zeros(3, np.float32), name="total")
    count = nissl.Variable(np.int32(0), trainable=False)
    counted = Counted(lambda x: None)

    @nissl.jit(engine=engine)
    def update(x: Any) -> Any:
        counted(x)
        before = total.value
        total.assign_add(nissl.sum(x, axis=0))
        total.assign(total.value * 2.0)  # sees its own write
        count.assign(count.value + 1)
        return before, total.value

    before, after = update(X)
    close(before, np.zeros(3))
    close(after, X.sum(0) * 2)
    before, after = update(X)
    close(before, X.sum(0) * 2)
    close(total.numpy(), (X.sum(0) * 2 + X.sum(0)) * 2)
    assert count.numpy() == 2
    assert count.dtype == np.int32
    assert counted.count == 1
    total.assign([1.0, 1.0, 1.0])  # a write from outside is seen, without a new trace
    update(X)
    close(total.numpy(), (1 + X.sum(0)) * 2)
    assert counted.count == 1


def test_variables_of_a_layer_inside_jit_and_jit_inside_jit() -> None:
    layer = nissl.layers.Dense(2)
    layer(X)
    seen = nissl.Variable(np.float32(0.0), trainable=False)

    @nissl.jit
    def inner(x: Any) -> Any:
        seen.assign_add(1.0)
        return layer(x)

    @nissl.jit
    def outer(x: Any) -> Any:
        return inner(x) + inner(2.0 * x)

    kernel = layer.get_weights()[0]
    close(outer(X), X @ kernel * 3, 1e-5)
    assert seen.numpy() == 2.0
    outer(X)
    assert seen.numpy() == 4.0
    layer.set_weights([np.ones((3, 2)), np.zeros(2)])
    close(outer(X), np.repeat(X.sum(1, keepdims=True) * 3, 2, axis=1), 1e-5)


def test_random_numbers_advance_inside_jit_as_outside() -> None:
    inside, outside = nissl.random.SeedGenerator(5), nissl.random.SeedGenerator(5)
    draw = nissl.jit(lambda: nissl.random.uniform(4, seed=inside))
    first, second = draw(), draw()
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal(first, nissl.random.uniform(4, seed=outside))
    np.testing.assert_array_equal(second, nissl.random.uniform(4, seed=outside))


# ---- derivatives -------------------------------------------------------------------------------


def cubed(x: Any) -> Any:
    return nissl.sum(x**3 * nissl.sin(x))


def cubed_slope(x: Any) -> Any:
    return 3 * x**2 * np.sin(x) + x**3 * np.cos(x)


def cubed_curvature(x: Any) -> Any:
    return 6 * x * np.sin(x) + 6 * x**2 * np.cos(x) - x**3 * np.sin(x)


@pytest.mark.parametrize("engine", ENGINES)
def test_derivatives_inside_and_outside(engine: str) -> None:
    x = np.array([0.3, -1.2, 2.0])
    compiled = nissl.jit(cubed, engine=engine)
    close(nissl.grad(compiled)(x), cubed_slope(x), 1e-12)
    close(nissl.jit(nissl.grad(cubed), engine=engine)(x), cubed_slope(x), 1e-12)
    close(nissl.jit(nissl.grad(compiled), engine=engine)(x), cubed_slope(x), 1e-12)
    direction = np.array([1.0, 0.5, -2.0])
    value, slope = nissl.jvp(compiled, (x,), (direction,))
    close(value, (x**3 * np.sin(x)).sum(), 1e-12)
    close(slope, (cubed_slope(x) * direction).sum(), 1e-12)
    close(nissl.hvp(compiled, x, direction), cubed_curvature(x) * direction, 1e-10)
    close(nissl.hessian(compiled)(x), np.diag(cubed_curvature(x)), 1e-10)


def test_define_by_run_through_jit() -> None:
    f = nissl.jit(lambda x, w: nissl.tanh(x @ w))
    w = nissl.tensor(np.full((3, 1), 0.1), requires_grad=True)
    loss = nissl.sum(nissl.square(f(X.astype(np.float64), w)))
    loss.backward()
    a = X.astype(np.float64) @ np.full((3, 1), 0.1)
    close(w.grad, X.T.astype(np.float64) @ (2 * np.tanh(a) * (1 - np.tanh(a) ** 2)), 1e-10)


def test_gradients_reach_variables_read_inside() -> None:
    w = nissl.Variable(np.array([1.0, 2.0, 3.0]), name="w")
    f = nissl.jit(lambda x: nissl.sum(x * w * w))
    f(X.astype(np.float64)).backward()
    assert w.grad is not None
    close(w.grad, X.sum(0) * 2 * np.array([1.0, 2.0, 3.0]), 1e-10)


def test_gradients_reach_tracked_tensors_in_a_closure() -> None:
    def loss(w: Any) -> Any:
        return nissl.sum(nissl.jit(lambda x: nissl.exp(x * w))(X.astype(np.float64)))

    close(nissl.grad(loss)(0.5), (X * np.exp(X * 0.5)).sum(), 1e-6)
    w = nissl.tensor(np.float64(0.5), requires_grad=True)
    loss(w).backward()
    close(w.grad, (X * np.exp(X * 0.5)).sum(), 1e-6)


def test_a_closure_over_plain_arrays_is_constant() -> None:
    table = np.arange(3.0, dtype=np.float32)
    f = nissl.jit(lambda x: x + table)
    close(f(X), X + np.arange(3))


def test_value_and_grad_of_containers_inside_jit() -> None:
    def loss(params: Any, x: Any) -> Any:
        return nissl.sum(nissl.square(x @ params["w"] + params["b"]))

    params = {"w": np.ones((3, 1)), "b": np.zeros(1)}
    x = X.astype(np.float64)
    value, slopes = nissl.jit(nissl.value_and_grad(loss))(params, x)
    error = x @ params["w"]
    close(value, (error**2).sum(), 1e-10)
    close(slopes["w"], 2 * x.T @ error, 1e-10)
    close(slopes["b"], 2 * error.sum(0), 1e-10)


# ---- memory ------------------------------------------------------------------------------------


def test_donated_arguments_give_the_same_numbers() -> None:
    f = nissl.jit(lambda state, x: (state[0] + x, state[1] * 2.0), donate_argnums=0)
    state = (np.zeros((2, 3), np.float32), np.ones(4, np.float32))
    for _ in range(3):
        state = f(state, X)
    close(state[0], 3 * X)
    close(state[1], np.full(4, 8.0))


def test_a_compiled_function_lets_its_programs_go() -> None:
    f = nissl.jit(lambda x: x * 3.0)
    f(X)
    program = weakref.ref(f.program(X))
    held = weakref.ref(f)
    del f
    gc.collect()
    assert held() is None
    assert program() is None


# ---- what it is asked for ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "kind", "text"),
    [
        ({"static_argnums": 2}, ArgumentError, "static_argnums names argument 2, and f has 2"),
        ({"static_argnums": -3}, ArgumentError, "static_argnums names argument -3"),
        ({"static_argnums": "x"}, ArgumentTypeError, "static_argnums is a whole number"),
        ({"static_argnums": 1.5}, ArgumentTypeError, "static_argnums is a whole number"),
        ({"static_argnums": True}, ArgumentTypeError, "static_argnums is a whole number"),
        ({"static_argnames": "powr"}, UnknownNameError, "did you mean 'power'"),
        ({"static_argnames": 3}, ArgumentTypeError, "static_argnames is a list"),
        ({"static_argnames": (3,)}, ArgumentTypeError, "static_argnames is a text"),
        ({"donate_argnums": 2}, ArgumentError, "donate_argnums names argument 2"),
        ({"donate_argnums": "x"}, ArgumentTypeError, "donate_argnums is a whole number"),
        (
            {"donate_argnums": -1, "static_argnames": "power"},
            ArgumentError,
            "argument 1 is static and donated",
        ),
        ({"engine": 3}, ArgumentTypeError, "engine is a text"),
        ({"engine": "XLA"}, UnknownNameError, "unknown engine 'XLA'"),
    ],
)
def test_settings_that_mean_nothing_are_refused(
    settings: dict[str, Any], kind: type[NisslError], text: str
) -> None:
    def f(x: Any, power: Any) -> Any:
        return x**power

    with pytest.raises(kind, match=text) as caught:
        nissl.jit(f, **settings)
    assert isinstance(caught.value, NisslError)


def test_settings_of_functions_that_take_anything() -> None:
    f = nissl.jit(lambda *xs, **kw: xs[0] ** xs[3] * kw["n"], static_argnums=3, static_argnames="n")
    close(f(X, X, X, 2, n=3), X**2 * 3)
    with pytest.raises(ArgumentError, match="are not known"):
        nissl.jit(max, static_argnums=0)


@pytest.mark.filterwarnings("error")
def test_what_is_donated_may_be_of_no_use_and_stays_the_callers() -> None:
    f = nissl.jit(lambda x, y: (nissl.sum(x), x + y), donate_argnums=(0, 1), engine="xla")
    x, y = nissl.asarray(X), X.copy()
    for _ in range(2):
        total, both = f(x, y)
        close(total, X.sum(), 1e-5)
        close(both, 2 * X)
    close(nissl.jit(lambda x: nissl.sum(x), donate_argnums=0, engine="xla")(x), X.sum(), 1e-5)
    close(x, X)
    close(y, X)


def test_methods_are_of_their_object() -> None:
    class Scaled:
        def __init__(self, by: float) -> None:
            self.by = by

        @nissl.jit(static_argnums=0)
        def times(self, x: Any) -> Any:
            return x * self.by

    two, three = Scaled(2.0), Scaled(3.0)
    close(two.times(X), 2 * X)
    close(three.times(X), 3 * X)
    close(Scaled.times(two, X), 2 * X)


def test_what_xla_cannot_do_is_an_error_of_the_tree() -> None:
    xla, jax = pytest.importorskip("nissl.engine.xla"), pytest.importorskip("jax")
    with pytest.raises(EngineError, match="could not compute this: out of memory"), xla._device():
        raise jax.errors.JaxRuntimeError("out of memory\nand a long trace")


# ---- what is kept ------------------------------------------------------------------------------


def programs_alive() -> int:
    gc.collect()
    return sum(isinstance(each, Program) for each in gc.get_objects())


def executables_alive() -> int:
    import jax

    gc.collect()
    return len(jax.devices()[0].client.live_executables())


def use_once(engine: str, number: int) -> None:
    w = nissl.tensor(np.full(3, float(number), np.float32), requires_grad=True)
    f = nissl.jit(lambda a: nissl.sum(nissl.sin(a @ w) * number), engine=engine)
    f(X).backward()
    nissl.jvp(f, (X,), (X,))


@pytest.mark.parametrize("engine", ENGINES)
def test_a_function_that_is_dropped_leaves_no_program_behind(engine: str) -> None:
    use_once(engine, 0)
    programs, executables = programs_alive(), executables_alive()
    for number in range(1, 4):
        use_once(engine, number)
    assert programs_alive() == programs
    assert executables_alive() == executables


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[Program]:
    """The programs that an engine compiles during a test."""
    made: list[Program] = []

    def noting(compile_one: Any) -> Any:
        def compile_program(engine: Any, program: Program, donate: Any = ()) -> Any:
            made.append(program)
            return compile_one(engine, program, donate)

        return compile_program

    for cls in (type(get_engine(name)) for name in ENGINES):
        monkeypatch.setattr(cls, "compile", noting(cls.compile))
    return made


@pytest.mark.parametrize("engine", ENGINES)
def test_a_leaf_in_a_closure_may_be_another_each_time_and_is_compiled_once(
    engine: str, compiled: list[Program]
) -> None:
    table = np.arange(3 * 2000.0).reshape(2000, 3) / 6000  # too large to be a part of the program
    held = {"w": nissl.tensor(np.ones(3), requires_grad=True)}
    loss = nissl.jit(
        lambda x: nissl.sum((x @ held["w"]) ** 2) + nissl.sum(table @ held["w"]), engine=engine
    )
    x = X.astype(np.float64)
    for step in range(4):
        w = np.asarray(held["w"])
        value = loss(x)
        value.backward()
        close(value, ((x @ w) ** 2).sum() + (table @ w).sum(), 1e-10)
        close(held["w"].grad, 2 * x.T @ (x @ w) + table.sum(0), 1e-10)
        held["w"] = nissl.tensor(w - 0.01 * (step + 1), requires_grad=True)
    assert len(compiled) == 2  # the loss and its derivative


def test_of_many_shapes_the_last_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules["nissl.engine.jit"], "MOST_PROGRAMS", 3)
    counted = Counted(lambda x: x + 1)
    f = nissl.jit(counted, engine="numpy")
    for n in (1, 2, 3):
        f(np.zeros(n))
    kept = programs_alive()
    for n in (4, 5, 4, 5, 3):
        f(np.zeros(n))
    assert counted.count == 5
    assert programs_alive() == kept
    f(np.zeros(1))
    assert counted.count == 6


def test_a_derivative_is_computed_for_those_inputs_only_that_need_it(
    compiled: list[Program],
) -> None:
    w = nissl.tensor(np.ones(3, np.float32), requires_grad=True)
    nissl.jit(lambda x, w: nissl.sum(nissl.tanh(x @ w)))(X, w).backward()
    close(w.grad, X.T @ (1 - np.tanh(X.sum(1)) ** 2), 1e-5)
    value, derivative = compiled
    assert [aval.shape for aval in derivative.out_avals] == [(3,)]
    assert value.out_avals[0].shape == ()
