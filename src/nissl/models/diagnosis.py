"""Finding where the first NaN or infinity of a training step came from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nissl.core.op import quiet
from nissl.core.tensor import Array, Equation
from nissl.core.traced import Traced
from nissl.engine.base import Engine
from nissl.errors import NonFiniteError


class _Found(Exception):
    """Carries the first equation with a non-finite output out of the run."""

    def __init__(self, equation: Equation, output: Array, inputs: Sequence[Array]) -> None:
        super().__init__()
        self.equation = equation
        self.output = output
        self.inputs = inputs


def _finite(array: Array) -> bool:
    value = np.asarray(array)
    return value.dtype.kind in "biu" or bool(np.isfinite(value.astype(np.float64)).all())


def _watch(equation: Equation, inputs: Sequence[Array], outputs: Sequence[Array]) -> None:
    for output in outputs:
        if not _finite(output):
            raise _Found(equation, output, inputs)


def _range(array: Array) -> str:
    value = np.asarray(array, np.float64)
    finite = value[np.isfinite(value)]
    span = f"{finite.min():.4g} to {finite.max():.4g}" if finite.size else "no finite number"
    return f"shape {np.shape(array)}, {span}"


def explain_non_finite(
    step: Traced, values: Sequence[Array], epoch: int, position: int, steps: int, engine: Engine
) -> NonFiniteError:
    """Run the step again, equation by equation, and describe the first non-finite result."""
    when = f"epoch {epoch + 1}, step {position + 1} of {steps}"
    for variable, value in zip((*step.fixed, *step.state), values, strict=False):
        if not _finite(value):
            return NonFiniteError(
                f"training stopped at {when}: {variable.path!r} is no longer finite after the "
                "step before (its gradient overflowed). Lower the learning rate, or clip gradients "
                "with clipnorm=1.0 in the optimizer."
            )
    try:
        with quiet():
            step.program.run("numpy", np, values, watch=_watch)
    except _Found as found:
        bad = np.asarray(found.output, np.float64)
        kind = "NaN" if np.isnan(bad).any() else "an infinity"
        where = found.equation.scope or "the step"
        inputs = "; ".join(
            _range(each) for each in found.inputs if np.asarray(each).dtype.kind == "f"
        )
        return NonFiniteError(
            f"training stopped at {when}: {kind} first appeared in {where}, op "
            f"{found.equation.op.name!r}, {int((~np.isfinite(bad)).sum())} of {bad.size} values "
            f"(inputs: {inputs}). The model is as it was before this step. Lower the learning "
            "rate, scale the inputs to about -1 to 1, or clip gradients with clipnorm=1.0 in the "
            "optimizer."
        )
    return NonFiniteError(
        f"training stopped at {when}: the loss is not finite on engine {engine.name!r}, while "
        "NumPy computes finite numbers from the same weights and batch; it is at the edge of the "
        "dtype's range. Lower the learning rate, or use dtype='float64'."
    )
