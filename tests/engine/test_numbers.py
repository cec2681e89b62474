"""Integers and casts give one result on every engine: the tables of docs/numbers.md, row by row."""

from __future__ import annotations

import operator
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nissl
from nissl.core import functions as F
from nissl.engine import get_engine
from nissl.engine.base import LoopSpec
from nissl.engine.native import compiler
from nissl.engine.native import loop as native
from nissl.engine.native.emit import source_of_arrays
from nissl.engine.native.functions import EXPRESSIONS, Unsupported

DOCUMENT = Path(__file__).parents[2] / "docs" / "numbers.md"
KINDS = {"i8": "int8", "i32": "int32", "i64": "int64", "u8": "uint8", "f32": "float32"}
KINDS |= {"f64": "float64"}


def rows(name: str) -> list[Any]:
    text = DOCUMENT.read_text("utf-8").split(f"<!-- {name} -->")[1].split(f"<!-- /{name} -->")[0]
    found = re.findall(r"^\| `(.+?)` \| (\S+) \|", text, re.MULTILINE)
    return [pytest.param(expression, result, id=expression) for expression, result in found]


ROWS = rows("integers") + rows("casts")


def prepared(expression: str) -> tuple[Callable[..., Any], list[Any]]:
    """The row as a function of the numbers in it, and those; the text is the project's own."""
    given: list[Any] = []

    def take(match: re.Match[str]) -> str:
        given.append(np.array([float(match[2])], KINDS[match[1]]) if match[1][0] == "f" else
                     np.array([int(match[2])], KINDS[match[1]]))  # fmt: skip
        return f"v{len(given) - 1}"

    body = re.sub(r"\b([iuf]\d+)\(([^)]+)\)", take, expression)
    words = {"__builtins__": {}, "abs": F.abs, "astype": F.astype}

    def function(*values: Any) -> Any:
        return eval(body, words, {f"v{i}": value for i, value in enumerate(values)})

    return function, given


def test_the_tables_are_found() -> None:
    assert len(rows("integers")) > 20
    assert len(rows("casts")) > 10


@pytest.mark.parametrize(("expression", "result"), ROWS)
def test_eager_and_compiled_agree_with_the_table(expression: str, result: str) -> None:
    function, given = prepared(expression)
    program = nissl.trace(function, *(nissl.Aval(x.shape, x.dtype) for x in given))
    found = [function(*map(nissl.asarray, given)).numpy()]
    found += [np.asarray(get_engine(e).run(program, given)[0]) for e in ("numpy", "xla")]
    assert [str(each[0]) for each in found] == [result] * 3
    assert {each.dtype for each in found} == {program.out_avals[0].dtype}


@pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler")
@pytest.mark.parametrize("write", [native.source_of_numbers, source_of_arrays])
def test_the_native_loops_agree_with_the_table(
    write: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All rows that C can say, in one program; division and powers of integers it leaves alone."""
    monkeypatch.setenv("NISSL_CACHE", str(tmp_path))
    functions: list[Any] = []
    inputs: list[Any] = []
    wanted: list[str] = []
    for parameter in ROWS:
        expression, result = parameter.values
        function, given = prepared(str(expression))
        if not re.search(r"//|%|\*\*", str(expression)):
            functions.append((function, len(inputs), len(given)))
            inputs += given
            wanted.append(str(result))

    def step(*values: Any) -> list[Any]:
        return [function(*values[first : first + count]) for function, first, count in functions]

    state = [np.zeros((1,), each.dtype) for each in step(*map(nissl.asarray, inputs))]
    data = np.zeros((1, 1), "float32")
    spec = LoopSpec(
        step=nissl.trace(lambda *v: step(*v[: len(inputs)]), *inputs, *state, data),
        last=None,
        report=nissl.trace(lambda *s: F.sum(F.astype(s[0], "float32")), *state),
        fixed=len(inputs),
        state=len(state),
        batch_size=1,
        rows=1,
        shuffled=False,
        fresh=(None,) * len(state),
    )
    loop = native.NativeLoop(spec, compiler.load(write(spec), shutil.which("cc") or ""))
    found = loop.run(inputs, state, [data], None, 0, 1)
    names = {"1": "True"}
    shown = [
        names.get(str(x[0]), str(x[0])) if x.dtype.kind == "b" else str(x[0])
        for x in map(np.asarray, found)
    ]
    assert shown == wanted


def test_what_c_would_do_otherwise_is_left_to_others() -> None:
    assert not {"floor_divide", "remainder"} & set(EXPRESSIONS)
    with pytest.raises(Unsupported):
        EXPRESSIONS["pow"](np.dtype("int32"), "x", "y")


# ---- the whole range --------------------------------------------------------------------

PYTHON: dict[str, Callable[[int, int], int]] = {
    "floor_divide": lambda x, y: x // y if y else 0,
    "remainder": lambda x, y: x % y if y else 0,
    "add": operator.add,
    "multiply": operator.mul,
    "bitwise_left_shift": lambda x, y: x << y if 0 <= y < 64 else 0,
    "bitwise_right_shift": lambda x, y: x >> (y if 0 <= y < 64 else 64),
}


def wrapped(value: int, dtype: Any) -> int:
    bits = 8 * dtype.itemsize
    value %= 1 << bits
    return value - (1 << bits) if dtype.kind == "i" and value >> (bits - 1) else value


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "int32", "int64"])
@pytest.mark.parametrize("name", [*PYTHON, "pow"])
def test_pairs_of_integers_against_python(name: str, dtype: str) -> None:
    kind = np.dtype(dtype)
    info = np.iinfo(kind)
    ends = [info.min, info.min + 1, 0, 1, 2, 3, 7, 8, 63, 64, info.max - 1, info.max]
    ends += [-1, -2, -7] if info.min else []
    line = np.array([each for each in ends if info.min <= each <= info.max], kind)
    x, y = (each.ravel() for each in np.meshgrid(line, line))
    if name == "pow":
        wanted = [power(int(a), int(b), kind) for a, b in zip(x, y, strict=True)]
    elif "shift" in name:
        bits = 8 * kind.itemsize
        left = name == "bitwise_left_shift"
        wanted = [
            wrapped(int(a) << int(b), kind) if left else int(a) >> int(b)
            for a, b in zip(x, np.where((y < 0) | (y >= bits), bits, y), strict=True)
        ]
    else:
        wanted = [wrapped(PYTHON[name](int(a), int(b)), kind) for a, b in zip(x, y, strict=True)]
    function = getattr(F, name)
    assert function(x, y).tolist() == wanted
    assert nissl.jit(function)(x, y).tolist() == wanted


def power(x: int, y: int, kind: Any) -> int:
    if y < 0:
        return {1: 1, -1: -1 if y % 2 else 1}.get(x, 0)
    return wrapped(pow(x, y, 1 << (8 * kind.itemsize)), kind)


@pytest.mark.parametrize("source", ["float16", "float32", "float64"])
@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "uint16", "int32", "int64", "uint64"])
def test_casts_against_python(source: str, dtype: str) -> None:
    info = np.iinfo(dtype)
    numbers = [0.0, -0.0, 0.5, -0.5, 1.9, -1.9, np.inf, -np.inf, np.nan, 1e4, -1e4, 6e4]
    if source != "float16":
        numbers += [1e10, -1e10, 1e30, -1e30]
        for end in (float(info.min), float(info.max) + 1):
            numbers += [
                end,
                np.nextafter(np.float32(end), 0),
                np.nextafter(np.float32(end), end * 2),
            ]
    x = np.array(numbers, source)
    wanted = [
        0 if np.isnan(v) else int(min(max(int(v) if np.isfinite(v) else v, info.min), info.max))
        for v in x.astype(float)
    ]
    assert F.astype(x, dtype).tolist() == wanted
    assert nissl.jit(lambda x: F.astype(x, dtype))(x).tolist() == wanted
    assert F.astype(x[0], dtype).shape == ()


# ---- nothing to sort, take or add ----------------------------------------------------------------

EMPTY: dict[str, Callable[[Any, int], Any]] = {
    "sort": lambda x, axis: F.sort(x, axis=axis),
    "descending": lambda x, axis: F.sort(x, axis=axis, descending=True),
    "argsort": lambda x, axis: F.argsort(x, axis=axis),
    "top_k": lambda x, axis: F.top_k(x, 0, axis)[1],
    "take": lambda x, axis: F.take(x, np.zeros(0, np.int64), axis=axis),
    "take_along_axis": lambda x, axis: F.take_along_axis(x, np.zeros(x.shape, np.int64), axis),
    "gradient of sort": lambda x, axis: nissl.grad(lambda x: F.sum(F.sort(x, axis)))(x),
    "cumulative_sum": lambda x, axis: F.cumulative_sum(x, axis=axis),
    "softmax": lambda x, axis: F.softmax(x, axis),
    "norm": lambda x, axis: F.l2_norm(x, axis),
    "prod": lambda x, axis: F.prod(x, axis),
}


@pytest.mark.parametrize(
    ("shape", "axis"), [((0,), 0), ((0, 3), 0), ((0, 3), 1), ((3, 0), 1), ((2, 0, 3), 1)]
)
def test_empty_rows_on_each_engine(shape: tuple[int, ...], axis: int) -> None:
    x = np.zeros(shape, "float32")

    def all_of_them(x: Any) -> list[Any]:
        return [function(x, axis) for function in EMPTY.values()]

    eager, compiled = all_of_them(nissl.asarray(x)), nissl.jit(all_of_them)(x)
    wanted = [np.zeros(shape)] * len(EMPTY)
    wanted[3] = wanted[4] = np.zeros([0 if a == axis else n for a, n in enumerate(shape)])
    wanted[-2] = np.zeros(np.delete(shape, axis))
    wanted[-1] = np.ones(np.delete(shape, axis))
    for name, here, there, each in zip(EMPTY, eager, compiled, wanted, strict=True):
        assert (here.shape, there.shape) == (each.shape,) * 2, name
        assert here.dtype == there.dtype, name
        np.testing.assert_array_equal(here.numpy(), each, name)
        np.testing.assert_array_equal(there.numpy(), each, name)


def test_an_axis_of_nothing_has_nothing_to_take() -> None:
    for way in (lambda f: f, nissl.jit):
        with pytest.raises(nissl.errors.OutOfRangeError, match="length 0"):
            way(lambda x: F.take(x, np.array([0]), axis=0))(np.zeros((0, 2)))
