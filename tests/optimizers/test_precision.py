"""Optimizers in every floating dtype, against rules written out in NumPy's float64."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pytest

import nissl
from close import assert_close
from nissl import optimizers
from nissl.errors import ArgumentError
from nissl.optimizers.base import registry
from nissl.optimizers.clipping import clip_by_norm

Host: TypeAlias = np.ndarray[Any, Any]
DTYPES = ("float16", "bfloat16", "float32", "float64")
UNIT = {"float16": 2.0**-11, "bfloat16": 2.0**-8, "float32": 2.0**-24, "float64": 2.0**-53}


# ---- references --------------------------------------------------------------------------------


def sgd(w: Host, gradients: list[Host], rate: float = 0.01) -> Host:
    for g in gradients:
        w = w - rate * g
    return w


def momentum(w: Host, gradients: list[Host], nesterov: bool = False) -> Host:
    m = np.zeros_like(w)
    for g in gradients:
        m = 0.9 * m - 0.01 * g
        w = w + (0.9 * m - 0.01 * g if nesterov else m)
    return w


def adam(w: Host, gradients: list[Host], amsgrad: bool = False) -> Host:
    m, v, top = np.zeros_like(w), np.zeros_like(w), np.zeros_like(w)
    for t, g in enumerate(gradients, 1):
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
        top = np.maximum(top, v)
        size = np.sqrt(top if amsgrad else v) + 1e-7
        w = w - 0.001 * np.sqrt(1 - 0.999**t) / (1 - 0.9**t) * m / size
    return w


def rmsprop(w: Host, gradients: list[Host], centered: bool = False) -> Host:
    v, mean = np.zeros_like(w), np.zeros_like(w)
    for g in gradients:
        v, mean = 0.9 * v + 0.1 * g**2, 0.9 * mean + 0.1 * g
        w = w - 0.001 * g / np.sqrt(v - (mean**2 if centered else 0) + 1e-7)
    return w


RULES: dict[str, tuple[Callable[[], Any], Callable[..., Host]]] = {
    "SGD": (optimizers.SGD, sgd),
    "SGD momentum": (lambda: optimizers.SGD(momentum=0.9), momentum),
    "SGD nesterov": (
        lambda: optimizers.SGD(momentum=0.9, nesterov=True),
        lambda w, g: momentum(w, g, nesterov=True),
    ),
    "Adam": (optimizers.Adam, adam),
    "Adam amsgrad": (
        lambda: optimizers.Adam(amsgrad=True),
        lambda w, g: adam(w, g, amsgrad=True),
    ),
    "RMSprop": (optimizers.RMSprop, rmsprop),
    "RMSprop centered": (
        lambda: optimizers.RMSprop(centered=True),
        lambda w, g: rmsprop(w, g, centered=True),
    ),
}


def test_every_optimizer_has_a_rule() -> None:
    assert {name.split()[0] for name in RULES} == set(registry.names())


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", RULES)
def test_hundred_steps_are_those_of_float64(name: str, dtype: str) -> None:
    """Weights of half precision are the rounded weights of float32, not sums of rounded steps."""
    make, rule = RULES[name]
    rng = np.random.default_rng(1)
    start = nissl.asarray(rng.normal(size=8), dtype)
    given = [nissl.asarray(rng.normal(size=8) + 0.5, dtype) for _ in range(100)]
    optimizer, weight = make(), nissl.Variable(start)
    for g in given:
        optimizer.apply([g], [weight])
    exact = [np.asarray(g).astype(np.float64) for g in given]
    wanted = rule(np.asarray(start).astype(np.float64), exact)
    assert weight.dtype.name == dtype
    wide = dtype if dtype in ("float32", "float64") else "float32"
    assert {v.dtype.name for v in optimizer.variables[2:]} <= {wide}
    found = weight.numpy().astype(np.float64)
    # half a unit for rounding the weight, and what 100 steps in float32 or float64 round
    np.testing.assert_allclose(found, wanted, rtol=2 * UNIT[dtype], atol=100 * UNIT[wide])


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("name", RULES)
def test_steps_below_a_unit_of_the_weight_add_up(name: str, dtype: str) -> None:
    optimizer, weight = RULES[name][0](), nissl.Variable(nissl.full((3,), 200.0, dtype))
    optimizer.learning_rate = 0.01  # a bfloat16 of 200 moves by 1, a float16 by 0.125
    for _ in range(300):
        optimizer.apply([np.ones(3)], [weight])
    assert (weight.numpy().astype(np.float64) < 199).all()


@pytest.mark.parametrize("gradient", [1e-6, 1e-4, 1.0, 6e4])
@pytest.mark.parametrize("name", ["Adam", "RMSprop"])
def test_float16_neither_explodes_nor_divides_by_zero(name: str, gradient: float) -> None:
    """The square of 1e-4 is 0 in float16, and that of 6e4 infinite."""
    optimizer, weight = optimizers.get(name), nissl.Variable(nissl.zeros(2, "float16"))
    given = nissl.full((2,), gradient, "float16")
    for _ in range(5):
        optimizer.apply([given], [weight])
    moved = -weight.numpy().astype(np.float64)
    exact = np.full(2, np.asarray(given).astype(np.float64)[0])
    wanted = -{"Adam": adam, "RMSprop": rmsprop}[name](np.zeros(2), [exact] * 5)
    np.testing.assert_allclose(moved, wanted, rtol=2e-3, atol=1e-7)


@pytest.mark.parametrize("dtype", ["bfloat16", "float32", "float64"])
@pytest.mark.parametrize("size", [1.0, 1e4])
def test_centred_steps_of_a_steady_gradient_are_finite(dtype: str, size: float) -> None:
    """Its variance is 0, and rounding left less than minus epsilon, of which no root is."""
    optimizer, weight = (
        optimizers.RMSprop(1e-3, centered=True),
        nissl.Variable(nissl.zeros(20, dtype)),
    )
    for _ in range(150):
        optimizer.apply([size * np.linspace(0.5, 1.5, 20)], [weight])
    moved = weight.numpy().astype(np.float64)
    assert np.isfinite(moved).all()
    assert (moved < 0).all()


def test_a_weight_that_was_set_goes_on_from_there() -> None:
    weight = nissl.Variable(nissl.asarray([1.0, 1.0], "bfloat16"))
    optimizer = optimizers.SGD(2.0**-9)
    optimizer.apply([[1.0, 1.0]], [weight])  # both stay 1 in bfloat16, and are 1 - 2**-9
    assert weight.numpy().astype(float).tolist() == [1.0, 1.0]
    weight.assign([1.0, 4.0])
    optimizer.apply([[1.0, 1.0]])
    master = optimizer.master_variables()[0].numpy()
    assert master.tolist() == [1 - 2.0**-8, 4 - 2.0**-9]


def bfloat16_model() -> nissl.Sequential:
    nissl.utils.set_random_seed(0)
    model = nissl.Sequential([nissl.Input((2,)), nissl.layers.Dense(1, dtype="bfloat16")])
    model.compile(optimizers.Adam(1e-3), "mse", run_eagerly=True)
    model.fit(np.ones((8, 2), "float32"), np.zeros((8, 1), "float32"), epochs=3, verbose=0)
    return model


def masters(model: nissl.Sequential) -> list[Host]:
    assert model.optimizer is not None
    return [v.numpy() for v in model.optimizer.master_variables()]


def test_masters_are_kept_in_files(tmp_path: Path) -> None:
    model = bfloat16_model()
    assert [m.dtype for m in masters(model)] == [np.float32] * 2
    model.save(tmp_path / "m.keras")
    for found, wanted in zip(
        masters(nissl.models.load_model(tmp_path / "m.keras")), masters(model), strict=True
    ):
        np.testing.assert_array_equal(found, wanted)


def test_files_of_others_have_no_masters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = bfloat16_model()
    with monkeypatch.context() as patch:
        patch.setattr(optimizers.Optimizer, "master_variables", lambda self: [])
        model.save(tmp_path / "m.keras")
    again = nissl.models.load_model(tmp_path / "m.keras")
    assert again.optimizer is not None
    again.optimizer.apply([np.zeros((2, 1)), np.zeros(1)])
    for master, weight in zip(masters(again), again.get_weights(), strict=True):
        assert_close(master, weight.astype("float32"), 1e-2)
        np.testing.assert_array_equal(master.astype(weight.dtype), weight)


@pytest.fixture(params=["eager", "xla", "native"])
def eager(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> bool:
    """Train equation by equation, with XLA's loops, or with those in machine code."""
    monkeypatch.setenv("NISSL_NATIVE", "1" if request.param == "native" else "0")
    monkeypatch.setenv("NISSL_CACHE", str(tmp_path))
    return request.param == "eager"


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_trains_the_same_on_every_engine(dtype: str, eager: bool) -> None:
    """Adam's steps of 1e-3 on a weight near 1 are lost in bfloat16, and were."""
    model = nissl.Sequential(
        [nissl.Input((1,)), nissl.layers.Dense(1, use_bias=False, dtype=dtype)]
    )
    model.set_weights([np.array([[1.0]])])
    model.compile(optimizers.Adam(1e-3), "mse", run_eagerly=eager)
    x = np.ones((16, 1), "float32")
    model.fit(x, np.zeros_like(x), epochs=100, batch_size=16, verbose=0)
    found = model.get_weights()[0].astype(float).item()
    # gradients stay near 2, so that each step is close to 1e-3
    assert found == pytest.approx(0.902, abs=8 * UNIT[dtype] + 1e-3)


# ---- float64 -----------------------------------------------------------------------------------


def test_float64_weights_have_a_float64_learning_rate() -> None:
    for rate in (0.1, 1e-5, 0.001):
        optimizer, weight = optimizers.SGD(rate), nissl.Variable(np.array([1.0]))
        assert optimizer.learning_rate == rate
        optimizer.apply([[1.0]], [weight])
        assert weight.numpy().item() == 1.0 - rate
        optimizer.learning_rate = rate / 3
        assert optimizer.learning_rate == rate / 3
        assert optimizer.get_config()["learning_rate"] == rate / 3


# ---- clipping ----------------------------------------------------------------------------------

CLIPS = {
    "overflow": ([3e30, 4e30], [0.6, 0.8]),
    "norm beyond the range": ([3e38] * 4, [0.5] * 4),
    "underflow": ([3e-30, 4e-30], [3e-30, 4e-30]),
    "subnormal": ([1e-42, 0.0], [1e-42, 0.0]),
    "zeros": ([0.0, 0.0], [0.0, 0.0]),
    "far apart": ([1e30, 1e-30], [1.0, 1e-60]),
    "plain": ([3.0, -4.0], [0.6, -0.8]),
    "short": ([0.3, 0.4], [0.3, 0.4]),
}


@pytest.mark.parametrize("name", CLIPS)
@pytest.mark.parametrize("engine", ["eager", "numpy", "xla"])
@pytest.mark.parametrize("split", [False, True])
def test_norms_are_right_where_squares_are_not(name: str, engine: str, split: bool) -> None:
    given, wanted = (np.asarray(each) for each in CLIPS[name])
    pieces = np.split(given.astype("float32"), len(given)) if split else [given.astype("float32")]

    def clip(*gradients: Any) -> Any:
        return clip_by_norm([nissl.asarray(g) for g in gradients], 1.0)

    run = clip if engine == "eager" else nissl.jit(clip, engine=engine)
    found = np.concatenate([np.asarray(each) for each in run(*pieces)])
    np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=1e-41)  # XLA may drop subnormals


@pytest.mark.parametrize("size", [3e300, 3e-300, 3e-200, 1.7e308])
@pytest.mark.parametrize("limit", [1.0, 1e-25])
def test_norms_of_float64_far_out(size: float, limit: float) -> None:
    g = nissl.asarray(np.array([size, -size]))
    found = np.asarray(clip_by_norm([g], limit)[0])
    wanted = np.array([1, -1]) * min(size, limit / np.sqrt(2))
    assert_close(found, wanted, 1e-12)


def test_a_tiny_limit_holds_too() -> None:
    found = np.asarray(clip_by_norm([nissl.asarray(np.float32([3e-28, 4e-28]))], 1e-29)[0])
    assert_close(found, [6e-30, 8e-30], 1e-6)


@pytest.mark.parametrize("settings", [{"clipnorm": 1.0}, {"global_clipnorm": 1.0}])
@pytest.mark.parametrize("bad", [np.inf, -np.inf, np.nan])
def test_an_infinite_gradient_is_not_clipped_away(settings: dict[str, float], bad: float) -> None:
    weight = nissl.Variable(np.zeros(2, "float32"))
    optimizers.SGD(1.0, **settings).apply([[bad, 1.0]], [weight])
    assert np.isnan(weight.numpy()).any()


def test_half_precision_gradients_are_clipped_in_float32() -> None:
    """Squares of 300 overflow float16, those of 1e-4 vanish there."""
    for size, wanted in ((300.0, 0.5), (1e-4, 1e-4)):
        weight = nissl.Variable(nissl.zeros(4, "float16"))
        optimizers.SGD(1.0, clipnorm=1.0).apply([nissl.full((4,), size, "float16")], [weight])
        assert_close(-weight.numpy().astype(float), wanted, 1e-3)


def test_weights_without_elements_are_left() -> None:
    empty, weight = nissl.Variable(np.zeros((0, 2), "float32")), nissl.Variable(np.zeros(1))
    for settings in ({"clipnorm": 1.0}, {"global_clipnorm": 1.0}):
        optimizers.SGD(1.0, **settings).apply([np.zeros((0, 2)), [5.0]], [empty, weight])
    assert weight.numpy().tolist() == [-2.0]


@pytest.mark.parametrize("settings", [{"clipnorm": 1.0}, {"global_clipnorm": 1.0}])
def test_fits_with_huge_gradients_move_by_the_limit(
    settings: dict[str, float], eager: bool
) -> None:
    layer = nissl.layers.Dense(1, use_bias=False, kernel_initializer="ones")
    model = nissl.Sequential([nissl.Input((2,)), layer])
    model.compile(optimizers.SGD(0.1, **settings), "mse", run_eagerly=eager)
    model.fit(np.full((8, 2), 1e10, "float32"), np.zeros((8, 1), "float32"), verbose=0)
    moved = model.get_weights()[0].ravel() - 1.0
    assert_close(moved, [-0.1 / np.sqrt(2)] * 2, 1e-5)


# ---- what is not there yet ---------------------------------------------------------------------


class Schedule:
    def __call__(self, step: int) -> float:
        return 0.1 / (step + 1)


@pytest.mark.parametrize("given", [Schedule(), {"class_name": "ExponentialDecay", "config": {}}])
@pytest.mark.parametrize("name", registry.names())
def test_schedules_are_not_there_yet(name: str, given: Any) -> None:
    with pytest.raises(ArgumentError, match="not there yet"):
        registry.lookup(name)(learning_rate=given)
    with pytest.raises(ArgumentError, match="not there yet"):
        registry.deserialize({"class_name": name, "config": {"learning_rate": given}})
