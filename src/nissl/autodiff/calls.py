"""An op whose body is a program: what ``jit`` leaves in a graph that is being differentiated."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from nissl.autodiff.forward import jvp
from nissl.autodiff.reverse import vjp
from nissl.core.kinds import General
from nissl.core.op import Op, Sample, apply, register
from nissl.core.passes import simplify
from nissl.core.program import Program, inline, trace
from nissl.core.tensor import Array, Aval, Tensor, late
from nissl.errors import ShapeError


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


@functools.lru_cache(maxsize=256)
def _pushed(body: Program, moving: tuple[bool, ...]) -> Program:
    """The body's forward derivative as a program of the inputs and the tangents that move."""

    def push(*arguments: Tensor) -> Any:
        primals, tangents = arguments[: len(moving)], iter(arguments[len(moving) :])
        directions = [
            next(tangents) if moves else late.functions.zeros_like(x)
            for x, moves in zip(primals, moving, strict=True)
        ]
        chosen = [i for i, moves in enumerate(moving) if moves]

        def of_moving(*given: Tensor) -> Any:
            everything = list(primals)
            for i, x in zip(chosen, given, strict=True):
                everything[i] = x
            return inline(body, everything)

        return jvp(of_moving, [primals[i] for i in chosen], [directions[i] for i in chosen])[1]

    chosen = [aval for aval, moves in zip(body.in_avals, moving, strict=True) if moves]
    return simplify(trace(push, *body.in_avals, *chosen, name=f"{body.name}_jvp"))


@functools.lru_cache(maxsize=256)
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
    inputs: Sequence[Tensor], outputs: Any, tangents: Any, body: Program, runner: Any
) -> Any:
    moving = tuple(t is not None for t in tangents)
    given = [t for t in tangents if t is not None]
    return apply(call_op, (*inputs, *given), {"body": _pushed(body, moving), "runner": runner})


def _reverse(
    inputs: Sequence[Tensor], outputs: Any, cotangents: Any, body: Program, runner: Any
) -> Any:
    filled = [
        late.functions.zeros_like(out) if ct is None else ct
        for ct, out in zip(cotangents, outputs, strict=True)
    ]
    wanted = tuple(i for i, aval in enumerate(body.in_avals) if aval.dtype.kind not in "biu")
    params = {"body": _pulled(body, wanted), "runner": runner}
    pulled = iter(apply(call_op, (*inputs, *filled), params))
    return [next(pulled) if i in wanted else None for i in range(len(inputs))]


def _sample_body() -> Program:
    return trace(
        lambda x, y: (x * late.functions.sin(y), x + y),
        Aval((2,), "float64"),
        Aval((2,), "float64"),
    )


call_op = register(
    Op(
        name="call",
        infer=_infer,
        compute=_compute,
        lowerings={"numpy": _compute_eagerly},
        kind=General(_forward, _reverse),
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
