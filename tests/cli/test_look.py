"""``nissl evaluate``, ``predict``, ``summary`` and ``data``."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nissl import datasets
from nissl.models import load_model


def picture(path: Path, pixels: np.ndarray) -> Path:
    Image.fromarray(pixels).save(path)
    return path


# ---- evaluate --------------------------------------------------------------------------------
def test_evaluate_repeats_what_training_said(nissl, trained: Path) -> None:
    outcome = nissl("evaluate", trained, "--json")
    assert outcome.code == 0, outcome.err
    said = json.loads(outcome.out)
    config = json.loads((trained / "config.json").read_text())
    assert said["part"] == "test"
    assert said["samples"] == 360
    assert said["accuracy"] == pytest.approx(config["results"]["test"]["accuracy"])
    assert said["loss"] == pytest.approx(config["results"]["test"]["loss"], rel=1e-5)


def test_evaluate_shows_tables(nissl, trained: Path) -> None:
    out = nissl("evaluate", trained, "--part", "all").out
    assert "1,797" in out
    assert "Recall" in out


def test_evaluate_a_bare_model_needs_data(nissl, trained: Path, tmp_path: Path) -> None:
    bare = tmp_path / "moved.keras"
    shutil.copy(trained / "model.keras", bare)
    assert "name them: nissl evaluate" in nissl("evaluate", bare).err
    assert json.loads(nissl("evaluate", bare, "digits", "--json").out)["samples"] == 360


def test_evaluate_other_data_by_the_names_of_its_classes(
    nissl, trained: Path, tmp_path: Path
) -> None:
    """Here class 0 is called 7, and the model must be asked about 7."""
    data = datasets.load("digits")
    sevens = data.x_test[(data.y_test == 7) | (data.y_test == 8)]
    labels = data.y_test[(data.y_test == 7) | (data.y_test == 8)]
    np.savez(tmp_path / "some.npz", x=sevens, y=labels)
    said = json.loads(nissl("evaluate", trained, tmp_path / "some.npz", "--json").out)
    guess = load_model(trained / "model.keras").predict(sevens, verbose=0).argmax(axis=1)
    assert said["part"] == "all"
    assert said["samples"] == len(labels)
    assert said["accuracy"] == pytest.approx((guess == labels).mean())


def test_evaluate_unknown_classes_are_named(nissl, trained: Path, tmp_path: Path) -> None:
    x = datasets.load("digits").x_test[:4]
    np.savez(tmp_path / "odd.npz", x=x, y=np.array(["3", "3", "x", "x"]))
    outcome = nissl("evaluate", trained, tmp_path / "odd.npz")
    assert outcome.code == 1
    assert "classes x, and the model knows only 0, 1" in outcome.err


# ---- predict ---------------------------------------------------------------------------------
def test_predict_a_sample_of_the_test_data(nissl, trained: Path) -> None:
    data = datasets.load("digits")
    out = nissl("predict", trained, "--sample", "3", "--sample", "5", "--json", "--top", "10").out
    model = load_model(trained / "model.keras")
    for said, index in zip(json.loads(out), (3, 5), strict=True):
        expected = model.predict(data.x_test[index][None], verbose=0)[0]
        found = {each["name"]: each["probability"] for each in said["classes"]}
        assert said["truth"] == str(data.y_test[index])
        assert sum(found.values()) == pytest.approx(1, abs=1e-5)
        for number, name in enumerate(data.class_names):
            assert found[name] == pytest.approx(expected[number], abs=1e-5)
        shown = [each["probability"] for each in said["classes"]]
        assert shown == sorted(shown, reverse=True)


def test_predict_as_a_table(nissl, trained: Path) -> None:
    out = nissl("predict", trained, "--sample", "0", "--top", "2").out
    assert "Prediction" in out
    assert "Rank 2" in out
    assert "Rank 3" not in out
    assert "Truth" in out


def test_predict_a_picture_file(nissl, trained: Path, tmp_path: Path) -> None:
    data = datasets.load("digits")
    file = picture(tmp_path / "digit.png", data.x_test[0])
    (said,) = json.loads(nissl("predict", trained, file, "--json").out)
    (same,) = json.loads(nissl("predict", trained, "--sample", "0", "--json").out)
    assert said["input"] == "digit.png"
    assert "truth" not in said
    assert said["classes"] == same["classes"]


def test_predict_a_picture_of_another_size(nissl, trained: Path, tmp_path: Path) -> None:
    big = np.kron(datasets.load("digits").x_test[0], np.ones((4, 4), np.uint8))
    file = picture(tmp_path / "big.png", big)
    outcome = nissl("predict", trained, file)
    assert outcome.code == 1
    assert "32 x 32 pixels, and the model takes 8 x 8" in outcome.err
    assert "--resize" in outcome.err
    assert nissl("predict", trained, file, "--resize").code == 0


def test_predict_an_inverted_picture(nissl, trained: Path, tmp_path: Path) -> None:
    pixels = datasets.load("digits").x_test[0]
    plain = picture(tmp_path / "plain.png", pixels)
    dark = picture(tmp_path / "dark.png", 255 - pixels)
    (first,) = json.loads(nissl("predict", trained, plain, "--json").out)
    (second,) = json.loads(nissl("predict", trained, dark, "--invert", "--json").out)
    assert first["classes"] == second["classes"]


def test_predict_rows_of_a_table(nissl, sine_run: Path, sine: Path, tmp_path: Path) -> None:
    """With or without a header, and with the target among the columns, which is left out."""
    new = tmp_path / "new.csv"
    new.write_text("x\n1.5708\n4.7124\n")
    said = json.loads(nissl("predict", sine_run, new, "--json").out)
    assert [each["input"] for each in said] == ["new.csv, line 2", "new.csv, line 3"]
    assert said[0]["values"][0] == pytest.approx(1300, abs=30)
    assert said[1]["values"][0] == pytest.approx(700, abs=30)
    bare = tmp_path / "bare.csv"
    bare.write_text("1.5708\n")
    assert json.loads(nissl("predict", sine_run, bare, "--json").out)[0]["values"] == [
        pytest.approx(said[0]["values"][0], rel=1e-6)
    ]
    assert len(json.loads(nissl("predict", sine_run, sine, "--json").out)) == 100
    new.write_text("x\n1,5708\n4,7124\n")
    assert [
        each["values"] for each in json.loads(nissl("predict", sine_run, new, "--json").out)
    ] == [each["values"] for each in said]


def test_predict_a_sample_of_a_regression(nissl, sine_run: Path) -> None:
    out = nissl("predict", sine_run, "--sample", "2").out
    assert "Truth" in out
    (said,) = json.loads(nissl("predict", sine_run, "--sample", "2", "--json").out)
    assert float(said["truth"]) == pytest.approx(said["values"][0], abs=30)


def test_predict_arrays(nissl, trained: Path, tmp_path: Path) -> None:
    x = datasets.load("digits").x_test[:3]
    np.savez(tmp_path / "many.npz", x=x)
    np.savez(tmp_path / "one.npz", x[0])
    assert len(json.loads(nissl("predict", trained, tmp_path / "many.npz", "--json").out)) == 3
    assert len(json.loads(nissl("predict", trained, tmp_path / "one.npz", "--json").out)) == 1


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("missing.png", None, "there is no such file"),
        ("text.png", b"no picture", "is not an image that can be read"),
        ("empty.csv", b"", "is empty"),
        ("header.csv", b"x\n", "a header, and no rows"),
        ("wide.csv", b"1,2,3,4\n", "has 4 columns and no names that the model knows"),
        ("words.csv", b"x\n1\nlots\n", "line 3, column 'x': 'lots' is not a finite"),
        ("infinite.csv", b"1\ninf\n", "line 2, column '1': 'inf' is not a finite"),
        ("model.txt", b"hello", "pictures, .csv, .tsv and .npz files"),
        ("bad.npz", b"hello", "damaged or not an npz file"),
        ("shoe.jpg", None, "there is no such file"),
    ],
)
def test_predict_refuses(
    nissl, sine_run: Path, trained: Path, tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    run = trained if path.suffix in (".png", ".jpg") else sine_run
    outcome = nissl("predict", run, path)
    assert outcome.code == 1
    assert said in outcome.err
    assert name in outcome.err
    assert "Traceback" not in outcome.err


def test_predict_refuses_pictures_for_a_table_and_deep_pictures(
    nissl, sine_run: Path, trained: Path, tmp_path: Path
) -> None:
    file = picture(tmp_path / "p.png", np.zeros((8, 8), np.uint8))
    assert (
        "is a picture, and the model takes samples of shape 1"
        in nissl("predict", sine_run, file).err
    )
    deep = picture(tmp_path / "deep.png", np.zeros((8, 8), np.uint16))
    assert "more than 8 bits" in nissl("predict", trained, deep).err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "--sample 0"),
        (("--sample", "360"), "from 0 to 359, not 360"),
        (("--sample", "-1"), "from 0 to 359, not -1"),
        (("--sample", "0", "--top", "0"), "--top is a whole number of at least 1"),
    ],
)
def test_predict_wrong_use(nissl, trained: Path, arguments: tuple[str, ...], said: str) -> None:
    outcome = nissl("predict", trained, *arguments)
    assert outcome.code == 2
    assert said in outcome.err


# ---- summary ---------------------------------------------------------------------------------
def test_summary(nissl, trained: Path, tmp_path: Path) -> None:
    out = nissl("summary", trained).out
    assert "2,080" in out  # 64 x 32 + 32
    assert "330" in out  # 32 x 10 + 10
    assert "2,410, of which 2,410 are trained" in out
    assert "softmax" in out
    assert "finished" in out
    shutil.copy(trained / "model.keras", tmp_path / "bare.keras")
    out = nissl("summary", tmp_path / "bare.keras").out
    assert "2,410" in out
    assert "finished" not in out


# ---- data ------------------------------------------------------------------------------------
def test_data_lists_every_published_set(nissl) -> None:
    out = nissl("data").out
    for name in datasets.names():
        assert name.replace("_", "-") in out
        assert datasets.info(name).licence in out
    assert "in the package" in out


def test_data_knows_what_is_in_the_cache(
    nissl, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NISSL_CACHE", str(tmp_path / "cache"))
    assert "in the cache" not in nissl("data").out
    (tmp_path / "cache" / "mnist").mkdir(parents=True)
    (tmp_path / "cache" / "mnist" / "train-images-idx3-ubyte.gz").touch()
    assert "in the cache" in nissl("data").out
    monkeypatch.setenv("NISSL_DATA", str(tmp_path / "cache"))
    assert "in $NISSL_DATA" in nissl("data").out


def test_data_describes_one_and_draws_samples(nissl, tmp_path: Path) -> None:
    outcome = nissl("data", "digits", "-o", tmp_path / "samples.png")
    assert outcome.code == 0, outcome.err
    assert "1437 x 8 x 8 of uint8, from 0 to 16" in outcome.out
    assert "Alpaydin" in outcome.out
    with Image.open(tmp_path / "samples.png") as drawn:
        assert min(drawn.size) > 300


def test_data_describes_own_data(nissl, sine: Path) -> None:
    out = nissl("data", sine, "--test-fraction", "0.1").out
    assert "regression" in out
    assert "90 x 1 of float32" in out
    assert "targets" in out


@pytest.mark.parametrize(
    ("name", "output", "said"),
    [
        (None, "x.png", "--output needs the name"),
        ("sine", "x.png", "--output draws pictures"),
        ("digits", "x.doc", "--output is a .png, .svg or .pdf file"),
    ],
)
def test_data_wrong_use(
    nissl, sine: Path, tmp_path: Path, name: str | None, output: str, said: str
) -> None:
    place = [sine if name == "sine" else name] if name else []
    outcome = nissl("data", *place, "-o", tmp_path / output)
    assert outcome.code == 2
    assert said in outcome.err
    assert not (tmp_path / output).exists()
