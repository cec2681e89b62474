"""What the tests of data have in common: files spelt out by hand, and no way to the real cache."""

from __future__ import annotations

import gzip
import hashlib
import struct
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from nissl.datasets import sources
from nissl.datasets.sources import DataFile


def idx_bytes(shape: tuple[int, ...], values: bytes, code: int = 8) -> bytes:
    """An idx file: magic, lengths of axes, values."""
    return bytes([0, 0, code, len(shape)]) + struct.pack(f">{len(shape)}I", *shape) + values


@dataclass(frozen=True)
class Tiny:
    """A published data set of five samples; its digests are computed here, not recorded."""

    contents: dict[str, bytes] = field(
        default_factory=lambda: {
            "train-images-idx3-ubyte": idx_bytes((3, 2, 2), bytes(range(12))),
            "train-labels-idx1-ubyte": idx_bytes((3,), bytes([0, 1, 0])),
            "t10k-images-idx3-ubyte": idx_bytes((2, 2, 2), bytes(range(100, 108))),
            "t10k-labels-idx1-ubyte": idx_bytes((2,), bytes([1, 0])),
        }
    )

    @property
    def files(self) -> tuple[DataFile, ...]:
        return tuple(
            DataFile(name, hashlib.sha256(data).hexdigest(), len(data))
            for name, data in self.contents.items()
        )

    @property
    def blobs(self) -> list[bytes]:
        return list(self.contents.values())

    def lay_out(self, folder: Path, *, packed: bool = True) -> Path:
        """Write the four files into ``folder``."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in self.contents.items():
            path = folder / (f"{name}.gz" if packed else name)
            path.write_bytes(gzip.compress(data) if packed else data)
        return folder


@pytest.fixture
def tiny() -> Tiny:
    return Tiny()


@pytest.fixture
def isolated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of the test's own, and no ``$NISSL_DATA``; gives the cache's folder."""
    cache = tmp_path / "cache"
    monkeypatch.setattr(sources, "cache_folder", lambda: cache)
    monkeypatch.delenv("NISSL_DATA", raising=False)
    return cache
