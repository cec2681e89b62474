"""Settings: what a class is made with. Each is written once, as a field of the class.

From the fields of a layer, an optimizer, a loss, a metric or an initialiser follow its constructor,
the check of each value, also of one that is assigned later, its ``get_config`` and its ``repr``.

>>> from nissl.arguments import number
>>> @configured
... class Spring(Configured):
...     stiffness: float = setting(number, above=0)
...     length: float = setting(number, default=1.0, least=0)
>>> Spring(2).get_config()
{'stiffness': 2.0, 'length': 1.0}
>>> Spring(2, lenght=3)
Traceback (most recent call last):
nissl.errors.ArgumentTypeError: Spring has no argument 'lenght' (given: 3); did you mean 'length'? \
It takes: length, stiffness.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, ClassVar, Self, TypeVar, dataclass_transform

from nissl.errors import ArgumentError, ArgumentTypeError, nearest
from nissl.keras_names import ARGUMENTS, is_off

__all__ = [
    "Configured",
    "Setting",
    "configured",
    "from_config",
    "is_generated",
    "known_settings",
    "refuse_arguments",
    "refuse_unknown",
    "setting",
    "settings_for",
]

T = TypeVar("T")
REQUIRED: Any = inspect.Parameter.empty  # in place of a default


def as_it_is(who: str, name: str, value: T) -> T:
    """Check nothing."""
    return value


@dataclass(slots=True)
class Setting:
    """One setting of a class.

    Attributes:
        check: from the class's name, the setting's, and a value, to the value as it is kept, or
            an error of the tree; one of :mod:`nissl.arguments`, most often.
        describe: from the value as it is kept to what a config says, in JSON's terms.
        fixed: whether what the object has made depends on it, so that it may not change then.
        default: what it is unless given.
        alias: the argument's name, where it is not the attribute's.
        kw_only: whether it is given by its name only.
        init: whether the constructor takes it; otherwise the default stays.
        saved: whether the config has it.
        shown: whether ``repr`` has it.
    """

    check: Callable[[str, str, Any], Any] = as_it_is
    describe: Callable[[Any], Any] | None = None
    fixed: bool = False
    default: Any = REQUIRED
    alias: str = ""
    kw_only: bool = False
    init: bool = True
    saved: bool = True
    shown: bool = True

    def settle(self, cls: type, name: str) -> None:
        """Leave in the class what stands there for the setting: its default."""
        if self.default is REQUIRED:
            delattr(cls, name)
        else:
            setattr(cls, name, self.default)


def setting(
    like: Setting | Callable[..., Any] = as_it_is,
    *,
    default: Any = REQUIRED,
    alias: str = "",
    kw_only: bool = False,
    init: bool = True,
    saved: bool = True,
    shown: bool = True,
    fixed: bool | None = None,
    **limits: Any,
) -> Any:
    """Declare a setting: a field of a class that :func:`configured` or a registry completes.

    Args:
        like: another setting, or its check.
        default, alias, kw_only, init, saved, shown, fixed: see :class:`Setting`.
        limits: further arguments of the check, such as ``least=0``.
    """
    kind = like if isinstance(like, Setting) else Setting(like)
    return replace(
        kind,
        check=partial(kind.check, **limits) if limits else kind.check,
        fixed=kind.fixed if fixed is None else fixed,
        default=default,
        alias=alias,
        kw_only=kw_only,
        init=init,
        saved=saved,
        shown=shown,
    )


class Configured:
    """What has settings: they are checked when set, and described by a config."""

    settings: ClassVar[Mapping[str, Setting]] = {}  # by attribute, in the order of the constructor

    def __pre_init__(self) -> None:
        """Make what must be there before any setting is set."""

    def __post_init__(self) -> None:
        """Make what follows from the settings, and check what several must be together."""

    def __setattr__(self, name: str, value: Any) -> None:
        """Set an attribute; a setting is checked, in the constructor and later."""
        found = self.settings.get(name)
        if found is not None:
            value = found.check(type(self).__name__, found.alias or name, value)
            if found.fixed and name in vars(self):
                self.refuse_change(name, value)
        super().__setattr__(name, value)

    def refuse_change(self, name: str, value: Any) -> None:
        """Raise an error if a fixed setting can no longer become ``value``."""

    def get_config(self) -> dict[str, Any]:
        """Return the settings, in JSON's terms, as Keras 3 writes them."""
        config: dict[str, Any] = {}
        for name, each in self.settings.items():
            if each.saved and each.init:
                value = getattr(self, name)
                config[each.alias or name] = each.describe(value) if each.describe else value
        return config

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Make an object from its settings; what others have and this class lacks must be off."""
        return cls(**settings_for(cls, config))

    def __repr__(self) -> str:
        shown = (name for name, each in self.settings.items() if each.shown)
        listed = ", ".join(f"{name}={getattr(self, name)!r}" for name in shown)
        return f"{type(self).__name__}({listed})"


@dataclass_transform(eq_default=False, field_specifiers=(setting,))
def configured(cls: type[T]) -> type[T]:
    """Complete a class whose fields are settings: it gets their constructor, unless it has one.

    A field that stands in a class below too keeps its place among the arguments.
    """
    own = {name: each for name, each in vars(cls).items() if isinstance(each, Setting)}
    if not own and not (issubclass(cls, Configured) and cls.__init__ is object.__init__):
        return cls
    for name, each in own.items():
        each.settle(cls, name)
    made: Any = cls
    settings: dict[str, Setting] = {}
    for base in reversed(cls.__mro__):
        settings.update(vars(base).get("settings", own if base is cls else {}))
    made.settings = settings
    if "__init__" not in vars(cls):
        made.__init__ = _constructor(cls, settings)
    return cls


def _constructor(cls: type, settings: Mapping[str, Setting]) -> Callable[..., None]:
    """Return an ``__init__`` that takes the settings."""
    arguments = [(each.alias or name, name, each) for name, each in settings.items() if each.init]
    arguments.sort(key=lambda argument: argument[2].kw_only)
    taken = {argument: (name, each) for argument, name, each in arguments}
    order = [argument for argument, (_, each) in taken.items() if not each.kw_only]
    needed = [argument for argument, (_, each) in taken.items() if each.default is REQUIRED]
    plan = [(argument, name, each.default, each.check) for argument, name, each in arguments]
    elsewhere = frozenset(n for _, n, each in arguments if hasattr(type(each), "__set__"))

    def init(self: Any, *args: Any, **kwargs: Any) -> None:
        given = {**dict(zip(order, args, strict=False)), **kwargs} if args else kwargs
        if len(given) < len(args) + len(kwargs):
            raise _too_many(type(self).__name__, order, args, kwargs)
        if kwargs and not taken.keys() >= kwargs.keys():
            unknown = {name: value for name, value in kwargs.items() if name not in taken}
            refuse_arguments(type(self).__name__, unknown, known_settings(type(self)) or ())
        for argument in needed:
            if argument not in given:
                raise ArgumentTypeError(
                    f"{type(self).__name__}: {argument} is missing. It takes: {', '.join(taken)}"
                )
        self.__pre_init__()
        if type(self).__setattr__ is not Configured.__setattr__:
            for argument, name, default, _ in plan:
                setattr(self, name, given.get(argument, default))
        else:  # the same, sooner
            fields, who = vars(self), type(self).__name__
            for argument, name, default, check in plan:
                value = check(who, argument, given.get(argument, default))
                if name in elsewhere:
                    object.__setattr__(self, name, value)
                else:
                    fields[name] = value
        self.__post_init__()

    made: Any = init
    made.__name__, made.__qualname__ = "__init__", f"{cls.__qualname__}.__init__"
    made.__module__ = cls.__module__
    made.__signature__ = _signature(cls, taken)
    return made


def is_generated(cls: type) -> bool:
    """Return whether a class's ``__init__`` is the one that its settings made."""
    return hasattr(cls.__init__, "__signature__")


def _signature(cls: type, taken: Mapping[str, tuple[str, Setting]]) -> inspect.Signature:
    """What ``help`` and editors show of a constructor."""
    kinds: dict[str, Any] = {}
    for base in reversed(cls.__mro__):
        kinds.update(inspect.get_annotations(base))
    parameters = [inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)]
    for argument, (name, each) in taken.items():
        parameters.append(
            inspect.Parameter(
                argument,
                inspect.Parameter.KEYWORD_ONLY
                if each.kw_only
                else inspect.Parameter.POSITIONAL_OR_KEYWORD,
                default=each.default,
                annotation=kinds.get(name, inspect.Parameter.empty),
            )
        )
    return inspect.Signature(parameters, return_annotation=None)


def _too_many(
    who: str, order: list[str], args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> ArgumentTypeError:
    twice = [name for name in order[: len(args)] if name in kwargs]
    if twice:
        return ArgumentTypeError(f"{who}: {twice[0]} is given twice, by its place and by its name")
    listed = ", ".join(order) or "none"
    return ArgumentTypeError(
        f"{who}: {len(args)} arguments were given without their names; those that go without are: "
        f"{listed}"
    )


def known_settings(cls: type) -> set[str] | None:
    """Names that a class's ``__init__`` takes; ``None`` if it takes any name.

    What it takes as ``**kwargs`` goes on to the class that it is derived from.
    """
    names: set[str] = set()
    for each in cls.__mro__:
        if "__init__" not in vars(each):
            continue
        parameters = list(inspect.signature(each.__init__).parameters.values())[1:]
        rest = [p.name for p in parameters if p.kind is inspect.Parameter.VAR_KEYWORD]
        listed = [p for p in parameters if p.kind is not inspect.Parameter.VAR_POSITIONAL]
        names.update(p.name for p in listed if p.name not in rest)
        if not rest or rest == ["unknown"]:
            return names
        if rest != ["kwargs"]:
            return None
    return names


def refuse_unknown(cls: type, unknown: Mapping[str, Any]) -> None:
    """Refuse arguments that a class does not take; those of Keras's are taken where they are off.

    Raises:
        ArgumentTypeError: no class has an argument of this name; says the nearest.
        ArgumentError: Keras has it, and it is on.
    """
    if unknown:
        refuse_arguments(cls.__name__, unknown, known_settings(cls) or ())


def refuse_arguments(who: str, unknown: Mapping[str, Any], known: Iterable[str] = ()) -> None:
    """Refuse arguments that a function does not take, as :func:`refuse_unknown` does."""
    for name, value in unknown.items():
        if is_off(name, value):
            continue
        if name in ARGUMENTS:
            raise _not_yet(who, name, value)
        names = sorted(known)
        takes = f" It takes: {', '.join(names)}." if names else ""
        raise ArgumentTypeError(
            f"{who} has no argument {name!r} (given: {value!r:.80}); {nearest(name, names)}".rstrip(
                "; "
            )
            + (takes or ".")
        )


def _not_yet(who: str, name: str, value: Any) -> ArgumentError:
    return ArgumentError(
        f"{who}: {name}={value!r} is not there yet: Keras 3 has it, Nissl does not so far. "
        "Leave it out"
    )


def settings_for(cls: type, config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings in a config that a class takes.

    Those that only other versions know are left out where they are off; where they are on, they
    would change what the object does, and are an error.
    """
    known, given = known_settings(cls), dict(config)
    if known is None:
        return given
    for key in [key for key in given if key not in known]:
        value = given.pop(key)
        if value is None or value is False or is_off(key, value):
            continue
        if key in ARGUMENTS:
            raise _not_yet(cls.__name__, key, value)
        raise ArgumentError(f"{cls.__name__}: {key}={value!r} is not offered")
    return given


def from_config(cls: Any, config: Mapping[str, Any]) -> Any:
    """Make an object from its config: by its class's own ``from_config``, or its settings."""
    own = "from_config" in vars(cls) or not inspect.isclass(cls)
    given = dict(config) if own else settings_for(cls, config)
    maker = getattr(cls, "from_config", None)
    return maker(given) if maker else cls(**given)
