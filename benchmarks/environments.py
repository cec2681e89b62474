"""One virtual environment a peer, made once and made again when its list of packages changes."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / ".venv-bench"
CONSTRAINTS = Path(__file__).with_name("constraints")

# What pip is asked for, step by step; versions stand in constraints/NAME.txt.
# PyTorch comes first and alone: next to other packages pip may choose its build for CUDA.
INSTALLS: dict[str, tuple[tuple[str, ...], ...]] = {
    "nissl": (("--editable", f"{ROOT}[all]"),),
    "torch": (("torch",), ("numpy",)),
    "tensorflow": (("tensorflow-cpu",),),
    "jax": (("jax", "optax", "keras"),),
    "sklearn": (("scikit-learn",),),
    "peers": (("torch",), ("--editable", f"{ROOT}[all]", "keras", "pytest", "hypothesis")),
}


class BenchmarkError(Exception):
    """A benchmark could not be set up or run; the message says which, and what to do."""


def python(name: str) -> Path:
    """The interpreter of an environment, whether or not it has been made."""
    return HOME / name / "bin" / "python"


def ensure(name: str) -> None:
    """Make the environment unless it stands as its list asks."""
    stamp = HOME / name / "installed"
    wanted = _fingerprint(name)
    if stamp.is_file() and stamp.read_text() == wanted:
        return
    print(f"making the environment {name} ...", flush=True)
    shutil.rmtree(HOME / name, ignore_errors=True)
    _run([sys.executable, "-m", "venv", str(HOME / name)])
    for packages in INSTALLS[name]:
        pinned = [part for file in _constraints(name) for part in ("--constraint", str(file))]
        _run([*_pip(name), *pinned, *packages])
    stamp.write_text(wanted)


def _constraints(name: str) -> list[Path]:
    own, project = CONSTRAINTS / f"{name}.txt", ROOT / "constraints.txt"
    return {"nissl": [project], "peers": [own, project]}.get(name, [own])


def _fingerprint(name: str) -> str:
    parts = [repr(INSTALLS[name]), *(file.read_text() for file in _constraints(name))]
    parts.append(sys.version)
    if name in ("nissl", "peers"):
        parts.append((ROOT / "pyproject.toml").read_text())
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _pip(name: str) -> list[str]:
    return [str(python(name)), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchmarkError(
            f"{' '.join(command)} failed with status {done.returncode}:\n{done.stderr.strip()}"
        )


def child_environment(threads: int, scratch: Path, extra: dict[str, str]) -> dict[str, str]:
    """The variables of a measured process: no GPU, `threads` threads, caches of its own."""
    count = str(threads)
    return {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "CUDA_VISIBLE_DEVICES": "-1",
        "JAX_PLATFORMS": "cpu",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "OMP_NUM_THREADS": count,
        "MKL_NUM_THREADS": count,
        "OPENBLAS_NUM_THREADS": count,
        # Without workers, which would still be starting while the first warm epoch is timed.
        "TORCHINDUCTOR_COMPILE_THREADS": "1",
        "TORCHINDUCTOR_CACHE_DIR": str(scratch / "inductor"),
        "XDG_CACHE_HOME": str(scratch / "cache"),
        **extra,
    }


if __name__ == "__main__":
    for environment in sys.argv[1:]:
        ensure(environment)
