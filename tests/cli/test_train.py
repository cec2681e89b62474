"""``nissl train``: what a run folder holds, and that nothing in it or before it is lost."""

from __future__ import annotations

import csv
import json
import os
import signal
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from interruption import running
from nissl import datasets, i18n
from nissl.cli import network, runs
from nissl.models import load_model

Array = np.ndarray


def test_a_run_folder_has_everything(trained: Path) -> None:
    assert sorted(path.name for path in trained.iterdir()) == [
        "config.json",
        "confusion.png",
        "curves.png",
        "history.csv",
        "mistakes.png",
        "model.keras",
    ]
    for name in ("confusion.png", "curves.png", "mistakes.png"):
        with Image.open(trained / name) as picture:
            assert min(picture.size) > 300


def test_history_has_a_line_for_each_epoch_counted_from_1(trained: Path) -> None:
    with (trained / "history.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["1", "2", "3"]
    assert list(rows[0]) == ["epoch", "accuracy", "loss", "val_accuracy", "val_loss"]
    assert float(rows[2]["loss"]) < float(rows[0]["loss"])


def test_config_says_how_to_repeat_the_run(trained: Path) -> None:
    config = json.loads((trained / "config.json").read_text())
    assert config["status"] == "finished"
    assert config["settings"] == {
        "hidden": [32],
        "activation": "relu",
        "optimizer": "adam",
        "learning_rate": 0.01,
        "momentum": None,
        "dropout": 0.0,
        "epochs": 3,
        "batch_size": 32,
        "validation_split": 1 / 12,
        "seed": 42,
    }
    assert config["data"]["place"] == "digits"
    assert config["data"]["samples"] == {"train": 1317, "validation": 120, "test": 360}
    assert config["results"]["steps"] == 3 * 42  # 1317 samples in batches of 32
    assert {"nissl", "python", "numpy"} <= set(config["versions"])


def test_reported_accuracy_is_that_of_the_saved_model(trained: Path) -> None:
    data = datasets.load("digits")
    model = load_model(trained / "model.keras")
    right = model.predict(data.x_test, verbose=0).argmax(axis=1) == data.y_test
    config = json.loads((trained / "config.json").read_text())
    assert config["results"]["test"]["accuracy"] == pytest.approx(right.mean())
    assert right.mean() > 0.8


def test_same_seed_gives_the_same_network(nissl, trained: Path, tmp_path: Path) -> None:
    options = ["--hidden", "32", "--optimizer", "adam", "--learning-rate", "0.01"]
    nissl("train", "digits", *options, "--epochs", "3", "--run", tmp_path / "again")
    first = load_model(trained / "model.keras").get_weights()
    second = load_model(tmp_path / "again" / "model.keras").get_weights()
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_run_is_never_written_over(nissl, tmp_path: Path) -> None:
    taken = tmp_path / "run"
    taken.mkdir()
    (taken / "precious.txt").write_text("mine")
    for number in (2, 3):
        outcome = nissl("train", "digits", "--hidden", "8", "--epochs", "1", "--run", taken)
        assert outcome.code == 0
        assert f"run-{number}" in outcome.err
        assert (tmp_path / f"run-{number}" / "model.keras").is_file()
    assert [path.name for path in taken.iterdir()] == ["precious.txt"]


def test_a_file_in_the_way_is_not_written_over(nissl, tmp_path: Path) -> None:
    (tmp_path / "run").write_text("mine")
    outcome = nissl("train", "digits", "--hidden", "8", "--epochs", "1", "--run", tmp_path / "run")
    assert outcome.code == 0
    assert (tmp_path / "run").read_text() == "mine"
    assert (tmp_path / "run-2").is_dir()


def test_default_folder_is_named_after_data_and_time(
    nissl, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert nissl("train", "digits", "--hidden", "", "--epochs", "1").code == 0
    (made,) = (tmp_path / "runs").iterdir()
    assert made.name.startswith("digits-20")


def test_the_end_says_where_things_lie_and_what_comes_next(nissl, tmp_path: Path) -> None:
    out = nissl("train", "digits", "--epochs", "1", "--run", tmp_path / "r", "--verbose").out
    for said in ("Results on the test data", "Accuracy", "confusion.png", "mistakes.png"):
        assert said in out
    assert f"nissl predict {tmp_path / 'r'} --sample 0" in out
    assert "784" not in out
    assert "19,500" in out  # 64 inputs x 300 + 300, from --verbose


def test_regression_results_are_in_the_unit_of_the_target(sine_run: Path) -> None:
    """The curve has amplitude 300 about 1000: errors of a fit are a few units, not fractions."""
    config = json.loads((sine_run / "config.json").read_text())
    found = config["results"]["test"]
    assert found["r2"] > 0.99
    assert 0.1 < found["root_mean_squared_error"] < 30
    assert found["loss"] == pytest.approx(found["root_mean_squared_error"] ** 2, rel=1e-3)
    with (sine_run / "history.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert 100 < float(rows[0]["mean_absolute_error"]) < 400  # of the untrained network
    assert {"regression.png", "curves.png"} < {path.name for path in sine_run.iterdir()}


def test_saved_regression_model_takes_and_gives_raw_values(sine_run: Path) -> None:
    model = load_model(sine_run / "model.keras")
    x = np.array([[np.pi / 2], [3 * np.pi / 2]])
    np.testing.assert_allclose(model.predict(x, verbose=0), [[1300], [700]], atol=30)


def test_folding_changes_nothing_but_units() -> None:
    """A network on standardised values, and the folded one on raw values, agree."""
    from nissl.cli.settings import Settings

    random = np.random.default_rng(7)
    x = random.normal([5.0, -3e4], [0.1, 1e3], (50, 2))
    y = random.normal(-40.0, 7.0, (50, 1))
    inputs, targets = network.Standard.of(x), network.Standard.of(y.ravel())
    np.testing.assert_allclose(inputs.apply(x).mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(inputs.apply(x).std(axis=0), 1, rtol=1e-5)
    settings = Settings(hidden=(6,), activation="tanh")
    model = network.build(settings, (2,), 1, "regression", None)
    before = model.predict(inputs.apply(x), verbose=0) * y.std() + y.mean()
    network.fold(model, inputs, targets, settings.make_optimizer())
    np.testing.assert_allclose(model.predict(x, verbose=0), before, rtol=1e-4)


def test_constant_columns_do_no_harm() -> None:
    scaled = network.Standard.of(np.array([[1.0, 5.0], [3.0, 5.0]]))
    np.testing.assert_array_equal(scaled.apply(np.array([[2.0, 5.0]])), [[0.0, 0.0]])


def test_table_of_classes_has_its_mistakes_as_a_table(nissl, tmp_path: Path) -> None:
    """The classes overlap, so that mistakes are certain."""
    random = np.random.default_rng(3)
    rows = [f"{random.normal(i % 2)},{['bệnh', 'không'][i % 2]}" for i in range(200)]
    (tmp_path / "ill.csv").write_text("\n".join(["value,kind", *rows]), encoding="utf-8")
    outcome = nissl(
        "train", tmp_path / "ill.csv", "--hidden", "8", "--epochs", "5", "--run", tmp_path / "r"
    )
    assert outcome.code == 0, outcome.err
    data = datasets.load(tmp_path / "ill.csv")
    with (tmp_path / "r" / "mistakes.csv").open(encoding="utf-8") as file:
        wrong = list(csv.DictReader(file))
    assert wrong
    for row in wrong:
        assert row["true"] != row["predicted"]
        assert data.class_names[int(data.y_test[int(row["sample"])])] == row["true"]
        assert float(row["x1"]) == pytest.approx(float(data.x_test[int(row["sample"]), 0]))
    sure = [float(row["probability"]) for row in wrong]
    assert sure == sorted(sure, reverse=True)  # with two classes, worst first is surest first


def test_own_pictures_sorted_by_class_are_mixed_before_validation(nissl, tmp_path: Path) -> None:
    """A divided folder comes class by class; its last rows alone would be one class only."""
    for part, count in (("train", 12), ("test", 3)):
        for kind, grey in (("dark", 20), ("light", 230)):
            folder = tmp_path / "pictures" / part / kind
            folder.mkdir(parents=True)
            for i in range(count):
                Image.new("L", (6, 5), grey + i).save(folder / f"{i}.png")
    options = ["--hidden", "4", "--optimizer", "adam", "--learning-rate", "0.05"]
    outcome = nissl(
        "train", tmp_path / "pictures", *options, "--epochs", "60", "--run", tmp_path / "r"
    )
    assert outcome.code == 0, outcome.err
    assert "100.00% (6 of 6 right)" in outcome.out
    assert (tmp_path / "r" / "mistakes.png").is_file()


def test_dropout_and_momentum_reach_the_network(nissl, tmp_path: Path) -> None:
    options = ["--dropout", "0.25", "--momentum", "0.9", "--hidden", "16,8", "--epochs", "1"]
    assert nissl("train", "digits", *options, "--run", tmp_path / "r").code == 0
    model = load_model(tmp_path / "r" / "model.keras")
    kinds = [type(layer).__name__ for layer in model.layers]
    assert kinds == ["Rescaling", "Flatten", "Dense", "Dropout", "Dense", "Dropout", "Dense"]
    assert model.optimizer is not None
    assert model.optimizer.get_config()["momentum"] == 0.9


def test_diverging_training_is_reported_and_leaves_no_model(nissl, tmp_path: Path) -> None:
    outcome = nissl("train", "digits", "--learning-rate", "1e9", "--run", tmp_path / "r")
    assert outcome.code == 1
    assert "epoch 1" in outcome.err
    assert "Lower the learning rate" in outcome.err
    assert not (tmp_path / "r" / "model.keras").exists()
    config = json.loads((tmp_path / "r" / "config.json").read_text())
    assert config["status"] == "failed"
    assert "learning rate" in config["error"]
    assert "is not a finished run" in nissl("predict", tmp_path / "r", "--sample", "0").err


@pytest.mark.skipif(sys.platform == "win32", reason="signals to another process")
def test_control_c_keeps_the_network_as_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "r"
    script = "import sys; from nissl.cli import main; sys.exit(main())"
    command = ["train", "digits", "--hidden", "32", "--epochs", "1000000", "--run", str(folder)]
    variables = {"PYTHONPATH": os.pathsep.join(sys.path), "NISSL_LANG": "en"}
    with running(script, *command, **variables) as process:
        history = folder / "history.csv"
        until = time.monotonic() + 60
        while not (history.exists() and history.read_text().count("\n") > 2):
            assert time.monotonic() < until
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Stopped by Control-C" in out
    assert "Traceback" not in err
    config = json.loads((folder / "config.json").read_text())
    assert config["status"] == "interrupted"
    assert config["results"]["epochs"] >= 2
    assert (folder / "curves.png").is_file()
    model = load_model(folder / "model.keras")
    assert model.optimizer is not None
    assert int(model.optimizer.iterations.numpy()) == config["results"]["steps"] > 0


def test_new_folder_counts_up(tmp_path: Path) -> None:
    names = [runs.new_folder(str(tmp_path / "a" / "run"), "x").name for _ in range(3)]
    assert names == ["run", "run-2", "run-3"]


def test_class_names_of_published_data_are_translated(vietnamese: None) -> None:
    from nissl.cli import source

    names = datasets.info("fashion_mnist").class_names
    assert source.shown_names(names, "fashion_mnist") == names
    i18n.use("vi")
    assert source.shown_names(names, "fashion_mnist")[9] == "Bốt cổ thấp"
    assert source.shown_names(("Bag", "Loss"), "my-own") == ("Bag", "Loss")
