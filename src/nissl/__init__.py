"""Nissl: a neural-network library that you can see through.

Names of the Array API standard for arrays, of Keras 3 for building and training. What is heavy is
imported when it is first used.
"""

from __future__ import annotations

from math import e, inf, nan, pi
from typing import TYPE_CHECKING, Any

from nissl import autodiff as _autodiff
from nissl import names as _names
from nissl.autodiff import *
from nissl.core import dtype_facts as _dtype_facts
from nissl.core import dtypes as _dtypes
from nissl.core import functions as _functions
from nissl.core.dtype_facts import *
from nissl.core.dtypes import *
from nissl.core.dtypes import boolean as bool
from nissl.core.functions import *
from nissl.core.inspection import namespace_info as __array_namespace_info__
from nissl.core.op import no_grad
from nissl.core.program import Program, trace
from nissl.core.tensor import Aval, Tensor
from nissl.core.variable import Variable
from nissl.engine import jit
from nissl.errors import NisslError
from nissl.version import __version__

__all__ = [
    "Aval", "NisslError", "Program", "Tensor", "Variable", "bool", "jit", "no_grad", "trace",
    "e", "inf", "nan", "newaxis", "pi",
    "__array_api_version__", "__array_namespace_info__", "__version__",
    "Input", "Model", "Perceptron", "Sequential",
    "activations", "backend", "callbacks", "datasets", "engine", "errors", "explain",
    "initializers", "keras", "layers", "losses", "metrics", "models", "optimizers", "random",
    "utils",
]  # fmt: skip
__all__ += [*_autodiff.__all__, *_dtype_facts.__all__, *_dtypes.__all__, *_functions.__all__]

newaxis = None
__array_api_version__ = "2024.12"

if TYPE_CHECKING:
    from nissl import (
        activations,
        backend,
        callbacks,
        datasets,
        engine,
        errors,
        explain,
        initializers,
        keras,
        layers,
        losses,
        metrics,
        models,
        optimizers,
        random,
        utils,
    )  # fmt: skip
    from nissl.layers import Input
    from nissl.models import Model, Perceptron, Sequential

    bfloat16 = _dtypes.bfloat16()
else:
    _late = _names.late(
        __name__,
        {
            "": "activations backend callbacks datasets explain initializers keras layers losses "
            "metrics models optimizers random utils",
            "layers": "Input",
            "models": "Model Perceptron Sequential",
        },
    )

    def __getattr__(name: str) -> Any:
        return _dtypes.bfloat16() if name == "bfloat16" else _late(name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, "bfloat16"})
