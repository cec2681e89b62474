"""Files of other formats are named for what they are, whatever they are called; and what to do."""

from __future__ import annotations

import gzip
import io
import json
import pickle
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import nissl
from nissl.errors import FileFormatError
from nissl.models import load_model, save_model

KERNEL = np.arange(6.0, dtype=np.float32).reshape(3, 2)


def model() -> nissl.Sequential:
    return nissl.Sequential([nissl.Input((3,)), nissl.layers.Dense(2)])


def zipped(**members: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


def hdf5(fill: Callable[[Any], None], **options: Any) -> bytes:
    out = io.BytesIO()
    with h5py.File(out, "w", **options) as file:
        fill(file)
    return out.getvalue()


def whole_h5(file: Any) -> None:
    file.attrs["keras_version"] = "2.15.0"
    file.attrs["model_config"] = json.dumps({"class_name": "Sequential"})
    file.create_dataset("model_weights/dense/dense/kernel:0", data=KERNEL)


def old_weights(file: Any) -> None:
    file.attrs["layer_names"] = [b"dense"]
    file.create_dataset("dense/dense/kernel:0", data=KERNEL)


def npz() -> bytes:
    out = io.BytesIO()
    np.savez(out, kernel=KERNEL)
    return out.getvalue()


def npy() -> bytes:
    out = io.BytesIO()
    np.save(out, KERNEL)
    return out.getvalue()


def tar() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("weights"), io.BytesIO())
    return out.getvalue()


def safetensors() -> bytes:
    header = json.dumps({"w": {"dtype": "F32", "shape": [3, 2], "data_offsets": [0, 24]}}).encode()
    return len(header).to_bytes(8, "little") + header + KERNEL.tobytes()


# content, and a piece of what is said; the layouts are those of each format's specification
FOREIGN: dict[str, tuple[Callable[[], bytes], str]] = {
    "whole_h5": (lambda: hdf5(whole_h5), "whole model in the older HDF5 format"),
    "whole_h5_latest": (lambda: hdf5(whole_h5, libver="latest"), "keras.models.load_model"),
    "old_weights": (lambda: hdf5(old_weights), "weights in the older HDF5 format of Keras 2"),
    "torch": (lambda: zipped(**{"archive/data.pkl": b""}), "PyTorch"),
    "torch_old": (lambda: b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.", "weights of PyTorch"),
    "pickle": (lambda: pickle.dumps({"w": KERNEL}), "a Python pickle"),
    "joblib": (lambda: b"\x78\x9c" + b"x" * 50, "a Python pickle"),
    "npz": (npz, r"arrays of NumPy \(\.npz\).*numpy\.load"),
    "npy": (npy, r"an array of NumPy \(\.npy\)"),
    "safetensors": (safetensors, r"safetensors.*load_file"),
    "onnx": (lambda: b"\x08\x08\x12\x07pytorch\x1a\x052.1.0:", "ONNX"),
    "tflite": (lambda: b"\x1c\0\0\0TFL3\x14\0 \0", "TensorFlow Lite"),
    "gguf": (lambda: b"GGUF\x03\0\0\0", "GGUF"),
    "json": (lambda: json.dumps({"class_name": "Sequential"}).encode(), "description in JSON"),
    "html": (lambda: b"\n<!DOCTYPE html><html>", "page of the web"),
    "lfs": (lambda: b"version https://git-lfs.github.com/spec/v1\noid", "git lfs pull"),
    "gzip": (lambda: gzip.compress(b"x" * 99), "gunzip"),
    "tar": (tar, "a tar archive"),
    "docx": (lambda: zipped(**{"[Content_Types].xml": b""}), "office program"),
    "folder": (lambda: zipped(**{"m/config.json": b"{}", "m/model.weights.h5": b""}), "a zip"),
    "empty": (lambda: b"", "empty: 0 bytes"),
    "hdf5_of_others": (lambda: hdf5(lambda file: file.create_group("mine")), "HDF5|'layers/dense'"),
}


@pytest.mark.parametrize("name", ["m.keras", "m.weights.h5", "m.h5", "m"])
@pytest.mark.parametrize("kind", FOREIGN)
def test_a_foreign_file_is_named_for_what_it_is(kind: str, name: str, tmp_path: Path) -> None:
    make, said = FOREIGN[kind]
    path = tmp_path / name
    path.write_bytes(make())
    for read in (load_model, model().load_weights):
        with pytest.raises(FileFormatError, match=said) as caught:
            read(path)
        assert str(path) in str(caught.value)
        assert "{" not in str(caught.value)


def test_folders_are_named_for_what_they_are(tmp_path: Path) -> None:
    for name, file, said in (
        ("saved", "saved_model.pb", "SavedModel folder of TensorFlow"),
        ("torch", "model.safetensors", "folder with safetensors"),
        ("other", "readme", "a folder, not a .keras file"),
    ):
        (tmp_path / name).mkdir()
        (tmp_path / name / file).write_bytes(b"")
        for read in (load_model, model().load_weights):
            with pytest.raises(FileFormatError, match=said):
                read(tmp_path / name)


def test_a_keras_file_cut_short_or_packed_otherwise(tmp_path: Path) -> None:
    whole = tmp_path / "m.keras"
    model().save(whole)
    data = whole.read_bytes()
    cut = tmp_path / "cut.keras"
    for kept in (len(data) // 2, len(data) - 30, 100):
        cut.write_bytes(data[:kept])
        for read in (load_model, model().load_weights):
            with pytest.raises(
                FileFormatError, match=rf"end is missing \({kept:,} bytes.*cut short"
            ):
                read(cut)
    folder = tmp_path / "m"
    with zipfile.ZipFile(whole) as archive:
        archive.extractall(folder)
    with pytest.raises(FileFormatError, match=r"unpacked. Zip its files.*m\.keras"):
        load_model(folder)
    packed = tmp_path / "packed.keras"
    with zipfile.ZipFile(packed, "w") as archive:
        for each in folder.iterdir():
            archive.write(each, f"m/{each.name}")
    with pytest.raises(FileFormatError, match="Zip the files in it, not the folder"):
        load_model(packed)


def test_a_file_is_read_by_its_content_and_not_by_its_name(tmp_path: Path) -> None:
    first, second = model(), model()
    first.save(tmp_path / "m.keras")
    first.save_weights(tmp_path / "w.weights.h5")
    (tmp_path / "m.keras").rename(tmp_path / "model.h5")
    (tmp_path / "w.weights.h5").rename(tmp_path / "weights.keras")
    with pytest.raises(FileFormatError, match=r"weights alone.*model\.load_weights\('weights"):
        load_model(tmp_path / "weights.keras")
    for name in ("model.h5", "weights.keras"):
        second.set_weights([np.zeros((3, 2)), np.zeros(2)])
        second.load_weights(tmp_path / name)
        np.testing.assert_array_equal(second.get_weights()[0], first.get_weights()[0])
    np.testing.assert_array_equal(
        load_model(tmp_path / "model.h5").get_weights()[0], first.get_weights()[0]
    )


def test_a_tilde_is_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    made = model()
    made.save("~/models/m.keras")
    made.save_weights("~/w.weights.h5")
    assert (tmp_path / "models" / "m.keras").is_file()
    for read in (made.load_weights, load_model):
        read("~/models/m.keras")
    made.load_weights("~/w.weights.h5")
    with pytest.raises(FileFormatError, match="there is no file"):
        load_model("~/none.keras")


# ---- what a file asks of training and Nissl does not have ---------------------------------------


def with_compile_config(path: Path, **changes: Any) -> None:
    """Rewrite what a file says of training."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    config = json.loads(members["config.json"])
    config["compile_config"].update(changes)
    members["config.json"] = json.dumps(config).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)


@pytest.mark.parametrize(
    ("part", "value", "said"),
    [
        ("optimizer", {"class_name": "Nadam", "config": {}}, "optimizer 'Nadam'.*not there yet"),
        ("optimizer", {"class_name": "Adam", "config": {"use_ema": True}}, "use_ema=True"),
        ("loss", "dice", "loss 'dice', which is not there yet"),
        ("loss", {"class_name": "Tversky", "config": {}}, "loss 'Tversky'"),
        ("metrics", ["AUC"], "'AUC', which is not there yet"),
        ("weighted_metrics", [{"class_name": "MeanIoU", "config": {}}], "'MeanIoU'"),
        ("loss", "nonsense", "unknown loss 'nonsense'; "),
        ("metrics", 3, "metrics"),
        ("loss_weights", [2.0], r"loss_weights=\[2\.0\] is not there yet"),
    ],
)
def test_without_compiling_what_is_only_for_training_is_not_refused(
    part: str, value: Any, said: str, tmp_path: Path
) -> None:
    path = tmp_path / "m.keras"
    made = model()
    made.compile("adam", "mse", metrics=["mae"])
    made.save(path)
    with_compile_config(path, **{part: value})
    with pytest.raises(FileFormatError, match=rf"{said}.*load_model\(\.\.\., compile=False\)"):
        load_model(path)
    loaded = load_model(path, compile=False)
    assert not loaded.compiled
    np.testing.assert_array_equal(loaded.predict(KERNEL.T, verbose=0), made(KERNEL.T))


# ---- what users pass ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda m, path: m.save(3), "filepath is a text"),
        (lambda m, path: m.save(path, overwrite="no"), "overwrite"),
        (lambda m, path: m.save(path.with_suffix(".h5")), r"must end in '\.keras'"),
        (lambda m, path: m.save(path, zipped=False), "zipped=False is not there yet"),
        (lambda m, path: m.save(path, include_optimiser=True), "'include_optimiser'"),
        (lambda m, path: m.save_weights(path), r"must end in '\.weights\.h5'"),
        (lambda m, path: m.load_weights(None), "filepath is a text"),
        (lambda m, path: m.load_weights(path, skip_mismatch=True), "skip_mismatch=True is not"),
        (lambda m, path: load_model(path, by_name=True), "by_name"),
        (lambda m, path: load_model(["m.keras"]), "filepath is a text"),
        (lambda m, path: save_model(3, path), "a model is saved, not int 3"),
        (lambda m, path: save_model(nissl.layers.Dense(2), path), "a model is saved, not Dense"),
    ],
)
def test_arguments_are_checked(call: Any, said: str, tmp_path: Path) -> None:
    with pytest.raises(nissl.NisslError, match=said):
        call(model(), tmp_path / "m.keras")


def test_arguments_of_keras_that_are_off_are_taken(tmp_path: Path) -> None:
    made = model()
    made.save(tmp_path / "m.keras", zipped=None, include_optimizer=True)
    made.load_weights(tmp_path / "m.keras", skip_mismatch=False)
    load_model(tmp_path / "m.keras", None, True, True)
