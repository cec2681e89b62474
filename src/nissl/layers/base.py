"""Layer: weights, and a function that uses them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from nissl.arguments import flag, named
from nissl.core import dtypes, mode, tree
from nissl.core.functions import asarray
from nissl.core.op import scope
from nissl.core.tensor import Shape, Tensor
from nissl.core.variable import Capture, Variable, capture, unique
from nissl.errors import ArgumentError, ArgumentTypeError, GraphError, NisslError, ShapeError
from nissl.layers import building, tracking
from nissl.layers.calling import MISSING, input_among, located, mode_of, no_attribute, not_one
from nissl.layers.settings import DTYPE, INPUT_DIM, INPUT_SHAPE, NAME, config_of
from nissl.layers.shapes import BatchShape, shapes_of, stand_ins
from nissl.random import SeedGenerator
from nissl.registry import Registry
from nissl.settings import Configured, configured, refuse_arguments, setting

__all__ = ["Layer"]

registry: Registry[type[Layer]] = Registry("layer", "keras.layers")


@configured
class Layer(Configured):
    """A function with weights.

    The settings of a subclass are its fields (:func:`nissl.settings.setting`), or arguments of an
    ``__init__`` of its own. It makes its weights in :meth:`build`, which is called once, with the
    shape of the first input, and computes in :meth:`call`. Layers and variables that are set as
    attributes are found by themselves.

    Args:
        name: unique name within a model; made from the class by default.
        dtype: floating dtype of weights and computation; the default dtype unless given.
        trainable: whether training changes the weights.
        input_shape: shape of one input, without the batch; lets a model be built at once.
        input_dim: the same for inputs of one axis: ``input_dim=3`` is ``input_shape=(3,)``.

    >>> import nissl
    >>> class Scale(nissl.layers.Layer):
    ...     def build(self, input_shape):
    ...         self.factor = self.add_weight((), initializer="ones", name="factor")
    ...     def call(self, x):
    ...         return x * self.factor
    >>> Scale()(nissl.ones((2, 3))).shape
    (2, 3)
    """

    keras_module: ClassVar[str] = "keras.layers"
    takes_one: ClassVar[bool] = False  # a single tensor; else a container of several may come

    name: Any = setting(NAME, default=None, kw_only=True)
    _trainable: bool = setting(flag, default=True, alias="trainable", kw_only=True)
    dtype: Any = setting(DTYPE, default=None, kw_only=True)
    input_shape_argument: Any = setting(
        INPUT_SHAPE, default=None, alias="input_shape", kw_only=True, saved=False
    )
    input_dim_argument: Any = setting(
        INPUT_DIM, default=None, alias="input_dim", kw_only=True, saved=False
    )

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "build" in vars(cls):
            cls.build = building.wrapped(vars(cls)["build"])

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        """Remember the arguments, from which a layer without a ``get_config`` is described."""
        layer = super().__new__(cls)
        vars(layer)["_given"] = (args, kwargs)
        return layer

    def __pre_init__(self) -> None:
        self._serial = tracking.next_serial()  # another one for each layer
        self._changes: dict[str, Any] = {}  # what stands for each setting's value
        self._building = False
        self.built = False
        self.build_shape: BatchShape | None = None
        self._weights: list[Variable] = []

    def __post_init__(self) -> None:
        if self.input_dim_argument is not None and self.input_shape_argument is None:
            self.input_shape_argument = (self.input_dim_argument,)

    def __setattr__(self, name: str, value: Any) -> None:
        """Set an attribute: a setting is checked, and compiled programs notice its change."""
        fields = vars(self)
        old = fields.get(name)
        if isinstance(old, Variable):
            if isinstance(value, Tensor | np.ndarray | np.generic | list | int | float):
                raise ArgumentTypeError(
                    f"layer {self.name!r} ({type(self).__name__}): {name} is a variable; give it "
                    f"numbers with {name}.assign(...), or put another nissl.Variable in its place"
                )
            self._let_go(old, value)
        super().__setattr__(name, value)
        if name not in tracking.OWN and not mode.calling():
            fields.setdefault("_changes", {})[name] = tracking.change_of(fields.get(name, value))
            if fields.get("built"):
                mode.note_change()

    def refuse_change(self, name: str, value: Any) -> None:
        old = vars(self)[name]
        if vars(self).get("built") and not _same(old, value):
            raise ArgumentError(
                f"layer {self.name!r} ({type(self).__name__}): its weights were made with "
                f"{name}={old!r}, which cannot become {value!r}; make a new layer"
            )

    def __delattr__(self, name: str) -> None:
        """Delete an attribute; a weight that it held is no longer the layer's."""
        value = vars(self).get(name)
        if isinstance(value, Variable):
            self._let_go(value)
        super().__delattr__(name)
        vars(self).get("_changes", {}).pop(name, None)

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        """Take over what a copy gets; it is another layer to those who compiled the first."""
        vars(self).update(state, _serial=tracking.next_serial())

    if not TYPE_CHECKING:  # a checker knows which attributes there are

        def __getattr__(self, name: str) -> Any:
            return no_attribute(self, name)

    def _let_go(self, old: Variable, new: Any = None) -> None:
        """Forget a weight that an attribute held; another variable takes its place in order."""
        for place, kept in enumerate(vars(self).get("_weights", ())):
            if kept is old:
                self._weights[place : place + 1] = [new] if isinstance(new, Variable) else []
                return

    # ---- what a subclass writes --------------------------------------------------------------
    def build(self, input_shape: Any) -> None:
        """Make the weights; ``input_shape`` has the batch first, as ``None``.

        Called by hand or by the first call, it builds once. A layer without a ``build`` of its own
        has its layers below built for what reaches them.

        Raises:
            ShapeError: the layer is built for another shape already.
        """
        if self.is_building or building.is_built_for(self, input_shape):
            return
        with building.building(self, input_shape):
            if any(not each.built for each in tracking.walk(self) if each is not self):
                self._stand_in_call(input_shape)

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """Compute the output. Takes ``training`` if it behaves differently in training."""
        raise ArgumentTypeError(f"layer {self.name!r} ({type(self).__name__}) has no call method")

    def get_config(self) -> dict[str, Any]:
        """Return the settings from which the same layer, with new weights, can be made.

        A subclass with an ``__init__`` of its own adds its arguments. If it has no ``get_config``,
        those that it was made with are returned.

        Raises:
            ArgumentTypeError: one of these is nothing that a file can hold.
        """
        return config_of(self, super().get_config())

    # ---- weights -----------------------------------------------------------------------------
    def add_weight(
        self,
        shape: Shape = (),
        initializer: Any = None,
        dtype: Any = None,
        trainable: bool = True,
        name: str | None = None,
        **unknown: Any,
    ) -> Variable:
        """Make a weight and keep it.

        Args:
            shape: its lengths.
            initializer: how it begins: a name, an object, an array; Glorot's uniform numbers by
                default, and zeros for integers.
            dtype: its dtype; the layer's by default.
            trainable: whether training changes it.
            name: its name within the layer.
        """
        from nissl import initializers

        refuse_arguments(f"{type(self).__name__}.add_weight", unknown)
        chosen = self.dtype if dtype is None else dtypes.as_dtype(dtype)
        name = "variable" if name is None else named("add_weight", "name", name)
        if initializer is None:
            initializer = "glorot_uniform" if dtypes.is_floating(chosen) else "zeros"
        lengths = building.spend(self.name, name, shape)
        variable = building.promised(self.name, name, lengths, chosen)
        if variable is None:
            value = initializers.get(initializer)(lengths, dtype=chosen)
            variable = Variable(value, trainable=trainable, name=name)
        variable.path = f"{self.name}/{name}"
        self._weights.append(variable)
        return variable

    def sublayers(self) -> list[Layer]:
        """The layers that are attributes of this one, in order; containers are looked into."""
        return tracking.held(self, Layer)

    @property
    def own_weights(self) -> list[Variable]:
        """The weights that :meth:`add_weight` made for this layer, in order."""
        return self._weights

    @property
    def is_building(self) -> bool:
        """Whether :meth:`build` is under way."""
        return vars(self).get("_building", False)

    def _all_own(self) -> list[Variable]:
        """The weights of this layer itself: trainable ones first, then the others."""
        found = unique([*self._weights, *tracking.held(self, Variable)])
        return sorted(found, key=lambda v: not v.trainable)

    @property
    def variables(self) -> list[Variable]:
        """Every weight and state, also what is not saved, such as seeds."""
        found: list[Variable] = []
        for layer in tracking.walk(self):
            found += layer._all_own()
            found += (seeds.state for seeds in tracking.held(layer, SeedGenerator))
        return unique(found)

    @property
    def weights(self) -> list[Variable]:
        """The weights that are saved, layer by layer, whether they are trained or not."""
        return unique([v for layer in tracking.walk(self) for v in layer._all_own()])

    @property
    def trainable_weights(self) -> list[Variable]:
        """The weights that training changes."""
        trained = tracking.walk(self, trained=True)
        return unique([v for layer in trained for v in layer._all_own() if v.trainable])

    @property
    def non_trainable_weights(self) -> list[Variable]:
        """The saved weights that training leaves alone."""
        trained = set(self.trainable_weights)
        return [v for v in self.weights if v not in trained]

    trainable_variables = trainable_weights
    non_trainable_variables = non_trainable_weights

    @property
    def trainable(self) -> bool:
        """Whether training changes the weights."""
        return self._trainable

    @trainable.setter
    def trainable(self, wanted: bool) -> None:
        chosen = flag(type(self).__name__, "trainable", wanted)
        for layer in list(tracking.walk(self)):
            layer._trainable = chosen

    def settings_key(self) -> Any:
        """Return what a compiled program depends on beside shapes: layers, and their settings.

        A change of a setting from outside is seen; what a layer changes while it is called is its
        own affair.
        """
        return tuple(
            (layer._serial, layer._trainable, *layer._changes.items())
            for layer in tracking.walk(self)
        )

    def get_weights(self) -> list[Any]:
        """Return copies of the weights as NumPy arrays."""
        return [v.numpy() for v in self.weights]

    def set_weights(self, weights: Any) -> None:
        """Set all weights from a list of arrays, in the order of :meth:`get_weights`."""
        if not isinstance(weights, Sequence):
            raise ArgumentTypeError(
                f"layer {self.name!r}: weights are a list of arrays, not {type(weights).__name__}"
            )
        own, given = self.weights, list(weights)
        if len(own) != len(given):
            wanted = ", ".join(f"{v.path} {v.shape}" for v in own) or "none; build it first"
            raise ArgumentError(
                f"layer {self.name!r} has {len(own)} weights ({wanted}), and {len(given)} were "
                "given"
            )
        arrays = [asarray(value, v.dtype) for v, value in zip(own, given, strict=True)]
        for variable, array in zip(own, arrays, strict=True):
            if array.shape != variable.shape:
                raise ShapeError(
                    f"weight {variable.path!r} has shape {variable.shape}, and an array of shape "
                    f"{array.shape} was given"
                )
        for variable, array in zip(own, arrays, strict=True):
            variable.assign(array)

    def count_params(self) -> int:
        """Return how many numbers the weights hold.

        Raises:
            GraphError: they are not made yet.
        """
        waiting = [layer for layer in tracking.walk(self) if makes_weights(layer)]
        unbuilt = next((layer for layer in waiting if not layer.built), None)
        if unbuilt is not None:
            raise GraphError(
                f"layer {unbuilt.name!r} ({type(unbuilt).__name__}) has no weights yet, since the "
                "shape of its input is not known; give the model an Input, call it on data, or "
                "call build((None, ...)) first"
            )
        return sum(v.size for v in self.weights)

    # ---- calling -----------------------------------------------------------------------------
    def _ensure_built(self, shape: Any) -> None:
        if self.built:
            return
        if type(self).build is not Layer.build:
            self.build(shape)
        else:  # its layers are built when the call reaches them
            with building.building(self, shape):
                pass

    def __call__(self, x: Any = MISSING, *args: Any, **kwargs: Any) -> Any:
        """Build on the first call, then compute; errors name the layer.

        The mode of training is ``training`` where it is given, else that of the call that this one
        is part of, else the default of :meth:`call`; it reaches every layer below.
        """
        if x is MISSING:  # layer(inputs=...), by the name that `call` has for it
            x = input_among(kwargs, self)
        rows = isinstance(x, list | tuple) and not _holds_arrays(x)
        inputs = self._cast(x) if rows else tree.map_leaves(self._cast, x)
        if self.takes_one and not isinstance(inputs, Tensor):
            raise not_one(self, inputs)
        training, args = mode_of(type(self).call, args, kwargs)
        try:
            if not self.built:
                self._ensure_built(shapes_of(inputs))
            with scope(self.name), mode.called(training):
                return self.call(inputs, *args, **kwargs)
        except NisslError as error:
            raise located(error, self) from error

    def _cast(self, leaf: Any) -> Tensor:
        """Bring an input to the layer's dtype; Python lists and NumPy arrays are taken."""
        if isinstance(leaf, Layer):
            raise ArgumentTypeError(
                f"layer {self.name!r} ({type(self).__name__}) takes data, not the layer "
                f"{leaf.name!r}: calling layers on an Input, as functional models do, is not there "
                "yet. Write nissl.Sequential([nissl.Input((3,)), nissl.layers.Dense(4)])"
            )
        return asarray(leaf, self.dtype)

    def _stand_in_call(self, shape: Any) -> Any:
        """Call the layer on tensors without values, so that nothing is computed or changed."""
        with capture(Capture()):
            return self(stand_ins(shape, self.dtype))

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the shape that an input of ``input_shape``, batch first, comes out with."""
        shape = building.without_batch(self, input_shape)
        self._ensure_built(shape)
        found = self._stand_in_call(shape)
        if found is None:
            where = f"layer {self.name!r} ({type(self).__name__})"
            raise ArgumentTypeError(f"{where}: call returned None; end it with return")
        return shapes_of(found)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r}>"


for _each in ("name", "dtype"):  # without __init__ there are none, and `no_attribute` says so
    delattr(Layer, _each)


def makes_weights(layer: Layer) -> bool:
    """Return whether a layer's class says how to make weights."""
    return type(layer).build is not Layer.build


def _same(old: Any, new: Any) -> bool:
    return old is new or bool(type(old) is type(new) and old == new)


def _holds_arrays(x: Any) -> bool:
    """Whether a list is a container of inputs, and not nested lists of numbers."""
    return any(isinstance(leaf, Layer) or hasattr(leaf, "shape") for leaf in tree.flatten(x)[0])
