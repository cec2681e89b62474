"""Runs the numerical tests as other machines compute: ``make test-portable``.

A processor decides how NumPy, OpenBLAS, XLA and a C compiler add and multiply, a system which
maths library, Python and packages there are. Each variant changes one of these and runs the tests
that judge numbers; all must pass in each.

    python tests/portable.py                    every variant
    python tests/portable.py --short            those that need no environment of their own, in
                                                the files that depend on the machine most
    python tests/portable.py avx2 newest-python what is named
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / ".venv-portable"
TOOLS = ("pytest", "pytest-xdist", "hypothesis", "mpmath", "scipy", "babel", "ml_dtypes")
NUMERICAL = (
    *("core", "autodiff", "engine", "layers", "models", "optimizers", "explain"),
    *(
        f"test_{name}.py"
        for name in ("activations", "initializers", "losses", "loss_targets", "metrics", "random")
    ),
    "test_docs.py",
)
SHORT = (
    "core/test_registry_digits.py",
    "core/test_composed_functions.py",
    "autodiff",
    "models/test_fit.py",
    "models/test_training.py",
    "explain/test_backprop.py",
    "explain/test_depth.py",
    "explain/test_least_squares.py",
)
X86 = platform.machine().lower() in ("x86_64", "amd64")


def dispatched(beyond: str = "") -> str:
    """Features of this processor that NumPy has code of its own for, from one on, as it asks."""
    from numpy._core import _multiarray_umath as umath

    names = [name for name in umath.__cpu_dispatch__ if umath.__cpu_features__.get(name)]
    first = names.index(beyond) if beyond in names else 0
    return " ".join(names[first:])


@dataclass(frozen=True)
class Variant:
    """One way to run the tests.

    Attributes:
        name: what it is called on the command line.
        why: what may differ.
        variables: of the environment; those that are empty are left out.
        python: the interpreter of an environment of its own; none for this one.
        extras: of Nissl, that are installed there.
        files: the tests that are run, below ``tests``.
    """

    name: str
    why: str
    variables: dict[str, str] = field(default_factory=dict[str, str])
    python: str = ""
    extras: str = ""
    files: tuple[str, ...] = NUMERICAL


def variants() -> list[Variant]:
    """All that this machine can play."""
    found = [
        Variant(
            "one-thread",
            "sums in another order: BLAS on one thread",
            {"OPENBLAS_NUM_THREADS": "1"},
        ),
        Variant(
            "oldest-processor",
            "NumPy, BLAS and XLA without what newer processors have",
            {
                "NPY_DISABLE_CPU_FEATURES": dispatched(),
                "OPENBLAS_CORETYPE": "Nehalem" if X86 else "ARMV8",
                "OPENBLAS_NUM_THREADS": "1",
                "XLA_FLAGS": "--xla_cpu_max_isa=AVX" if X86 else "",  # below it, it lacks float16
                "NISSL_MARCH": "x86-64" if X86 else "",
            },
        ),
        Variant("no-native", "no C compiler: XLA's loops", {"NISSL_NATIVE": "0"}),
        Variant("no-jax", "no XLA: NumPy's and the native loops", {}, sys.executable, "cli"),
    ]
    if X86:
        avx2 = {
            "NPY_DISABLE_CPU_FEATURES": dispatched("X86_V4"),
            "OPENBLAS_CORETYPE": "Haswell",
            "XLA_FLAGS": "--xla_cpu_max_isa=AVX2",
            "NISSL_MARCH": "haswell",
        }
        found.insert(2, Variant("avx2", "a desktop's processor, without AVX-512", avx2))
    newest = newest_python()
    if newest:
        found.append(
            Variant("newest-python", "all tests, another Python", {}, newest, "all", ("",))
        )
    return found


def newest_python() -> str:
    """The newest Python on this machine that is newer than this one, if there is one."""
    homes = sorted(Path.home().glob(".pyenv/versions/*/bin"))
    for minor in (14, 13, 12):
        if sys.version_info[:2] >= (3, minor):
            break
        name = f"python3.{minor}"
        places = [shutil.which(name), *(str(home / name) for home in homes)]
        for place in places:
            if place and (found := executable(place)):
                return found
    return ""


def executable(place: str) -> str:
    """Where an interpreter is; nothing if it does not run, as a version manager's stand-in."""
    try:
        command = [place, "-c", "import sys; print(sys.executable)"]
        asked = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return asked.stdout.strip() if not asked.returncode else ""


def interpreter(variant: Variant) -> Path:
    """The Python of a variant; its environment is made the first time."""
    if not variant.python:
        return Path(sys.executable)
    home = HOME / variant.name
    own = home / "bin" / "python"
    stamp = home / "installed"
    wanted = (ROOT / "pyproject.toml").read_text() + (ROOT / "constraints.txt").read_text()
    if not (stamp.is_file() and stamp.read_text() == wanted):
        print(f"making an environment with {variant.python} ...", flush=True)
        shutil.rmtree(home, ignore_errors=True)
        subprocess.run([variant.python, "-m", "venv", str(home)], check=True)
        pip = [str(own), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        constraints = ["--constraint", str(ROOT / "constraints.txt")]
        what = ["--editable", f"{ROOT}[{variant.extras}]", *TOOLS]
        subprocess.run([*pip, *constraints, *what], check=True)
        stamp.write_text(wanted)
    return own


def run(variant: Variant, files: Sequence[str], workers: str) -> bool:
    """Run the tests in one variant; say how it went."""
    print(f"\n== {variant.name}: {variant.why}", flush=True)
    environment = {**os.environ, **{k: v for k, v in variant.variables.items() if v}}
    for name, value in variant.variables.items():
        if value:
            print(f"   {name}={value}", flush=True)
    python = interpreter(variant)
    began = time.monotonic()
    command = [str(python), "-m", "pytest", "-n", workers, *(f"tests/{file}" for file in files)]
    done = subprocess.run(command, cwd=ROOT, env=environment, check=False)
    print(f"   {'passed' if not done.returncode else 'FAILED'} in {time.monotonic() - began:.0f} s")
    return not done.returncode


def main() -> int:
    """Run what the command line asks for; 1 if any variant failed."""
    known = variants()
    parser = argparse.ArgumentParser(description="Run the numerical tests as other machines do.")
    parser.add_argument(
        "names", nargs="*", metavar="variant", help=", ".join(v.name for v in known)
    )
    parser.add_argument("--short", action="store_true", help="a few files, in this environment")
    parser.add_argument("--workers", default=os.environ.get("PYTEST_WORKERS", "auto"))
    asked = parser.parse_args()
    unknown = set(asked.names) - {v.name for v in known}
    if unknown:
        parser.error(
            f"no variant {', '.join(sorted(unknown))}; there are {[v.name for v in known]}"
        )
    chosen = [v for v in known if not asked.names or v.name in asked.names]
    if asked.short:
        chosen = [v for v in chosen if not v.python and v.name != "one-thread"]
    print(f"NumPy {np.__version__} on {platform.machine()}, Python {platform.python_version()}")
    failed = [
        v.name for v in chosen if not run(v, SHORT if asked.short else v.files, asked.workers)
    ]
    print(f"\n{len(chosen) - len(failed)} of {len(chosen)} variants passed", end="")
    print(f"; failed: {', '.join(failed)}" if failed else "")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
