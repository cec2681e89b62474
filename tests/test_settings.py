"""Settings as fields: constructor, check, config and repr of one declaration."""

from __future__ import annotations

import copy
import inspect
import pickle
from typing import Any

import pytest

import nissl
from nissl import initializers, layers, losses, metrics, optimizers
from nissl.arguments import number, one_of, whole
from nissl.errors import ArgumentError, ArgumentTypeError, NisslError
from nissl.layers.base import registry as layer_registry
from nissl.optimizers.base import registry as optimizer_registry
from nissl.settings import Configured, configured, from_config, setting

REGISTRIES = (
    layer_registry,
    optimizer_registry,
    losses.registry,
    metrics.registry,
    initializers.registry,
)


@configured
class Spring(Configured):
    stiffness: float = setting(number, above=0)
    length: float = setting(number, default=1, least=0)
    end: str = setting(one_of, default="fixed", allowed=("fixed", "free"), kw_only=True)
    _turns: int = setting(whole, default=3, alias="turns", kw_only=True, shown=False)


@configured
class Soft(Spring):
    length: float = setting(number, default=2.0, least=0)
    colour: str = setting(default="red", saved=False)


@configured
class Unit(Spring):
    stiffness: float = setting(init=False, default=1.0)


def test_the_constructor_follows_from_the_fields() -> None:
    assert str(inspect.signature(Spring)) == (
        "(stiffness: 'float', length: 'float' = 1, *, end: 'str' = 'fixed', turns: 'int' = 3) "
        "-> None"
    )
    made = Spring(2, 5, turns=4)
    assert (made.stiffness, made.length, made.end, made._turns) == (2.0, 5.0, "fixed", 4)
    assert repr(made) == "Spring(stiffness=2.0, length=5.0, end='fixed')"
    assert made.get_config() == {"stiffness": 2.0, "length": 5.0, "end": "fixed", "turns": 4}
    assert from_config(Spring, made.get_config()).get_config() == made.get_config()


def test_a_field_keeps_its_place_and_takes_another_default() -> None:
    assert list(inspect.signature(Soft).parameters) == [
        *("stiffness", "length", "colour", "end", "turns"),
    ]
    assert Soft(1).length == 2.0
    assert "colour" not in Soft(1).get_config()


def test_a_field_that_is_no_argument_keeps_its_default() -> None:
    assert Unit(4.0).length == 4.0
    assert Unit().stiffness == 1.0
    assert "stiffness" not in Unit().get_config()
    with pytest.raises(ArgumentTypeError, match="Unit has no argument 'stiffness'"):
        Unit(**{"stiffness": 3.0})


@pytest.mark.parametrize(
    ("args", "given", "said"),
    [
        ((), {}, "Spring: stiffness is missing. It takes: stiffness, length, end, turns"),
        ((1, 2, "free"), {}, "Spring: 3 arguments were given without their names"),
        ((1,), {"stiffness": 2}, "Spring: stiffness is given twice"),
        ((1,), {"lenght": 2}, r"Spring has no argument 'lenght' .*did you mean 'length'\?"),
        ((1,), {"length": True}, "Spring: length is a number, not bool True"),
        ((1,), {"turns": 0.5}, "Spring: turns is a whole number, not float 0.5"),
    ],
)
def test_wrong_arguments(args: tuple[Any, ...], given: dict[str, Any], said: str) -> None:
    make: Any = Spring
    with pytest.raises(ArgumentTypeError, match=said):
        make(*args, **given)


def test_what_is_assigned_later_is_checked_as_well() -> None:
    made = Spring(1)
    made.stiffness = 3
    assert type(made.stiffness) is float
    with pytest.raises(ArgumentError, match="Spring: stiffness=-1 must be greater than 0"):
        made.stiffness = -1
    assert made.stiffness == 3.0


@pytest.mark.parametrize(
    ("thing", "name", "value"),
    [
        (losses.Huber(), "delta", -1),
        (losses.MeanSquaredError(), "reduction", "men"),
        (metrics.BinaryAccuracy(), "threshold", 2),
        (metrics.TopKCategoricalAccuracy(), "k", 0),
        (optimizers.Adam(), "beta_1", 1),
        (optimizers.SGD(), "learning_rate", -1),
        (optimizers.SGD(), "clipnorm", 0),
        (initializers.VarianceScaling(), "mode", "fan"),
        (layers.Dropout(0.5), "rate", 1),
    ],
)
def test_every_family_checks_later_assignments(thing: Any, name: str, value: Any) -> None:
    before = getattr(thing, name)
    with pytest.raises(NisslError, match=name):
        setattr(thing, name, value)
    assert getattr(thing, name) == before


def test_a_metric_obeys_a_setting_of_its_loss_that_is_changed() -> None:
    metric = metrics.BinaryCrossentropy(from_logits=True)
    assert round(metric([[1.0]], [[0.0]]).item(), 5) == 0.69315
    metric = metrics.BinaryCrossentropy()
    metric.from_logits = True
    assert round(metric([[1.0]], [[0.0]]).item(), 5) == 0.69315


def test_an_init_of_ones_own_goes_through_that_of_the_class_below() -> None:
    class Ten(layers.Dense):
        def __init__(self, times: int = 1, **kwargs: Any) -> None:
            super().__init__(10 * times, "relu", **kwargs)

    made = Ten(2, name="wide")
    assert (made.units, made.name) == (20, "wide")
    assert made.get_config()["times"] == 2
    again = Ten.from_config(made.get_config())
    assert (again.units, again.name) == (20, "wide")
    with pytest.raises(ArgumentTypeError, match=r"Ten has no argument 'tims'.*'times'"):
        Ten(**{"tims": 2})


def test_a_layer_whose_init_forgets_the_one_below_says_so() -> None:
    class Own(layers.Layer):
        def __init__(self) -> None:
            self.units = 3

        def call(self, x: Any) -> Any:
            return x

    with pytest.raises(AttributeError, match=r"^Own has no 'dtype' yet: its __init__ must call"):
        Own()([[1.0]])


def test_a_loss_whose_init_forgets_the_one_below_has_the_defaults() -> None:
    class Own(losses.Loss):
        def __init__(self, factor: float) -> None:
            self.factor = factor

        def call(self, y_true: Any, y_pred: Any) -> Any:
            return nissl.mean(nissl.abs(y_true - y_pred), axis=-1) * self.factor

    assert Own(2.0)([[1.0], [2.0]], [[0.0], [0.0]]).item() == 3.0


def test_input_dim_is_taken_by_every_layer() -> None:
    model = nissl.Sequential([layers.Activation("tanh", input_dim=3), layers.Dense(2)])
    assert model.output_shape == (None, 2)


CLASSES = [
    (registry.kind, name)
    for registry in REGISTRIES
    for name in registry
    if inspect.isclass(registry.lookup(name))
]
NEEDED: dict[str, tuple[Any, ...]] = {
    "Activation": ("relu",),
    "Dense": (2,),
    "Dropout": (0.5,),
    "InputLayer": ((3,),),
    "Rescaling": (0.5,),
    "MeanMetricWrapper": (losses.mean_squared_error,),
}


@pytest.mark.parametrize(("kind", "name"), CLASSES)
def test_signatures_copies_and_configs_of_all(kind: str, name: str) -> None:
    """Every class says its arguments by name, and comes back from its config and from a pickle."""
    registry = next(each for each in REGISTRIES if each.kind == kind)
    cls = registry.lookup(name)
    made = cls(*NEEDED.get(name, ()))
    for settled in cls.settings:
        assert hasattr(made, settled)
    config = made.get_config()
    assert registry.deserialize(registry.serialize(made)).get_config() == config
    assert copy.deepcopy(made).get_config() == config
    assert pickle.loads(pickle.dumps(made)).get_config() == config
