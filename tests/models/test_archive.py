"""The .keras file: what Keras wrote is read, what we write is read back, whole or not at all.

The oracle for reading is Keras itself: files that Keras 3 wrote, with the numbers that Keras
reported for them (tests/fixtures/ORIGIN.md). Hostile files have a test file of their own.
"""

from __future__ import annotations

import datetime
import io
import json
import os
import resource
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import h5py
import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nissl.errors import (
    ArgumentError,
    ArgumentTypeError,
    DTypeError,
    FileFormatError,
    MissingDependencyError,
    SaveError,
)
from nissl.models.archive import (
    Archive,
    new_metadata,
    object_paths,
    read_archive,
    write_archive,
)

FIXTURES = Path(__file__).parents[1] / "fixtures"
CONFIG = {"module": "keras", "class_name": "Sequential", "config": {"name": "größe", "layers": []}}
METADATA = {"keras_version": "3.0.0"}
KERNEL = np.arange(6, dtype=np.float32).reshape(2, 3)


# --- what Keras wrote ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["keras3_adam", "keras3_sgd_momentum"])
def test_reads_the_numbers_that_keras_saved(name: str) -> None:
    archive = read_archive(FIXTURES / f"{name}.keras")
    recorded = json.loads((FIXTURES / f"{name}.json").read_text())

    assert archive.metadata["keras_version"] == recorded["keras_version"]
    layers = archive.config["config"]["layers"][1:]  # without the input layer
    paths = object_paths(layer["class_name"] for layer in layers)
    weights = [array for path in paths for array in archive.variables(path)]
    assert len(weights) == len(recorded["weights"]) == 4
    for array, expected in zip(weights, recorded["weights"], strict=True):
        np.testing.assert_array_equal(array, np.asarray(expected, np.float32))
    slots = archive.variables("optimizer")
    assert len(slots) == len(recorded["optimizer_variables"])
    for array, expected in zip(slots, recorded["optimizer_variables"], strict=True):
        np.testing.assert_array_equal(array, np.asarray(expected, array.dtype))
    assert slots[0] == 3  # steps taken


def test_predictions_follow_from_what_was_read() -> None:
    archive = read_archive(FIXTURES / "keras3_sgd_momentum.keras")
    recorded = json.loads((FIXTURES / "keras3_sgd_momentum.json").read_text())
    kernel, bias = archive.variables("layers/dense")
    kernel_1, bias_1 = archive.variables("layers/dense_1")
    x = np.asarray(recorded["x"], np.float32)
    logits = np.tanh(x @ kernel + bias) @ kernel_1 + bias_1
    odds = np.exp(logits - logits.max(-1, keepdims=True))
    np.testing.assert_allclose(
        odds / odds.sum(-1, keepdims=True), recorded["predictions"], atol=1e-6
    )


# --- round trip ----------------------------------------------------------------------------------


def save(path: Path, **weights: Any) -> Path:
    named = {f"layers/dense/vars/{key[1:]}": value for key, value in weights.items()}
    write_archive(path, CONFIG, METADATA, named or {"layers/dense/vars/0": KERNEL})
    return path


@pytest.mark.parametrize(
    "value",
    [
        KERNEL,
        np.float32(0.01),
        np.int64(7),
        np.zeros((0, 5), np.float16),
        np.array([1.5, -2.25, np.inf, np.nan], ml_dtypes.bfloat16),
        np.array(2.5, ml_dtypes.bfloat16),
        np.array([True, False]),
        np.arange(3, dtype=np.uint8),
        np.arange(3, dtype=">f4"),
        np.asfortranarray(KERNEL.astype(np.float64)),
        KERNEL[:, ::-1],
    ],
    ids=lambda value: f"{value.dtype.name}-{value.shape}",
)
def test_round_trip_keeps_values_shape_and_dtype(tmp_path: Path, value: Any) -> None:
    archive = read_archive(save(tmp_path / "m.keras", v0=value))
    (read,) = archive.variables("layers/dense")
    expected = np.asarray(value)
    assert read.shape == expected.shape
    assert read.dtype == expected.dtype.newbyteorder("=")
    np.testing.assert_array_equal(read.astype(np.float64), expected.astype(np.float64))
    assert archive.config == CONFIG
    assert archive.metadata == METADATA


names = st.text("abcdefgh_0123456789", min_size=1, max_size=6)
arrays = st.builds(
    lambda shape, seed, dtype: np.random.default_rng(seed).normal(size=shape).astype(dtype),
    st.lists(st.integers(0, 4), max_size=3),
    st.integers(0, 2**32 - 1),
    st.sampled_from(["float16", "float32", "float64", "int32"]),
)


@settings(max_examples=40)
@given(weights=st.dictionaries(names.map("layers/{}/vars/0".format), arrays, max_size=5))
def test_round_trip_of_any_weights(
    tmp_path_factory: pytest.TempPathFactory, weights: dict[str, Any]
) -> None:
    path = tmp_path_factory.mktemp("any") / "m.keras"
    write_archive(path, CONFIG, METADATA, weights)
    read = read_archive(path).weights
    assert read.keys() == weights.keys()
    for key, value in weights.items():
        assert read[key].dtype == value.dtype
        np.testing.assert_array_equal(read[key], value)


def test_the_file_is_laid_out_as_keras_lays_it_out(tmp_path: Path) -> None:
    path = tmp_path / "m.keras"
    groups = {"": "model", "layers/dense": "first", "layers/dropout": "drop", "optimizer": "sgd"}
    write_archive(path, CONFIG, METADATA, {"layers/dense/vars/0": KERNEL}, groups)
    with zipfile.ZipFile(path) as archive:
        ours = [(info.filename, info.compress_type) for info in archive.infolist()]
        image = h5py.File(io.BytesIO(archive.read("model.weights.h5")))
    with zipfile.ZipFile(FIXTURES / "keras3_adam.keras") as archive:
        theirs = [(info.filename, info.compress_type) for info in archive.infolist()]
    assert ours == theirs
    assert {key: image[f"{key}/vars" if key else "vars"].attrs["name"] for key in groups} == groups
    assert list(image["layers/dropout/vars"]) == []


def test_equal_models_make_equal_files(tmp_path: Path) -> None:
    first, second = save(tmp_path / "a.keras"), save(tmp_path / "b.keras")
    assert first.read_bytes() == second.read_bytes()


def test_metadata_of_our_own() -> None:
    made = new_metadata("1.2", datetime.datetime(2025, 3, 4, 5, 6, 7))
    assert made["date_saved"] == "2025-03-04@05:06:07"
    assert made["written_by"] == "nissl 1.2"


def test_object_paths_count_by_class() -> None:
    classes = ["Dense", "LSTM", "Dense", "BatchNormalization", "Conv2D", "LeakyReLU", "Dense"]
    assert object_paths(classes) == [
        "layers/dense",
        "layers/lstm",
        "layers/dense_1",
        "layers/batch_normalization",
        "layers/conv2d",
        "layers/leaky_re_lu",
        "layers/dense_2",
    ]


@pytest.mark.parametrize("present", [["1"], ["0", "2"], ["0", "x"], ["0", "0/1"]])
def test_variables_must_be_numbered_without_a_gap(present: list[str]) -> None:
    weights = {f"layers/dense/vars/{name}": KERNEL for name in present}
    archive = Archive(CONFIG, {}, weights, "m.keras")
    with pytest.raises(FileFormatError, match=r"m\.keras.*layers/dense/vars/"):
        archive.variables("layers/dense")
    assert archive.variables("layers/other") == []


# --- writing what cannot be written --------------------------------------------------------------


@pytest.mark.parametrize(
    "path", ["", "/etc/x", "a//b", "../x", "a/../b", "a/.", "a\0b", "layers/dense/vars"]
)
def test_paths_that_are_no_paths_are_refused(tmp_path: Path, path: str) -> None:
    weights = {"layers/dense/vars/0": KERNEL, path: KERNEL}
    with pytest.raises(ArgumentError, match="weight"):
        write_archive(tmp_path / "m.keras", CONFIG, METADATA, weights)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("value", ["text", np.array([object()]), 1j, np.zeros(2, "M8[s]")])
def test_weights_that_are_no_numbers_are_refused(tmp_path: Path, value: Any) -> None:
    with pytest.raises(DTypeError, match="layers/dense/vars/0"):
        save(tmp_path / "m.keras", v0=value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("value", [float("nan"), object(), {1, 2}, np.float32(1)])
def test_a_config_that_json_cannot_hold_is_refused(tmp_path: Path, value: Any) -> None:
    with pytest.raises(ArgumentTypeError, match="config"):
        write_archive(tmp_path / "m.keras", {"rate": value}, METADATA, {})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", [3, b"m.keras", "", "a\0b"])
def test_names_that_are_no_file_names(name: Any) -> None:
    with pytest.raises((ArgumentError, ArgumentTypeError), match="path"):
        read_archive(name)
    with pytest.raises((ArgumentError, ArgumentTypeError), match="path"):
        write_archive(name, CONFIG, METADATA, {})


# --- whole or not at all -------------------------------------------------------------------------


@pytest.fixture
def small_files() -> Iterator[Callable[[int], None]]:
    """Let the system refuse to grow a file past a size, as a full disk does."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("room", [0, 30, 700, 5_000, 41_000])
def test_a_disk_that_fills_up_loses_nothing(
    tmp_path: Path, small_files: Callable[[int], None], room: int
) -> None:
    path = save(tmp_path / "m.keras")
    before = path.read_bytes()
    small_files(room)
    with pytest.raises(SaveError, match=r"m\.keras.*could not be written: File too large"):
        save(path, v0=np.ones(10_000, np.float32))
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["m.keras"]


def test_control_c_while_saving_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = save(tmp_path / "m.keras")
    before = path.read_bytes()

    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        save(path, v0=np.ones(100))
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["m.keras"]


def test_a_place_that_takes_no_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SaveError, match=r"m\.keras.*could not be written: "):
        save(tmp_path / "file" / "m.keras")


def test_a_folder_in_the_place_of_the_file(tmp_path: Path) -> None:
    with pytest.raises(SaveError, match="is a folder"):
        save(tmp_path)


def test_a_link_is_followed(tmp_path: Path) -> None:
    real = save(tmp_path / "real.keras")
    link = tmp_path / "link.keras"
    link.symlink_to(real)
    save(link, v0=np.ones(3))
    assert link.is_symlink()
    assert read_archive(real).weights["layers/dense/vars/0"].shape == (3,)


# --- the optional package ------------------------------------------------------------------------


def test_without_h5py(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save(tmp_path / "m.keras")
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(MissingDependencyError, match=r"nissl\[keras-files\]"):
        read_archive(path)
    with pytest.raises(MissingDependencyError, match=r"nissl\[keras-files\]"):
        save(path)


def test_h5py_is_imported_only_when_used() -> None:
    code = "import sys, nissl.models.archive; print('h5py' in sys.modules)"
    source = str(Path(__file__).parents[2] / "src")
    result = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": source},
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stdout.strip() == "False"
