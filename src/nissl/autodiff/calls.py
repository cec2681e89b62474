"""An op whose body is a program: what ``jit`` leaves in a graph that is being differentiated."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from nissl.autodiff.forward import jvp
from nissl.autodiff.reverse import vjp
from nissl.core import functions
from nissl.core.kinds import General
from nissl.core.op import Op, Sample, apply, register
from nissl.core.passes import simplify
from nissl.core.program import Program, inline, trace
from nissl.core.tensor import Array, Aval, Equation, Tensor
from nissl.errors import ShapeError

# programs made from a program, for as long as that one lives
_derived: weakref.WeakKeyDictionary[Program, dict[Any, Program]] = weakref.WeakKeyDictionary()


def _infer(*avals: Aval, body: Program, runner: Any) -> tuple[Aval, ...]:
    if avals != body.in_avals:
        raise ShapeError(f"call: {body.name} takes {body.in_avals}, not {avals}")
    return body.out_avals


def _compute(xp: Any, *values: Array, body: Program, runner: Any) -> tuple[Array, ...]:
    return tuple(body.run("xla" if xp.__name__.startswith("jax") else "numpy", xp, values))


def _compute_eagerly(*values: Array, body: Program, runner: Any) -> tuple[Array, ...]:
    return tuple(body.run("numpy", _numpy(), values) if runner is None else runner(body, values))


def _numpy() -> Any:
    import numpy

    return numpy


def _kept(
    make: Callable[[Program, tuple[int, ...]], Program], body: Program, places: tuple[int, ...]
) -> Program:
    """A derivative of a body, made the first time."""
    made = _derived.setdefault(body, {})
    key = (make, places)
    if key not in made:
        made[key] = make(body, places)
    return made[key]


def _pushed(body: Program, chosen: tuple[int, ...]) -> Program:
    """The body's forward derivative as a program of the inputs and the tangents that move."""

    count = len(body.inputs)

    def push(*arguments: Tensor) -> Any:
        primals, directions = arguments[:count], arguments[count:]

        def of_moving(*given: Tensor) -> Any:
            everything = list(primals)
            for i, x in zip(chosen, given, strict=True):
                everything[i] = x
            return inline(body, everything)

        return jvp(of_moving, [primals[i] for i in chosen], list(directions))[1]

    moving = [body.in_avals[i] for i in chosen]
    return simplify(trace(push, *body.in_avals, *moving, name=f"{body.name}_jvp"))


def _pulled(body: Program, wanted: tuple[int, ...]) -> Program:
    """The body's reverse derivative as a program of the inputs and the output cotangents."""
    count = len(body.inputs)

    def pull(*arguments: Tensor) -> Any:
        primals, cotangents = list(arguments[:count]), list(arguments[count:])

        def of_wanted(*given: Tensor) -> Any:
            everything = list(primals)
            for i, x in zip(wanted, given, strict=True):
                everything[i] = x
            return inline(body, everything)

        return vjp(of_wanted, *(primals[i] for i in wanted))[1](cotangents)

    return simplify(trace(pull, *body.in_avals, *body.out_avals, name=f"{body.name}_vjp"))


def _forward(
    F: Any, inputs: Sequence[Tensor], outputs: Any, tangents: Any, body: Program, runner: Any
) -> Any:
    moving = tuple(i for i, t in enumerate(tangents) if t is not None)
    given = [tangents[i] for i in moving]
    params = {"body": _kept(_pushed, body, moving), "runner": runner}
    return apply(call_op, (*inputs, *given), params)


def _reverse(
    F: Any,
    inputs: Sequence[Tensor],
    outputs: Any,
    cotangents: Any,
    body: Program,
    runner: Any,
    needed: Sequence[bool] | None = None,
) -> Any:
    filled = [
        F.zeros_like(out) if ct is None else ct for ct, out in zip(cotangents, outputs, strict=True)
    ]
    wanted = tuple(
        i
        for i, aval in enumerate(body.in_avals)
        if aval.dtype.kind not in "biu" and (needed is None or needed[i])
    )
    if not wanted:
        return [None] * len(inputs)
    params = {"body": _kept(_pulled, body, wanted), "runner": runner}
    pulled = iter(apply(call_op, (*inputs, *filled), params))
    return [next(pulled) if i in wanted else None for i in range(len(inputs))]


@dataclass(frozen=True)
class _Call(General):
    """Both rules as given; backwards, only to the inputs that somebody differentiates by."""

    def vjp(
        self,
        F: Any,
        equation: Equation,
        cotangents: Sequence[Tensor | None],
        needed: Sequence[bool],
    ) -> Any:
        return _reverse(
            F, equation.inputs, equation.outputs, cotangents, needed=needed, **equation.params
        )


def _sample_body() -> Program:
    return trace(
        lambda x, y: (x * functions.sin(y), x + y),
        Aval((2,), "float64"),
        Aval((2,), "float64"),
    )


call_op = register(
    Op(
        name="call",
        infer=_infer,
        compute=_compute,
        lowerings={"numpy": _compute_eagerly},
        kind=_Call(_forward, _reverse),
        formula=r"\text{{call}}({0})",
        flops=lambda *avals, body, runner: body.flops(),
        samples=(Sample(shapes=((2,), (2,)), params={"body": _sample_body(), "runner": None}),),
    )
)


def call(
    body: Program, arguments: Sequence[Tensor], runner: Callable[..., Any] | None
) -> list[Tensor]:
    """Apply a program as one equation; ``runner(body, values)`` computes it when eager."""
    return list(apply(call_op, arguments, {"body": body, "runner": runner}))
