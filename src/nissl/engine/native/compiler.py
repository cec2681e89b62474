"""The system's C compiler, and the cache of the libraries that it has made.

A library is trusted if it is whole, and if nobody but the user could have written it. Where the
cache cannot be written to, or nothing may be loaded from it, a library lives in a temporary folder
for as long as it takes to load it.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import platform
import re
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from nissl.engine.native.functions import Unsupported
from nissl.errors import ArgumentError, SaveError
from nissl.files import cache_folder, write_bytes

# sums may be reordered and vectorised; NaN and infinities keep their meaning; integers wrap
FLAGS = (
    "-O2",
    "-ftree-vectorize",
    "-fvect-cost-model=dynamic",
    "-fno-math-errno",
    "-fno-trapping-math",
    "-fno-signed-zeros",
    "-fassociative-math",
    "-fwrapv",
    "-shared",
    "-fPIC",
)
SECONDS = 60.0
_failed: set[str] = set()  # what the compiler could not do, so that it is not asked again


def find_compiler() -> str | None:
    """Return the path of a C compiler, or ``None``."""
    for name in ("cc", "gcc", "clang"):
        found = shutil.which(name)
        if found:
            return found
    return None


def target() -> tuple[str, ...]:
    """Return the flags that name the processor: this one, or that of ``NISSL_MARCH``.

    Raises:
        ArgumentError: ``NISSL_MARCH`` is not a name such as ``haswell`` or ``armv8-a+simd``.
    """
    wanted = os.environ.get("NISSL_MARCH", "")
    if wanted and not re.fullmatch(r"[A-Za-z0-9.+_-]+", wanted):
        raise ArgumentError(
            f"NISSL_MARCH={wanted!r} is not the name of a processor's architecture; it is what a "
            "C compiler takes after -march=, such as haswell or x86-64-v2"
        )
    machine = platform.machine().lower()
    if machine in ("arm64", "aarch64") and not wanted:
        return ("-mcpu=native",)  # which older versions of clang know there, unlike -march
    wide = ("-mprefer-vector-width=512",) if machine in ("x86_64", "i686") else ()
    return (f"-march={wanted or 'native'}", *wide)


def _not_for_that(compiler: str, error: subprocess.SubprocessError) -> ArgumentError:
    said = getattr(error, "stdout", None) or b""
    lines = said.decode(errors="replace").strip().splitlines() or [str(error)]
    return ArgumentError(
        f"NISSL_MARCH={os.environ['NISSL_MARCH']!r}: {compiler} could not compile for it: "
        f"{lines[0]}. Name an architecture that it knows, or unset NISSL_MARCH"
    )


def load(source: str, compiler: str) -> ctypes.CDLL:
    """Compile a source, unless the cache has it, and load it."""
    flags = (*FLAGS, *target())
    version = f"{compiler} {os.stat(compiler).st_mtime_ns} {flags} {os.uname().machine}"
    digest = hashlib.sha256(f"{version}\n{_processor()}\n{source}".encode()).hexdigest()[:32]
    kept = cache_folder() / "native" / f"{digest}.so"
    loaded = _loaded(kept)
    if loaded is not None:
        return loaded
    if digest in _failed:
        raise Unsupported("the compiler failed before")
    with tempfile.TemporaryDirectory() as scratch:
        try:
            built = _compiled(source, [compiler, *flags], Path(scratch))
        except subprocess.SubprocessError as error:
            if os.environ.get("NISSL_MARCH"):
                raise _not_for_that(compiler, error) from error
            _failed.add(digest)
            raise
        try:
            kept.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_bytes(kept, built.read_bytes())
        except (OSError, SaveError):
            pass  # a cache that cannot be written to: this process alone has the library
        return _loaded(kept) or ctypes.CDLL(str(built))


def _loaded(path: Path) -> ctypes.CDLL | None:
    """Load a library, if it is to be trusted and its file system lets programs be run."""
    if not _trusted(path):
        return None
    try:
        return ctypes.CDLL(str(path))
    except OSError:
        return None


def _compiled(source: str, command: list[str], folder: Path) -> Path:
    """Compile a source in a folder of its own, and put the library's checksum behind its end."""
    text, library = folder / "loop.c", folder / "loop.so"
    text.write_text(source, encoding="utf-8")
    command = [*command, str(text), "-o", str(library), "-lm", "-lpthread"]
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, "TMPDIR": str(folder)},
        process_group=0,
    ) as process:
        try:
            said, _ = process.communicate(timeout=SECONDS)
        finally:
            if process.poll() is None:  # too slow, or interrupted: with all that it has started
                os.killpg(process.pid, signal.SIGKILL)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command, said)
    with library.open("ab") as file:  # what comes after its end, a loader does not look at
        file.write(hashlib.sha256(library.read_bytes()).digest())
    return library


def _trusted(path: Path) -> bool:
    """Say whether a library is there, is whole, and nobody else could have written it."""
    try:
        found, folder = path.stat(), path.parent.stat()
        content = path.read_bytes()
    except OSError:
        return False
    mine = found.st_uid == folder.st_uid == os.getuid()
    whole = hashlib.sha256(content[:-32]).digest() == content[-32:]
    return mine and not (folder.st_mode & 0o022) and whole


def _processor() -> str:
    """What the compiled code depends on beside the source: the processor's abilities."""
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return ""
    return next((line for line in text.splitlines() if line.startswith(("flags", "Features"))), "")
