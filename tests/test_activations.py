"""Activations: against figures recorded from Keras 3.15.1, and against what is said of them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from nissl import activations
from nissl.autodiff import check_grads, grad
from nissl.core import functions as F
from nissl.errors import ArgumentError, ArgumentTypeError, UnknownNameError

X = np.array([-4, -3, -1, -0.5, 0, 0.5, 1, 3, 6, 7], np.float32)
ONE_BY_ONE = sorted({*activations.registry} - {"softmax", "log_softmax"})

# values at X, from Keras
KERAS: dict[str, list[float]] = {
    "elu": [-0.981684387, -0.950212955, -0.63212055, -0.393469334, 0.0, 0.5, 1.0, 3.0, 6.0, 7.0],
    "exponential": [0.0183156393, 0.0497870669, 0.36787945, 0.606530666, 1.0, 1.64872122,
                    2.71828175, 20.085537, 403.428802, 1096.63318],
    "gelu": [-0.00012668503, -0.00404969603, -0.158655271, -0.154268771, 0.0, 0.345731229,
             0.841344714, 2.99595022, 6.0, 7.0],
    "hard_sigmoid": [0.0, 0.0, 0.333333343, 0.416666687, 0.5, 0.583333373, 0.666666687, 1.0, 1.0,
                     1.0],
    "hard_silu": [0.0, 0.0, -0.333333343, -0.208333343, 0.0, 0.291666687, 0.666666687, 3.0, 6.0,
                  7.0],
    "hard_tanh": [-1.0, -1.0, -1.0, -0.5, 0.0, 0.5, 1.0, 1.0, 1.0, 1.0],
    "leaky_relu": [-0.800000012, -0.600000024, -0.200000003, -0.100000001, 0.0, 0.5, 1.0, 3.0, 6.0,
                   7.0],
    "linear": [-4.0, -3.0, -1.0, -0.5, 0.0, 0.5, 1.0, 3.0, 6.0, 7.0],
    "log_sigmoid": [-4.01814985, -3.04858732, -1.31326175, -0.974076986, -0.693147182,
                    -0.474076986, -0.313261688, -0.048587352, -0.00247568521, -0.000911466486],
    "mish": [-0.0725917369, -0.145647451, -0.30340144, -0.220743775, 0.0, 0.375245243, 0.865098476,
             2.98653555, 5.99992704, 6.99998903],
    "relu": [0.0, 0.0, 0.0, 0.0, 0.0, 0.5, 1.0, 3.0, 6.0, 7.0],
    "relu6": [0.0, 0.0, 0.0, 0.0, 0.0, 0.5, 1.0, 3.0, 6.0, 6.0],
    "selu": [-1.72589874, -1.67056882, -1.11133075, -0.691758215, 0.0, 0.525350511, 1.05070102,
             3.15210295, 6.30420589, 7.35490704],
    "sigmoid": [0.0179862101, 0.0474258736, 0.268941432, 0.377540678, 0.5, 0.622459352, 0.731058598,
                0.952574134, 0.997527421, 0.999089003],
    "silu": [-0.0719448403, -0.142277628, -0.268941432, -0.188770339, 0.0, 0.311229676, 0.731058598,
             2.85772228, 5.98516464, 6.99362278],
    "softplus": [0.0181499291, 0.048587352, 0.313261688, 0.474076986, 0.693147182, 0.974076986,
                 1.31326175, 3.04858732, 6.00247574, 7.00091124],
    "softsign": [-0.800000012, -0.75, -0.5, -0.333333343, 0.0, 0.333333343, 0.5, 0.75, 0.857142866,
                 0.875],
    "tanh": [-0.999329209, -0.995054722, -0.761594176, -0.462117165, 0.0, 0.462117165, 0.761594176,
             0.995054722, 0.999987602, 0.999998331],
    "softmax": [1.1998005e-05, 3.26139598e-05, 0.000240986366, 0.000397319352, 0.0006550689,
                0.00108002592, 0.00178066187, 0.0131574105, 0.264273643, 0.718370259],
    "log_softmax": [-11.3307705, -10.3307705, -8.33077049, -7.83077002, -7.33077002, -6.83077002,
                    -6.33077002, -4.33077002, -1.33077013, -0.330770135],
    "absolute": [4, 3, 1, 0.5, 0, 0.5, 1, 3, 6, 7],
    "sign": [-1, -1, -1, -1, 0, 1, 1, 1, 1, 1],
    "heaviside": [0, 0, 0, 0, 1, 1, 1, 1, 1, 1],
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(activations.registry))
def test_values(name: str) -> None:
    got = activations.get(name)(X).numpy()
    np.testing.assert_allclose(got, KERAS[name], rtol=3e-6, atol=1e-7)
    assert got.dtype == np.float32


@pytest.mark.parametrize("name", sorted(activations.registry))
def test_facts(name: str) -> None:
    facts = activations.FACTS[name]
    function = activations.get(name)
    points = np.concatenate([np.linspace(-30, 30, 601), [-1e4, 1e4]])
    values = function(points).numpy()
    assert np.isfinite(values[:-2]).all()
    assert facts.low <= values.min()
    assert values.max() <= facts.high
    if math.isfinite(facts.low):  # a bound that is said is nearly reached
        assert values.min() <= facts.low + 0.01
    for point, taken in facts.kinks.items():
        slope = grad(lambda x: F.sum(function(x)))(float(point)).item()
        assert slope == pytest.approx(taken, rel=1e-6), f"{name} at {point}"


def test_facts_are_complete() -> None:
    assert set(activations.FACTS) == set(activations.registry)


@pytest.mark.parametrize("name", sorted(activations.registry))
def test_gradients(name: str) -> None:
    point = np.array([-4.3, -2.2, -0.7, 0.4, 1.7, 4.1, 7.2])  # off every kink
    check_grads(activations.get(name), [point], order=2, tolerance=1e-5)


@pytest.mark.parametrize("name", ONE_BY_ONE)
def test_extremes_are_not_nan(name: str) -> None:
    values = activations.get(name)(np.array([-1e4, 1e4, -1e-30, 1e-30, 0.0], np.float32)).numpy()
    assert not np.isnan(values).any()
    slope = grad(lambda x: F.sum(activations.get(name)(x)))(
        np.array([-1e4, 80.0, -1e-30, 1e-30], np.float32)
    )
    assert np.isfinite(slope.numpy()).all()


def test_relu_settings() -> None:
    settings: dict[str, Any] = {"negative_slope": 0.5, "max_value": 5.0, "threshold": 0.75}
    wanted = [-2.375, -1.875, -0.875, -0.625, -0.375, -0.125, 1.0, 3.0, 5.0, 5.0]  # Keras
    np.testing.assert_allclose(activations.relu(X, **settings).numpy(), wanted)
    wanted = [0.0, 0.0, 0.0, 0.0, 0.0, 0.5, 1.0, 3.0, 5.0, 5.0]  # Keras
    np.testing.assert_allclose(activations.relu(X, max_value=5.0).numpy(), wanted)
    slopes = grad(lambda x: F.sum(activations.relu(x, **settings)))(
        np.array([-1.0, 0.75, 2.0, 5.0, 9.0])
    )
    assert slopes.tolist() == [0.5, 0.5, 1.0, 0.0, 0.0]
    with pytest.raises(ArgumentError, match="negative_slope=-1"):
        activations.relu(X, negative_slope=-1)
    assert activations.relu([-1, 2], threshold=1.0).tolist() == [0.0, 2.0]  # integers become real


@pytest.mark.parametrize(
    ("alias", "name"),
    [
        ("swish", "silu"),
        ("hard_swish", "hard_silu"),
        ("hardtanh", "hard_tanh"),
        ("abs", "absolute"),
        ("sgn", "sign"),
        ("step", "heaviside"),
        (None, "linear"),
    ],
)
def test_aliases(alias: str | None, name: str) -> None:
    assert activations.get(alias) is getattr(activations, name)
    assert activations.serialize(activations.get(alias)) == name
    assert activations.deserialize(name) is getattr(activations, name)


def test_core_functions_have_names() -> None:
    assert activations.serialize(F.tanh) == "tanh"
    assert activations.serialize(F.relu) == "relu"
    assert activations.get(F.sin) is F.sin
    described = {"module": "builtins", "class_name": "function", "config": "relu"}
    assert activations.get(described) is activations.relu


def test_refusals() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'relu'"):
        activations.get("relu_")
    with pytest.raises(ArgumentTypeError, match=r"a name, an object or a function, not float 3\.5"):
        activations.get(3.5)
    with pytest.raises(ArgumentTypeError, match="'sin' cannot be written to a file"):
        activations.serialize(F.sin)
