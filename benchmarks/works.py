"""What is measured: the works, their aims, and the rows that do each work."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["nissl", "peer", "bound"]


@dataclass(frozen=True)
class Row:
    """One library, in one manner, at one work.

    `kind` is `nissl`, `peer` (a framework as its users write it) or `bound`: what could be reached
    at all (a training written by hand, mostly as one compiled loop; NumPy's import alone). Of
    several `nissl` rows of a work, the first is the one that peers are compared with.
    """

    peer: str
    variant: str
    kind: Kind
    environment: str
    module: str
    epochs: int
    quick_epochs: int
    variables: dict[str, str] = field(default_factory=dict)
    label: str = ""

    @property
    def name(self) -> str:
        return f"{self.peer} {self.label or self.variant}"


@dataclass(frozen=True)
class Work:
    """A task, the rows that do it, and what Nissl must reach at it.

    `measure` is `times_s` (seconds a unit) or `peak_memory_mb`. With `relative`, floor and aim are
    times the fastest peer; without, they are the measure itself (s or MB), and less is better.
    """

    name: str
    title: str
    unit: str
    measure: Literal["times_s", "peak_memory_mb"]
    relative: bool
    floor: float
    aim: float
    rows: tuple[Row, ...]


_NISSL = {"BENCHMARK_LIBRARY": "nissl"}
_TENSORFLOW = {"BENCHMARK_LIBRARY": "keras", "KERAS_BACKEND": "tensorflow"}
_KERAS_JAX = {"BENCHMARK_LIBRARY": "keras", "KERAS_BACKEND": "jax"}


def _nissl(variant: str, module: str, epochs: int, quick: int) -> Row:
    return Row("nissl", variant, "nissl", "nissl", module, epochs, quick, _NISSL)


def _nissl_for(architecture: str, module: str, epochs: int, quick: int) -> Row:
    """Nissl's `fit`, with native loops as another processor would have them."""
    variables = {**_NISSL, "NISSL_MARCH": architecture}
    label = f"fit, {architecture}"
    return Row("nissl", "fit", "nissl", "nissl", module, epochs, quick, variables, label)


def _keras(variant: str, backend: str, epochs: int, quick: int) -> Row:
    variables = _TENSORFLOW if backend == "tensorflow" else _KERAS_JAX
    return Row(f"keras-{backend}", variant, "peer", backend, "keras_like", epochs, quick, variables)


def _torch(variant: str, epochs: int, quick: int) -> Row:
    return Row("pytorch", variant, "peer", "torch", "pytorch", epochs, quick)


def _jax(variant: str, kind: Kind, epochs: int, quick: int) -> Row:
    return Row("jax", variant, kind, "jax", "jax_optax", epochs, quick)


def _sklearn(epochs: int, quick: int) -> Row:
    return Row("scikit-learn", "fit", "peer", "sklearn", "scikit", epochs, quick)


def _import(peer: str, environment: str, kind: Kind = "peer", backend: str = "") -> Row:
    module = "keras" if peer.startswith("keras") else {"pytorch": "torch"}.get(peer, peer)
    module = "sklearn" if module == "scikit-learn" else module
    variables = {"KERAS_BACKEND": backend} if backend else {}
    return Row(peer, f"import {module}", kind, environment, "importing", 1, 1, variables)


WORKS: dict[str, Work] = {
    work.name: work
    for work in (
        Work(
            "sine",
            "1-3-1 tanh network on 50 samples of sin, full-batch SGD, 2,000 epochs",
            "epoch",
            "times_s",
            relative=True,
            floor=50.0,
            aim=200.0,
            rows=(
                _nissl("fit", "keras_like", 2000, 200),
                _torch("eager", 2000, 100),
                _torch("compile", 2000, 100),
                _keras("fit", "tensorflow", 500, 20),
                _keras("fit", "jax", 2000, 20),
                _sklearn(2000, 200),
                _jax("step", "peer", 2000, 200),
                _jax("scan", "bound", 2000, 200),
                Row("c", "fast-math", "bound", "sklearn", "by_hand", 2000, 200),
                Row("c", "strict", "bound", "sklearn", "by_hand", 2000, 200),
            ),
        ),
        Work(
            "fashion",
            "Fashion-MNIST 784-300-100-10, batch 32, SGD, an epoch with shuffling and accuracy",
            "epoch",
            "times_s",
            relative=True,
            floor=1.5,
            aim=2.5,
            rows=(
                _nissl("fit", "keras_like", 1, 1),
                _nissl_for("haswell", "keras_like", 1, 1),  # without AVX-512
                _torch("eager", 1, 1),
                _torch("compile", 1, 1),
                _keras("fit", "tensorflow", 1, 1),
                _keras("no-jit", "tensorflow", 1, 1),
                _keras("jit-32", "tensorflow", 1, 1),
                _keras("fit", "jax", 1, 1),
                _keras("jit-32", "jax", 1, 1),
                _sklearn(1, 1),
                _jax("step", "peer", 1, 1),
                _jax("scan", "bound", 1, 1),
            ),
        ),
        Work(
            "eager-step",
            "define-by-run step of the 1-3-1 network: forward, loss, backward, update",
            "step",
            "times_s",
            relative=True,
            floor=0.7,
            aim=1.0,
            rows=(
                _nissl("tensors", "nissl_eager", 2000, 100),
                _torch("tensors", 2000, 100),
                _torch("modules", 2000, 100),
                Row("numpy", "by-hand", "bound", "sklearn", "by_hand", 2000, 100),
            ),
        ),
        Work(
            "import",
            "import in a fresh process",
            "import",
            "times_s",
            relative=False,
            floor=0.25,
            aim=0.1,
            rows=(
                _import("nissl", "nissl", "nissl"),
                _import("numpy", "nissl", "bound"),
                _import("pytorch", "torch"),
                _import("keras-tensorflow", "tensorflow", backend="tensorflow"),
                _import("keras-jax", "jax", backend="jax"),
                _import("tensorflow", "tensorflow"),
                _import("jax", "jax"),
                _import("scikit-learn", "sklearn"),
            ),
        ),
        Work(
            "memory",
            "peak memory of a process that trains the Fashion-MNIST network for one epoch",
            "process",
            "peak_memory_mb",
            relative=False,
            floor=900.0,
            aim=600.0,
            rows=(
                _nissl("fit", "keras_like", 1, 1),
                _nissl("script", "keras_like", 1, 1),
                _torch("eager", 1, 1),
                _keras("fit", "tensorflow", 1, 1),
                _keras("script", "tensorflow", 1, 1),
                _keras("fit", "jax", 1, 1),
                _keras("script", "jax", 1, 1),
                _sklearn(1, 1),
                _jax("step", "peer", 1, 1),
            ),
        ),
    )
}
