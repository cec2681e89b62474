"""Every exception that Nissl raises, in one tree.

    NisslError
    ├── ShapeError            (ValueError)         shapes that do not fit
    ├── DTypeError            (TypeError)          dtypes that do not fit
    ├── ArgumentError         (ValueError)         an argument outside its range
    │   └── UnknownNameError                       a name that nothing has; says the nearest
    ├── ArgumentTypeError     (TypeError)          an argument of the wrong kind
    ├── AbstractMethodError   (NotImplementedError) a method that a subclass must write
    ├── OutOfRangeError       (IndexError)         an index past the end
    ├── GraphError            (RuntimeError)       a graph used in a way that it cannot be
    │   ├── AbstractValueError (TypeError)         a number asked of a tensor that has none yet
    │   ├── UnbuiltError       (AttributeError)    a property that is known once there are weights
    │   └── ProgramError                           a program that breaks its own rules
    ├── EngineError           (RuntimeError)       an engine that cannot compute in this process
    ├── GradientError         (AssertionError)     a derivative that a check found wrong
    ├── NonFiniteError        (ArithmeticError)    a NaN or an infinity, and where it first appeared
    ├── DataError             (ValueError)         data that cannot be trained on
    │   └── DatasetError      (OSError)            a data set that could not be had, and why
    ├── FileFormatError       (ValueError)         a file that is damaged or not what it should be
    ├── SaveError             (OSError)            a file that could not be written, not even half
    ├── MissingNameError      (AttributeError)     a name that a module does not have, or not yet
    ├── MissingImportError    (ImportError)        the same, where it was to be imported
    ├── OutOfMemoryError       (MemoryError)        more memory than there is, refused beforehand
    └── MissingDependencyError (ImportError)       an optional package that is needed here

Each class also inherits the built-in exception in brackets, so code that already catches
``ValueError`` and its relatives keeps working.
"""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Iterable
from typing import Any

__all__ = [
    "AbstractMethodError",
    "AbstractValueError",
    "ArgumentError",
    "ArgumentTypeError",
    "DTypeError",
    "DataError",
    "DatasetError",
    "EngineError",
    "FileFormatError",
    "GradientError",
    "GraphError",
    "MissingDependencyError",
    "MissingImportError",
    "MissingNameError",
    "NisslError",
    "NonFiniteError",
    "OutOfMemoryError",
    "OutOfRangeError",
    "ProgramError",
    "SaveError",
    "ShapeError",
    "UnbuiltError",
    "UnknownNameError",
    "nearest",
]


class NisslError(Exception):
    """Root of every exception that Nissl raises; each survives ``pickle`` and ``copy``."""

    def __reduce__(self) -> tuple[Any, ...]:
        """Say how another process makes it again: from its text, not what its class takes."""
        _, args, *state = _built_in(type(self)).__reduce__(self)
        return _remade, (type(self), args, *state)


def _built_in(kind: Any) -> Any:
    """The exception of Python's own whose layout a class has."""
    while kind.__module__ != "builtins":
        kind = kind.__base__
    return kind


def _remade(kind: type[NisslError], args: tuple[Any, ...], state: Any = None) -> NisslError:
    """Make an error as it was raised, without its own ``__init__``, which wants other arguments."""
    built_in = _built_in(kind)
    error = built_in.__new__(kind, *args)
    built_in.__init__(error, *args)
    error.__setstate__(state)
    return error


class ShapeError(NisslError, ValueError):
    """Shapes that do not fit together."""


class DTypeError(NisslError, TypeError):
    """Dtypes that do not fit together, or that an operation does not take."""


class ArgumentError(NisslError, ValueError):
    """An argument whose value is outside what is allowed."""


class UnknownNameError(ArgumentError):
    """A name that nothing is registered under.

    >>> from nissl.errors import UnknownNameError
    >>> str(UnknownNameError("activation", "rellu", ["relu", "tanh"]))
    "unknown activation 'rellu'; did you mean 'relu'? Known: relu, tanh."
    """

    def __init__(
        self, kind: str, name: str, known: Iterable[str], note: str = "", meant: str = ""
    ) -> None:
        names = sorted(known)
        near = f"did you mean {meant!r}? " if meant else nearest(name, names)
        super().__init__(f"unknown {kind} {name!r}{note}; {near}Known: {', '.join(names)}.")


class ArgumentTypeError(NisslError, TypeError):
    """An argument of a kind that is not taken here."""


class AbstractMethodError(NisslError, NotImplementedError):
    """A method that a subclass must write was called on a class that has not written it."""


class OutOfRangeError(NisslError, IndexError):
    """An index outside its axis."""


class GraphError(NisslError, RuntimeError):
    """A graph of equations used in a way that it cannot be."""


class AbstractValueError(GraphError, TypeError):
    """A number was asked of a tensor that has only a shape and a dtype."""


class UnbuiltError(GraphError, AttributeError):
    """A property was asked that is known only once a model is built; ``hasattr`` says False."""


class ProgramError(GraphError):
    """A program that breaks the rules that every program keeps."""


class EngineError(NisslError, RuntimeError):
    """An engine that cannot compute in this process."""


class GradientError(NisslError, AssertionError):
    """A derivative that does not agree with the function it belongs to."""


class NonFiniteError(NisslError, ArithmeticError):
    """A NaN or an infinity appeared where numbers are needed."""


class DataError(NisslError, ValueError):
    """Data that cannot be used as given."""


class DatasetError(DataError, OSError):
    """A data set that none of its sources could deliver."""


class FileFormatError(NisslError, ValueError):
    """A file that is damaged, hostile, or of another format."""


class SaveError(NisslError, OSError):
    """A file that could not be written; what was there before is untouched."""


class MissingNameError(NisslError, AttributeError):
    """A name that a module does not have; says whether Keras has it, and the nearest one."""


class MissingImportError(NisslError, ImportError):
    """A name to be imported from a module that does not have it."""


class OutOfMemoryError(NisslError, MemoryError):
    """What was asked for needs more memory than there is; nothing of it was begun."""


class MissingDependencyError(NisslError, ImportError):
    """An optional package that this feature needs is not installed."""

    def __init__(self, package: str, feature: str, extra: str) -> None:
        super().__init__(
            f"{feature} needs the package {package!r}, which is not installed. "
            f"Install it with: pip install 'nissl[{extra}]'"
        )


def optional(module: str, feature: str, extra: str) -> Any:
    """Return a module of an optional package.

    Args:
        module: its full name, such as ``"scipy.optimize"``.
        feature: what needs it, as the error says it.
        extra: the extra of Nissl that installs it.

    Raises:
        MissingDependencyError: it is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MissingDependencyError(module.partition(".")[0], feature, extra) from error


def closest(name: str, known: Iterable[str]) -> str:
    """Return the known name that is closest, or an empty string if none is close."""
    by_lower = {each.lower(): each for each in known}
    found = difflib.get_close_matches(name.lower(), list(by_lower), n=1, cutoff=0.5)
    return by_lower[found[0]] if found else ""


def nearest(name: str, known: Iterable[str]) -> str:
    """Return ``"did you mean 'x'? "`` for the closest known name, or an empty string."""
    found = closest(name, known)
    return f"did you mean {found!r}? " if found else ""
