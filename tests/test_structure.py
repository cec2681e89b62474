"""The house keeps its order: who imports whom, what a bare import costs, what is exported and said.

The order of rooms is the design's; it is written here once more, so that a change of either is
seen. Imports are read from the source, those inside functions among them.
"""

from __future__ import annotations

import ast
import graphlib
import importlib
import inspect
import pkgutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import nissl
from close import assert_close

SOURCE = Path(nissl.__file__).parent
FLOORS: tuple[tuple[str, ...], ...] = (
    ("errors", "version"),
    ("arguments", "files", "keras_names", "names", "registry", "settings", "i18n", "screen"),
    ("core",),
    ("autodiff",),
    ("engine",),
    ("activations", "backend", "initializers", "layers", "random", "utils"),
    ("callbacks", "losses", "metrics", "optimizers", "progress"),
    ("models",),
    ("datasets",),
    ("explain", "keras", "plots"),
    ("cli",),
)
FLOOR = {room: number for number, floor in enumerate(FLOORS) for room in floor}
# methods of a tensor that are defined further down; imported when they are called
LATE = {
    ("nissl.core.tensor", "nissl.autodiff.reverse"),  # x.backward()
    ("nissl.core.tensor", "nissl"),  # x.__array_namespace__()
    ("nissl.keras", "nissl"),  # for type checkers
    ("nissl.utils", "nissl.explain.diagrams.diagram"),  # utils.plot_model
}
HEAVY = ("jax", "jaxlib", "h5py", "matplotlib", "typer", "rich", "PIL", "scipy", "ml_dtypes")


def source_modules() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(SOURCE.rglob("*.py")):
        name = ".".join(path.relative_to(SOURCE.parent).with_suffix("").parts)
        yield name.removesuffix(".__init__"), ast.parse(path.read_text(encoding="utf-8"))


def exists(name: str) -> bool:
    path = SOURCE.parent.joinpath(*name.split("."))
    return path.with_suffix(".py").exists() or (path / "__init__.py").exists()


def imports(tree: ast.AST) -> Iterator[str]:
    """Modules that a module imports, relative imports refused."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"relative import at line {node.lineno}"
            assert node.module is not None
            whole = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (name if exists(name) else node.module for name in whole)


def check_order(name: str, imported: str) -> str | None:
    """Say what is wrong with one import of the package's own, or nothing."""
    if name in ("nissl", "nissl.__main__") or (name, imported) in LATE:
        return None
    here, there = name.split(".")[1], imported.split(".")[1:2]
    if not there:
        return f"{name} imports the package itself"
    if here not in FLOOR or there[0] not in FLOOR:
        return f"{name} imports {imported}: one of them has no place in the order"
    if FLOOR[there[0]] > FLOOR[here]:
        return f"{name} imports {imported}, which stands below it"
    return None


def test_nobody_imports_what_stands_below_it() -> None:
    wrong = [
        fault
        for name, tree in source_modules()
        for imported in imports(tree)
        if imported.split(".")[0] == "nissl" and (fault := check_order(name, imported))
    ]
    assert wrong == []


def test_the_order_check_catches_a_wrong_import() -> None:
    assert check_order("nissl.core.op", "nissl.layers.base") is not None
    assert check_order("nissl.layers.base", "nissl.models") is not None
    assert check_order("nissl.errors", "nissl.core.tensor") is not None
    assert check_order("nissl.core.op", "nissl") is not None
    assert check_order("nissl.newcomer", "nissl.core.op") is not None
    assert check_order("nissl.models.model", "nissl.layers.base") is None
    inside = ast.parse("def f():\n    from nissl.layers import base\n    import nissl.models.model")
    assert list(imports(inside)) == ["nissl.layers.base", "nissl.models.model"]


def test_the_order_names_the_rooms_that_there_are() -> None:
    found = {
        path.stem for path in SOURCE.iterdir() if path.suffix == ".py" or any(path.glob("*.py"))
    }
    assert set(FLOOR) == found - {"__init__", "__main__"}
    table = (SOURCE.parents[1] / "docs" / "design.md").read_text(encoding="utf-8")
    table = table.split("## Folders, and who may import whom")[1].split("\n## ")[0]
    unnamed = {room for room in FLOOR if f"`{room}/`" not in table and f"`{room}.py`" not in table}
    assert unnamed == set()


def test_allowed_late_imports_are_still_there() -> None:
    found = {(name, imported) for name, tree in source_modules() for imported in imports(tree)}
    assert found >= LATE


def test_modules_do_not_import_each_other_in_a_circle() -> None:
    """What runs at import: the graph of module-level imports has no circle."""
    graph: dict[str, set[str]] = {}
    for name, tree in source_modules():
        top = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
        used = {i for i in imports(ast.Module(top, [])) if i.startswith("nissl.")}
        graph[name] = used - {name}
    order = list(graphlib.TopologicalSorter(graph).static_order())  # CycleError shows a circle
    assert order.index("nissl.errors") < order.index("nissl.core.tensor")


# modules that name each other, also under TYPE_CHECKING or inside functions, and why
CIRCLES = {
    "core.kinds core.op core.operators core.tensor": "a tensor's equation has an op, for types",
    "layers.base layers.building layers.calling layers.tracking": "a layer's parts, for types",
    "explain.backpropagation.backprop explain.backpropagation.computed "
    "explain.backpropagation.layer": "the layers of a step, for types",
}


def circles(graph: dict[str, set[str]]) -> list[str]:
    """The modules that reach each other by imports, more than one together."""
    reached: dict[str, set[str]] = {}
    for start in graph:
        found, waiting = set[str](), [start]
        while waiting:
            for name in graph[waiting.pop()] & graph.keys():
                if name not in found:
                    found.add(name)
                    waiting.append(name)
        reached[start] = found
    groups = {
        tuple(sorted(other for other in reached[name] if name in reached[other]))
        for name in graph
        if name in reached[name]
    }
    return [" ".join(name.removeprefix("nissl.") for name in each) for each in sorted(groups)]


def test_circles_of_late_imports_are_few_and_have_reasons() -> None:
    """Imports inside functions and for types alone count too, but for those that ``LATE`` has."""
    graph = {
        name: {each for each in imports(tree) if (name, each) not in LATE} - {name}
        for name, tree in source_modules()
    }
    assert set(circles(graph)) == set(CIRCLES)


def test_the_check_of_circles_finds_them() -> None:
    graph = {"a": {"b", "numpy"}, "b": {"c"}, "c": {"b", "d"}, "d": set[str](), "e": {"f"}}
    assert circles({**graph, "f": {"e"}}) == ["b c", "e f"]


ROOTS = ("nissl", "nissl.cli", "nissl.__main__")
DATA = {".po", ".h", ".gz", ".md"}  # files that are no modules


def unreached(graph: dict[str, set[str]]) -> list[str]:
    """Modules that nothing imports, directly or through others, from where users come in."""
    seen: set[str] = set()
    waiting = list(ROOTS)
    while waiting:
        name = waiting.pop()
        if name in seen or name not in graph:
            continue
        seen.add(name)
        waiting += graph[name]
        waiting += [f"{name}_tables", f"{name}_picture"]  # an explanation finds them by their names
        waiting.append(name.rpartition(".")[0])  # its package is run first
    return sorted(set(graph) - seen)


def named(tree: ast.AST) -> set[str]:
    """Modules that are imported late, by a name that stands in a text."""
    texts = {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    return {
        text for text in texts if text.startswith("nissl.") and " " not in text and exists(text)
    }


def test_every_module_is_imported_by_another() -> None:
    graph = {name: set(imports(tree)) | named(tree) for name, tree in source_modules()}
    for name in graph:  # found by convention, see nissl.explain.report
        subject, _, what = name.rpartition("_")
        if what in ("tables", "picture") and subject in graph:
            graph[subject].add(name)
    assert unreached(graph) == []
    assert unreached({**graph, "nissl.core.forgotten": {"nissl.errors"}}) == [
        "nissl.core.forgotten"
    ]


def test_nothing_strays_into_the_wheel() -> None:
    """What is in the source folder is shipped: modules, and data of the kinds that Nissl reads."""
    tracked = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "."],
        cwd=SOURCE,
        capture_output=True,
        text=True,
        check=False,
    )
    if tracked.returncode:
        pytest.skip("not a git checkout")
    names = [name for name in tracked.stdout.splitlines() if not name.endswith(".py")]
    assert [name for name in names if Path(name).suffix not in DATA and name != "py.typed"] == []


def test_importing_nissl_imports_nothing_heavy() -> None:
    script = (
        "import sys, numpy; before = set(sys.modules); import nissl; "
        "print(*sorted({m.split('.')[0] for m in set(sys.modules) - before}))"
    )
    environment = {"PYTHONPATH": str(SOURCE.parent), "PATH": "/usr/bin:/bin"}
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env=environment,
    )
    loaded = result.stdout.split()
    assert "nissl" in loaded
    assert not set(loaded) & set(HEAVY)
    foreign = set(loaded) - set(sys.stdlib_module_names) - {"nissl", "__future__"}
    assert foreign == set()


def test_heavy_packages_are_imported_inside_functions_only() -> None:
    """Except where the module itself is imported late: the XLA engine, and the command line."""
    allowed = {"jax": ("nissl.engine.xla",), "typer": ("nissl.cli.",), "rich": ("nissl.cli.",)}
    for name, tree in source_modules():
        top = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
        for imported in imports(ast.Module(top, [])):
            package = imported.split(".")[0]
            if package in HEAVY:
                late = name.startswith(allowed.get(package, ()))
                assert late, f"{name} imports {imported} at the top"


# ---- what is exported --------------------------------------------------------------------------


def modules() -> list[ModuleType]:
    found = [nissl]
    for each in pkgutil.walk_packages(nissl.__path__, "nissl."):
        if not each.name.endswith("__main__"):
            found.append(importlib.import_module(each.name))
    return found


MODULES = modules()


def test_every_exported_name_is_there() -> None:
    for module in MODULES:
        names = getattr(module, "__all__", ())
        assert len(set(names)) == len(names), module.__name__
        missing = [name for name in names if not hasattr(module, name)]
        assert missing == [], module.__name__


def test_the_package_exports_all_that_it_shows() -> None:
    shown = {name for name in vars(nissl) if not name.startswith("_")}
    submodules = {name for name in shown if inspect.ismodule(getattr(nissl, name))}
    helpers = {"annotations", "TYPE_CHECKING", "Any"}
    assert shown - submodules - helpers <= set(nissl.__all__) | {"bfloat16"}
    public = set(dir(nissl)) - submodules - helpers
    assert {name for name in public if not name.startswith("_")} <= {*nissl.__all__, "bfloat16"}
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = nissl.nonsense


def test_what_is_imported_late_is_what_its_modules_export() -> None:
    from nissl import explain

    for module, names in explain.PLACES.items():
        there = importlib.import_module(f"nissl.explain.{module}")
        assert names.split() == sorted(there.__all__), module


SHARED = {"deviation", "divisor", "gated", "root"}  # steps that several functions have in common


def functions_of(package: str) -> set[str]:
    """Public functions that the modules of a package define, but for what converts arguments."""
    return {
        name
        for module in MODULES
        if module.__name__.startswith(f"{package}.") and module.__name__ != f"{package}.convert"
        for name, thing in vars(module).items()
        if inspect.isfunction(thing)
        and thing.__module__ == module.__name__
        and not name.startswith("_")
    }


def test_a_function_on_tensors_is_exported_everywhere() -> None:
    from nissl.core import functions

    assert functions_of("nissl.core.functions") - SHARED <= set(functions.__all__)
    assert set(functions.__all__) <= set(nissl.__all__)


@pytest.mark.parametrize("room", ["layers", "losses", "metrics", "optimizers", "initializers"])
def test_what_is_registered_is_exported(room: str) -> None:
    module = importlib.import_module(f"nissl.{room}")
    base = module if hasattr(module, "registry") else importlib.import_module(f"nissl.{room}.base")
    registered = {
        thing for thing in map(base.registry.lookup, base.registry) if inspect.isclass(thing)
    }
    exported = {getattr(module, name) for name in module.__all__}
    own = {thing for thing in registered if thing.__module__.startswith(f"nissl.{room}")}
    assert own
    assert own - exported == set()


def test_all_of_keras_that_the_lecture_names_is_there() -> None:
    for path in (
        "Sequential",
        "Input",
        "layers.Flatten",
        "layers.Dense",
        "layers.Activation",
        "layers.Dropout",
        "optimizers.SGD",
        "optimizers.Adam",
        "losses.MeanSquaredError",
        "metrics.SparseCategoricalAccuracy",
        "initializers.GlorotUniform",
        "callbacks.EarlyStopping",
        "backend.clear_session",
        "utils.set_random_seed",
        "utils.to_categorical",
        "datasets.fashion_mnist.load_data",
        "models.load_model",
        "models.Sequential",
    ):
        found: Any = nissl
        for name in path.split("."):
            found = getattr(found, name)
        assert callable(found), path


# ---- what is said ------------------------------------------------------------------------------


def described_by_protocols(module: ModuleType) -> set[str]:
    """Methods that a protocol of the same module describes once for all its classes."""
    protocols = [thing for thing in vars(module).values() if getattr(thing, "_is_protocol", False)]
    return {key for each in protocols for key, m in vars(each).items() if inspect.getdoc(m)}


def public_things() -> Iterator[tuple[str, Any]]:
    for module in MODULES:
        yield module.__name__, module
        for name, thing in vars(module).items():
            own = getattr(thing, "__module__", None) == module.__name__
            if name.startswith("_") or not own:
                continue
            if inspect.isfunction(thing) or inspect.isclass(thing):
                yield f"{module.__name__}.{name}", thing
            if inspect.isclass(thing):
                for key, member in vars(thing).items():
                    public = not key.startswith("_") and key not in described_by_protocols(module)
                    if public and (inspect.isroutine(member) or isinstance(member, property)):
                        yield f"{module.__name__}.{name}.{key}", getattr(thing, key)


def test_everything_public_has_a_docstring() -> None:
    silent = [name for name, thing in public_things() if not inspect.getdoc(thing)]
    assert silent == []


def test_everything_registered_has_a_docstring() -> None:
    from nissl.core.op import Op, registry

    for name, op in registry.items():
        assert isinstance(op, Op)
        assert op.formula, name
    registries = [
        importlib.import_module(f"nissl.{room}").registry
        for room in ("activations", "initializers", "losses", "metrics")
    ]
    registries.append(importlib.import_module("nissl.layers.base").registry)
    registries.append(importlib.import_module("nissl.optimizers.base").registry)
    registries.append(importlib.import_module("nissl.metrics").functions)
    for each in registries:
        assert each.names(), each.kind
        for name in each:
            assert inspect.getdoc(each.lookup(name)), (each.kind, name)


def test_every_error_stands_in_the_tree_that_the_docstring_draws() -> None:
    from nissl import errors

    drawn = errors.__doc__
    assert drawn is not None
    for name in errors.__all__:
        thing = getattr(errors, name)
        if inspect.isclass(thing):
            assert issubclass(thing, nissl.NisslError), name
            assert f" {name}" in drawn, name
            assert thing.__name__ == name


@pytest.mark.parametrize(
    "path", sorted(SOURCE.rglob("*.py")), ids=lambda p: str(p.relative_to(SOURCE))
)
def test_source_keeps_the_house_rules(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler):
            caught = ast.unparse(node.type) if node.type is not None else ""
            assert caught not in ("", "Exception", "BaseException"), f"line {node.lineno}"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in ("eval", "exec"), f"line {node.lineno}"
    used = {name.split(".")[0] for name in imports(tree)}
    assert not used & {"pickle", "marshal", "shelve", "dill", "cloudpickle"}


# ---- how tests compare -------------------------------------------------------------------------
TESTS = Path(__file__).parent
NETWORKS = ("models", "engine", "layers", "optimizers")  # what these compute has been summed


def comparisons(text: str) -> Iterator[tuple[int, float | None, bool]]:
    """Line, relative bound if it is a literal, and whether there is an absolute one."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("assert_allclose"):
            given = {each.arg: each.value for each in node.keywords}
            bound = given.get("rtol")
            rtol = bound.value if isinstance(bound, ast.Constant) else None
            yield node.lineno, rtol if isinstance(rtol, float) else None, "atol" in given


def unsteady(text: str, summed: bool) -> list[int]:
    """Lines whose comparison another processor may fail: no bound but that of each number, or one
    that no other maths library keeps.
    """
    return [
        line
        for line, rtol, absolute in comparisons(text)
        if not absolute and (summed or (rtol is not None and rtol < 1e-12))
    ]


@pytest.mark.parametrize(
    "path", sorted(TESTS.rglob("test_*.py")), ids=lambda p: str(p.relative_to(TESTS))
)
def test_comparisons_hold_on_other_processors(path: Path) -> None:
    summed = path.parent.name in NETWORKS
    lines = unsteady(path.read_text(encoding="utf-8"), summed)
    assert lines == [], "take assert_close of tests/close.py, or state an atol"


def test_the_check_of_comparisons_catches_what_it_should() -> None:
    alone = "np.testing.assert_allclose(a, b, rtol=1e-6)\n"
    assert unsteady(alone, summed=True) == [1]
    assert unsteady(alone, summed=False) == []
    assert unsteady("assert_allclose(a, b, rtol=1e-14)", summed=False) == [1]
    assert unsteady("assert_allclose(a, b, rtol=1e-14, atol=1e-14)", summed=True) == []


def test_networks_are_compared_by_the_largest_number() -> None:
    assert_close([1.0, 1e-9], [1.0, 0.0], 1e-6)  # what cancelled in a sum keeps its terms' error
    assert_close(np.nan, np.nan)
    for found, wanted in (
        ([1.0, 1e-5], [1.0, 0.0]),
        ([1e-20], [2e-20]),
        ([1e-20], [0.0]),
        ([np.nan], [1.0]),
        ([np.inf], [1.0]),
        ([[1.0], [1.0]], [1.0, 1.0]),
    ):
        with pytest.raises(AssertionError):
            assert_close(found, wanted, 1e-6)
