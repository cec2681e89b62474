"""Copies and pickles: of errors, tensors with a history, variables, programs, models."""

from __future__ import annotations

import copy
import importlib
import pickle
import pkgutil
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

import numpy as np
import pytest

import nissl
from nissl import errors
from nissl.errors import AbstractValueError, GraphError, NisslError, UnknownNameError


def through_pickle(thing: Any) -> Any:
    return pickle.loads(pickle.dumps(thing))


WAYS = [copy.copy, copy.deepcopy, through_pickle]


# ---- errors ----------------------------------------------------------------------------------


def every_error() -> list[type[NisslError]]:
    """The whole tree, with what any module of the package adds to it."""
    for module in pkgutil.walk_packages(nissl.__path__, "nissl."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)

    def below(kind: type[NisslError]) -> Iterator[type[NisslError]]:
        yield kind
        for each in kind.__subclasses__():
            yield from below(each)

    return [each for each in below(NisslError) if each.__module__.startswith("nissl")]


def raised(kind: type[NisslError]) -> NisslError:
    arguments: dict[str, tuple[Any, ...]] = {
        "UnknownNameError": ("activation", "rellu", ["relu", "tanh"]),
        "MissingDependencyError": ("h5py", "saving a model", "files"),
    }
    error: NisslError = kind(*arguments.get(kind.__name__, ("layer 3: 2 + 2 is not 5",)))
    error.add_note("in epoch 7")
    error.place = ("a", 3)
    return error


@pytest.mark.parametrize("how", WAYS)
def test_every_error_survives_with_its_text_and_attributes(how: Callable[[Any], Any]) -> None:
    found = every_error()
    assert {each.__name__ for each in found} >= {
        name for name in errors.__all__ if name.endswith("Error")
    }
    for kind in found:
        error = raised(kind)
        again = how(error)
        assert type(again) is kind
        assert str(again) == str(error) != ""
        assert again.args == error.args
        assert vars(again) == vars(error) != {}
        assert getattr(again, "msg", None) == getattr(error, "msg", None)  # of ImportError
        assert str(how(again)) == str(error)


def test_an_error_with_a_system_number_keeps_it() -> None:
    again = through_pickle(errors.SaveError(28, "no space left", "model.keras"))
    assert str(again) == str(errors.SaveError(28, "no space left", "model.keras"))


def units(activation: str) -> int:
    return nissl.layers.Dense(1, activation).units


def test_errors_come_back_from_a_process() -> None:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        assert pool.submit(units, "relu").result(timeout=60) == 1
        with pytest.raises(UnknownNameError, match="'rellu'; did you mean 'relu'"):
            pool.submit(units, "rellu").result(timeout=60)


# ---- tensors ---------------------------------------------------------------------------------


@pytest.mark.parametrize("how", WAYS)
@pytest.mark.parametrize("dtype", ["float64", "float16", "bfloat16", "int8", "bool"])
@pytest.mark.parametrize("shape", [(), (0,), (1,), (2, 3)])
def test_a_copy_has_value_dtype_and_name(
    how: Callable[[Any], Any], dtype: str, shape: tuple[int, ...]
) -> None:
    x = nissl.asarray(np.ones(shape), dtype)
    x.name = "x"
    again = how(x)
    assert again is not x
    assert (again.shape, again.dtype, again.name, again.requires_grad) == (
        shape, x.dtype, "x", False,
    )  # fmt: skip
    np.testing.assert_array_equal(again.numpy(), x.numpy())


@pytest.mark.parametrize("how", WAYS)
def test_leaves_stay_leaves_and_have_a_gradient_of_their_own(how: Callable[[Any], Any]) -> None:
    w = nissl.tensor([1.0, 2.0], requires_grad=True)
    again = how(w)
    assert again.requires_grad
    nissl.sum(again * 3).backward()
    assert again.grad.tolist() == [3.0, 3.0]
    assert w.grad is None


@pytest.mark.parametrize("how", [copy.deepcopy, through_pickle])
def test_copies_of_results_leave_the_history_behind_at_any_depth(how: Callable[[Any], Any]) -> None:
    w = nissl.tensor([1.0, 2.0], requires_grad=True)
    y = w
    for _ in range(5000):
        y = y * 1.0
    again = how({"losses": [y, y]})["losses"]
    assert again[0].tolist() == [1.0, 2.0]
    assert again[0].equation is None
    assert again[0] is again[1], "what was one stays one"
    with pytest.raises(GraphError):
        nissl.sum(again[0]).backward()


def test_a_shallow_copy_of_a_result_has_its_history() -> None:
    w = nissl.tensor([1.0, 2.0], requires_grad=True)
    nissl.sum(copy.copy(w * w)).backward()
    assert w.grad is not None
    assert w.grad.tolist() == [2.0, 4.0]


def test_copies_inside_a_trace() -> None:
    double = nissl.jit(lambda x: copy.copy(x) * 2)
    assert double(nissl.ones(2)).tolist() == [2.0, 2.0]
    with pytest.raises(AbstractValueError, match="a value to copy"):
        nissl.jit(copy.deepcopy)(nissl.ones(2))


def test_programs_and_equations_are_not_copied_and_say_what_to_pickle() -> None:
    program = nissl.trace(nissl.sin, nissl.Aval((2,)))
    equation = program.equations[0]
    double = nissl.jit(lambda x: 2 * x)
    double(nissl.ones(2))
    for each in (program, equation, double):
        assert copy.copy(each) is copy.deepcopy(each) is each
    with pytest.raises(GraphError, match="'sin' cannot be pickled"):
        pickle.dumps(program)
    with pytest.raises(GraphError, match=r"pickle the value instead: x\.detach"):
        pickle.dumps(equation)


# ---- variables and models --------------------------------------------------------------------


@pytest.mark.parametrize("how", [copy.deepcopy, through_pickle])
def test_models_are_copied_with_optimizer_and_go_their_own_way(how: Callable[[Any], Any]) -> None:
    model = nissl.Sequential([nissl.Input((2,)), nissl.layers.Dense(3), nissl.layers.Dense(1)])
    model.compile("adam", "mse")
    x = np.random.default_rng(0).normal(size=(8, 2))
    model.fit(x, x[:, :1], verbose=0)
    before = model.predict(x, verbose=0)
    again = how(model)
    np.testing.assert_array_equal(again.predict(x, verbose=0), before)
    again.fit(x, x[:, :1], verbose=0)
    assert not np.array_equal(again.predict(x, verbose=0), before)
    np.testing.assert_array_equal(model.predict(x, verbose=0), before)
