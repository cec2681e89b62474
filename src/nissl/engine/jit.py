"""jit: a function compiled once for each set of shapes, dtypes and static arguments."""

from __future__ import annotations

import functools
import inspect
import math
import types
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from nissl.arguments import named, several, wholes
from nissl.autodiff.calls import call
from nissl.core import mode, tree
from nissl.core.functions import asarray
from nissl.core.passes import FOLD_LIMIT, likeness, simplify
from nissl.core.program import Program, build, inline, placeholder
from nissl.core.tensor import Array, Tensor
from nissl.core.thread import thread
from nissl.core.traced import Traced, traced
from nissl.engine.base import Compiled, Engine
from nissl.engine.choice import get_engine, known_engine
from nissl.engine.kept import Kept
from nissl.errors import ArgumentError, ArgumentTypeError, UnknownNameError

__all__ = ["jit"]

MOST_PROGRAMS = 256  # that one function keeps, for as many shapes and static arguments
_compiled: weakref.WeakKeyDictionary[Program, dict[Any, Compiled]] = weakref.WeakKeyDictionary()


def run_program(
    engine: Engine, body: Program, values: Sequence[Array], donate: tuple[int, ...] = ()
) -> list[Array]:
    """Run a program on an engine, compiling it the first time that it is seen."""
    made = _compiled.setdefault(body, {})
    key = (engine.name, donate)
    if key not in made:  # of a copy: what is kept for `body` must not keep `body` itself
        made[key] = engine.compile(replace(body), donate)
    return made[key](values)


@dataclass(frozen=True, eq=False)
class _Entry:
    """One specialisation; the program's last inputs are tensors that the function closes over."""

    traced: Traced
    closed_over: tuple[Tensor, ...]


class Jitted:
    """A compiled function; see :func:`jit`."""

    def __init__(
        self,
        function: Callable[..., Any],
        static_argnums: tuple[int, ...],
        static_argnames: tuple[str, ...],
        donate_argnums: tuple[int, ...],
        engine: str | None,
    ) -> None:
        functools.update_wrapper(self, function)
        self.function = function
        self._static_argnums = static_argnums
        self._static_argnames = static_argnames
        self._donate_argnums = donate_argnums
        self._engine = engine
        self._entries: Kept[_Entry] = Kept(MOST_PROGRAMS)
        self._alike: Kept[Program] = Kept(MOST_PROGRAMS)  # of traces that are made anew each time

    def __copy__(self) -> Jitted:
        return self

    def __deepcopy__(self, memo: Any) -> Jitted:
        return self  # as functions do, whose closures are not copied either

    def _split(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, Any]:
        """Separate what is traced from what is static."""
        fixed = set(self._static_argnums)
        dynamic = (
            [a for i, a in enumerate(args) if i not in fixed],
            {k: v for k, v in kwargs.items() if k not in self._static_argnames},
        )
        static = (
            tuple(args[i] for i in sorted(fixed) if i < len(args)),
            tuple(sorted((k, v) for k, v in kwargs.items() if k in self._static_argnames)),
        )
        try:
            hash(static)
        except TypeError as error:
            raise ArgumentTypeError(
                f"jit: static arguments must be hashable, and {static!r} are not; use tuples "
                "instead of lists"
            ) from error
        return dynamic, static

    def _merge(self, dynamic: Any, static: Any) -> tuple[list[Any], dict[str, Any]]:
        args, kwargs = list(dynamic[0]), dict(dynamic[1])
        for place, value in zip(sorted(self._static_argnums), static[0], strict=False):
            args.insert(place, value)
        return args, {**kwargs, **dict(static[1])}

    def _trace(self, dynamic: Any, static: Any) -> _Entry:
        def work(*dynamic: Any) -> Any:
            args, kwargs = self._merge(dynamic, static)
            return self.function(*args, **kwargs)

        made = traced(work, dynamic, getattr(self.function, "__name__", "program"))
        program, lifted = made.program, ()
        if any(t.tracked for t in program.constants):
            # tensors of an outer graph become inputs, so that it can differentiate them; what is
            # large too, so that two traces are alike
            lifted = tuple(t for t in program.constants if t.tracked or t.size > FOLD_LIMIT)
            program = self._known(_lift(program, lifted))
        else:
            program = simplify(program)
        return _Entry(replace(made, program=program), lifted)

    def _known(self, program: Program) -> Program:
        """The first program like this one, simplified: it may have been compiled already."""
        described = likeness(program)
        try:
            hash(described)
        except TypeError:  # a parameter that cannot be hashed
            return simplify(program)
        return self._alike.get(described, lambda: simplify(program))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        dynamic, static = self._split(args, kwargs)
        leaves, structure = tree.flatten(dynamic)
        inputs = [asarray(leaf) for leaf in leaves]
        kinds = (*map(type, static[0]), *(type(v) for _, v in static[1]))  # 1, 1.0 and True differ
        key = (structure, static, kinds, tuple(x.aval for x in inputs), mode.key())
        entry = self._entries.find(key)
        if entry is None:
            entry = self._trace(dynamic, static)
            if not entry.closed_over:  # a tensor of an outer graph may be another the next time
                entry = self._entries.keep(key, entry)
        made = entry.traced
        variables = [v.value for v in (*made.fixed, *made.state)]
        donated = self._donated(args, len(variables)) if self._donate_argnums else ()
        outputs = self._run(made.program, [*variables, *inputs, *entry.closed_over], donated)
        count = len(made.state)
        for variable, new in zip(made.state, outputs[:count], strict=True):
            variable.assign(new)
        return tree.unflatten(made.nesting, outputs[count:])

    def _run(
        self, program: Program, inputs: Sequence[Tensor], donated: Sequence[int]
    ) -> list[Tensor]:
        if any(t.value is None for t in inputs):
            return inline(program, inputs)
        engine = get_engine(self._engine)
        if thread.recording and any(t.tracked for t in inputs):
            return call(program, inputs, functools.partial(_run_to_host, engine))
        donate = _usable(program, donated) if donated else ()
        values = run_program(engine, program, [t.value for t in inputs], donate)
        return [Tensor(np.asarray(value)) for value in values]

    def _donated(self, args: tuple[Any, ...], position: int) -> tuple[int, ...]:
        """Which of the program's inputs are donated; its arguments begin at ``position``."""
        places: list[int] = []
        for i, each in enumerate(args):
            if i in self._static_argnums:
                continue
            count = len(tree.flatten(each)[0])
            if i in self._donate_argnums:
                places.extend(range(position, position + count))
            position += count
        return tuple(places)

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        """A method of an object, as functions are; the object is a static argument."""
        return self if instance is None else types.MethodType(self, instance)

    def program(self, *args: Any, **kwargs: Any) -> Program:
        """Return the program that these arguments would run, compiled or not.

        Its first inputs are the variables that it reads, and its first outputs those it assigns.
        """
        return self._trace(*self._split(args, kwargs)).traced.program


def _usable(program: Program, donated: Sequence[int]) -> tuple[int, ...]:
    """Of what is donated, the inputs that an output of the same kind can take the memory of."""
    free = list(program.out_avals)
    found: list[int] = []
    for place in donated:
        if program.in_avals[place] in free:
            free.remove(program.in_avals[place])
            found.append(place)
    return tuple(found)


def _run_to_host(engine: Engine, body: Program, values: Sequence[Array]) -> list[Array]:
    """Run a program as part of an eager graph, whose values are NumPy arrays."""
    return [np.asarray(value) for value in run_program(engine, body, values)]


def _lift(program: Program, constants: tuple[Tensor, ...]) -> Program:
    """Turn constants into further inputs."""
    stand_ins = [placeholder(t.aval) for t in constants]
    env = {t.key: s for t, s in zip(constants, stand_ins, strict=True)}
    inputs = [placeholder(aval) for aval in program.in_avals]
    moved = Program((*program.inputs, *constants), program.outputs, program.equations, program.name)
    outputs = inline(moved, [*inputs, *(env[t.key] for t in constants)])
    return build([*inputs, *stand_ins], outputs, program.name)


def jit(
    function: Callable[..., Any] | None = None,
    *,
    static_argnums: int | Sequence[int] = (),
    static_argnames: str | Sequence[str] = (),
    donate_argnums: int | Sequence[int] = (),
    engine: str | None = None,
) -> Any:
    """Compile a function of tensors.

    It is traced and compiled once for each combination of shapes, dtypes, nesting and static
    arguments, and kept. Variables that it reads are inputs and those that it assigns are outputs,
    so it may use layers; it can be differentiated, and used inside other traced functions.
    Anything else that it closes over is taken as it is at the first call: what is to change is an
    argument or a variable. Only where it closes over tensors that require a gradient, it is traced
    at each call, for they may be others by then, and compiled once all the same. A Python number
    among the arguments becomes a tensor of its default dtype, and takes part in promotion, unlike
    a number written inside. Compiled programs are freed with the function; it keeps the last 256.

    Args:
        function: takes tensors, arrays, numbers and containers of them. Without it, a decorator is
            returned.
        static_argnums, static_argnames: arguments that are not traced; hashable.
        donate_argnums: arguments whose memory may be reused for the results.
        engine: ``"xla"`` or ``"numpy"``; the default engine unless given.

    Raises:
        ArgumentError: an argument is named that the function does not have, or one that is static
            is donated.

    >>> import nissl
    >>> @nissl.jit
    ... def double(x):
    ...     return x + x
    >>> double(3.0).item()
    6.0
    """
    if function is None:
        return functools.partial(
            jit,
            static_argnums=static_argnums,
            static_argnames=static_argnames,
            donate_argnums=donate_argnums,
            engine=engine,
        )
    if not callable(function):
        raise ArgumentError(f"jit compiles functions, and {function!r} is none")
    given = static_argnames
    names = (given,) if isinstance(given, str) else several("jit", "static_argnames", given)
    positions, names = _static(
        function,
        wholes("jit", "static_argnums", static_argnums),
        tuple(named("jit", "static_argnames", each) for each in names),
    )
    donated = wholes("jit", "donate_argnums", donate_argnums)
    if donated:
        donated = _static(function, donated, (), "donate_argnums")[0]
    if set(donated) & set(positions):
        raise ArgumentError(
            f"jit: argument {min(set(donated) & set(positions))} is static and donated; a static "
            "argument is part of the program, and has no memory of its own"
        )
    if engine is not None:
        known_engine("jit", engine)
    return Jitted(function, positions, names, donated, engine)


def _static(
    function: Callable[..., Any],
    positions: tuple[int, ...],
    names: tuple[str, ...],
    what: str = "static_argnums",
) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """Positions and names of some arguments: each is meant however it is passed."""
    if not positions and not names:
        return positions, names
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError) as error:  # of some functions in C, Python knows no arguments
        raise ArgumentError(
            f"jit: the arguments of {function!r} are not known, so {what} cannot name one; wrap "
            "it in a function of Python"
        ) from error
    by_place = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    ordered = [p.name for p in parameters if p.kind in by_place]
    kinds = {p.kind for p in parameters}
    most = math.inf if inspect.Parameter.VAR_POSITIONAL in kinds else len(ordered)
    title = getattr(function, "__name__", "the function")
    for place in positions:
        if not -len(ordered) <= place < most:
            raise ArgumentError(
                f"jit: {what} names argument {place}, and {title} has {len(ordered)}, which are "
                "numbered from 0"
            )
    known = [p.name for p in parameters if p.kind is not inspect.Parameter.VAR_POSITIONAL]
    for name in names:
        if name not in known and inspect.Parameter.VAR_KEYWORD not in kinds:
            raise UnknownNameError(f"argument of {title}", name, known)
    counted = tuple(p + len(ordered) if p < 0 else p for p in positions)
    by_name = [ordered[p] for p in counted if p < len(ordered)]
    placed = [ordered.index(name) for name in names if name in ordered]
    return tuple(dict.fromkeys([*counted, *placed])), tuple(dict.fromkeys([*names, *by_name]))
