"""What is wrong is said in one line, in red, without a traceback, and with the right exit code."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

import nissl as library
from nissl.cli import main
from nissl.cli.app import COMMANDS as ALL
from nissl.cli.messages import templates, translate_message
from nissl.i18n import catalogue_path, use

COMMANDS = [command.name for command in ALL]
WRONG_USE: list[tuple[list[str], str]] = [
    (["trian"], "Did you mean 'train'?"),
    (["train"], "Missing argument 'DATA'"),
    (["train", "digits", "mnist"], "unexpected extra argument"),
    (["train", "digits", "--epoch", "3"], "did you mean --epochs?"),
    (["depth", "--layer", "3"], "there is no option --layer; did you mean --layers?"),
    (["train", "digits", "--act", "relu"], "did you mean --activation?"),
    (["--lng", "vi"], "there is no option --lng; did you mean --lang?"),
    (["train", "digits", "--epochs"], "requires an argument"),
    (["train", "digits", "--epochs", "ten"], "--epochs takes a whole number, not 'ten'"),
    (["train", "digits", "--momentum", "x"], "--momentum takes a number, not 'x'"),
    (["convolve", "--at", "1", "x"], "--at takes a whole number, not 'x'"),
    (["train", "digits", "--epochs", "0"], "--epochs is a whole number of at least 1, not 0"),
    (["train", "digits", "--epochs", "-3"], "--epochs is a whole number of at least 1, not -3"),
    (["train", "digits", "--batch-size", "0"], "--batch-size is a whole number of at least 1"),
    (["train", "digits", "--hidden", "300,,x"], "number 2 of '300,,x' is ''"),
    (["train", "digits", "--hidden", "300,x"], "number 2 of '300,x' is 'x'"),
    (["train", "digits", "--hidden", "0"], "number 1 of '0' is '0'"),
    (["train", "digits", "--hidden", "-5"], "number 1 of '-5' is '-5'"),
    (["train", "digits", "--activation", "rellu"], "did you mean 'relu'?"),
    (["train", "digits", "--optimizer", "sdg"], "did you mean 'sgd'?"),
    (["train", "digits", "--momentum", "1.5"], "--momentum lies from 0 to below 1, not 1.5"),
    (["train", "digits", "--optimizer", "adam", "--momentum", "0.9"], "has no momentum"),
    (["train", "digits", "--learning-rate", "0"], "--learning-rate is a number above 0, not 0"),
    (["train", "digits", "--learning-rate", "nan"], "--learning-rate is a number above 0"),
    (["train", "digits", "--dropout", "1"], "--dropout lies from 0 to below 1"),
    (["train", "digits", "--validation-split", "1"], "--validation-split lies from 0"),
    (["train", "digits", "--seed", "-1"], "--seed lies from 0"),
    (["train", "digits", "--run", ""], "--run is the name of a folder"),
    (["train", "digits", "--target", "x"], "target has no meaning for digits"),
    (["train", "digits", "--task", "guess"], "unknown task 'guess'"),
    (["train", "digits", "--size", "big"], "--size is one number of pixels"),
    (["train", ""], "the data are a name or a path"),
    (["train", "fasion-mnist"], "did you mean 'fashion_mnist'?"),
    (["train", "digits", "--lang", "fr"], "unknown language 'fr'"),
    (["evaluate"], "Missing argument 'RUN'"),
]


NAMES = [" ".join(arguments) for arguments, _said in WRONG_USE]


@pytest.mark.parametrize(("arguments", "said"), WRONG_USE, ids=NAMES)
def test_wrong_use(
    nissl, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    outcome = nissl(*arguments)
    assert said in outcome.err
    assert outcome.code == 2
    assert outcome.err.startswith("Error: ")
    command = " ".join(["nissl", *[name for name in arguments if name in COMMANDS][:1]])
    assert outcome.err.endswith(f"\nFor help: {command} --help\n")
    assert "Traceback" not in outcome.err
    assert list(tmp_path.iterdir()) == []  # nothing was begun


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_bad_data(nissl, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    np.savez(tmp_path / "unlabelled.npz", x=np.zeros((5, 2)))
    np.savez(tmp_path / "one.npz", x=np.zeros((5, 2)), y=np.zeros(5, int))
    np.savez(tmp_path / "nan.npz", x=np.full((6, 2), np.nan), y=np.arange(6) % 2)
    np.savez(tmp_path / "short.npz", x=np.zeros((5, 2)), y=np.arange(4))
    (tmp_path / "nothing").mkdir()
    for path, said in (
        ("missing.csv", "there is no such file"),
        (write(tmp_path / "empty.csv", ""), "is empty"),
        (write(tmp_path / "blank.csv", "\n\n"), "blank lines only"),
        (write(tmp_path / "header.csv", "a,b\n"), "header, and no rows"),
        (write(tmp_path / "hole.csv", "a,b\n1,2\n,3\n"), "line 3, column 'a': the cell is empty"),
        (write(tmp_path / "word.csv", "a,b\n1,2\nx,3\n"), "'x' is not a finite"),
        (write(tmp_path / "ragged.csv", "1,2\n1,2,3\n"), "3 columns, where the first line has 2"),
        (write(tmp_path / "letter.txt", "dear"), "the ending '.txt' is none of these"),
        (write(tmp_path / "fake.npz", "dear"), "not an npz file"),
        ("unlabelled.npz", "needed are x_train"),
        ("one.npz", "one class only"),
        ("nan.npz", "NaN or infinite"),
        ("short.npz", "each sample needs one target"),
        ("nothing", "no sub-folders"),
    ):
        outcome = nissl("train", path)
        assert said in outcome.err, path
        assert outcome.code == 1, path
        assert "Traceback" not in outcome.err
    assert not (tmp_path / "runs").exists()


def test_bad_models(nissl, trained: Path, tmp_path: Path) -> None:
    whole = (trained / "model.keras").read_bytes()
    (tmp_path / "short.keras").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "text.keras").write_text("dear")
    with zipfile.ZipFile(tmp_path / "other.keras", "w") as archive:
        archive.writestr("config.json", "{}")
    (tmp_path / "folder").mkdir()
    for name, said in (
        ("gone.keras", "there is no such run folder or model file"),
        ("short.keras", "short.keras"),
        ("text.keras", "not a .keras file"),
        ("other.keras", "other.keras"),
        ("folder", "is not a finished run: it has no model.keras"),
    ):
        for command in (["summary"], ["evaluate"], ["predict", "--sample", "0"]):
            outcome = nissl(command[0], tmp_path / name, *command[1:])
            assert said in outcome.err
            assert outcome.code == 1
            assert "Traceback" not in outcome.err


def test_damaged_config(nissl, trained: Path, tmp_path: Path) -> None:
    (tmp_path / "model.keras").write_bytes((trained / "model.keras").read_bytes())
    for text, said in (
        ("{", "config.json is damaged"),
        ('{"format": 99}', "not a description of a run"),
        ("[]", "not a description of a run"),
    ):
        (tmp_path / "config.json").write_text(text)
        outcome = nissl("summary", tmp_path)
        assert outcome.code == 1
        assert said in outcome.err


def test_run_folder_that_cannot_be_made(nissl, tmp_path: Path) -> None:
    write(tmp_path / "file", "in the way")
    outcome = nissl("train", "digits", "--epochs", "1", "--run", tmp_path / "file" / "run")
    assert outcome.code == 1
    assert "could not be made" in outcome.err


def test_debug_shows_where(nissl) -> None:
    outcome = nissl("train", "nothing.csv", "--debug")
    assert outcome.code == 1
    assert "Traceback" in outcome.err
    assert "Error: nothing.csv" in outcome.err


def test_steering_characters_are_not_printed(nissl) -> None:
    outcome = nissl("train", "\x1b[31mred.csv")
    assert outcome.code == 1
    assert "\x1b" not in outcome.err


def test_without_typer_the_command_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import importlib.util

    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert main([]) == 1
    assert "pip install 'nissl[cli]'" in capsys.readouterr().err


def test_broken_pipe_is_no_traceback() -> None:
    script = "import sys; from nissl.cli import main; sys.exit(main(['data', 'digits']))"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen(
        [sys.executable, "-c", script],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert b"Traceback" not in process.stderr.read()
    process.stderr.close()
    assert process.wait() in (0, 1)


@pytest.mark.parametrize(
    ("redirected", "code", "said"),
    [
        (">&-", 0, b""),
        (">&- 2>&-", 0, b""),
        ("2>&-", 0, b""),
        ("> /dev/full", 1, b"The output cannot be written: No space left on device"),
    ],
)
@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is full")
def test_output_that_nobody_takes_is_no_traceback(redirected: str, code: int, said: bytes) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "NISSL_LANG": "en"}
    command = f"'{sys.executable}' -m nissl data digits {redirected}"
    done = subprocess.run(
        ["sh", "-c", command], capture_output=True, env=environment, check=False, timeout=60
    )
    assert done.returncode == code
    assert b"Traceback" not in done.stderr
    assert said in done.stderr


# ---- in another language ---------------------------------------------------------------------
@pytest.mark.parametrize(("arguments", "said"), WRONG_USE, ids=NAMES)
def test_wrong_use_in_vietnamese(
    nissl,
    vietnamese: None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    said: str,
) -> None:
    """No English sentence is left: the line differs from the English one after its first word."""
    monkeypatch.chdir(tmp_path)
    if "--lang" in arguments:
        return
    english = nissl(*arguments).err.splitlines()[0].removeprefix("Error: ")
    told = nissl(*arguments, "--lang", "vi").err
    if arguments[-1] == "--epochs":  # it takes --lang for its value
        return
    assert told.startswith("Lỗi: ")
    assert english not in told
    assert any(letter in told for letter in "ạảấầẩậắằặẹẽếềểễệịọỏốồổộớờởợụủứừửữựỳỵỷỹđáàảúùêôơưã")


def test_templates_give_back_their_fields(vietnamese: None) -> None:
    use("vi")
    said = translate_message("data.csv, line 7: 3 columns, where the first line has 2.")
    assert said == "data.csv, dòng 7: có 3 cột, trong khi dòng đầu có 2."
    inner = (
        "m.csv, line 3, column 'a': the cell is empty (missing cells: a 1); correct the cell, "
        "remove its row, or leave the column out with ignore (--ignore)."
    )
    assert "cột 'a': ô trống (số ô thiếu: a 1);" in translate_message(inner)
    assert translate_message("f: x=3,5 must be at most 1,000") == (
        "f: x=3,5 phải nhỏ hơn hoặc bằng 1\u202f000"
    )
    assert translate_message("something else happened") == "something else happened"


def test_no_template_fits_everything() -> None:
    for template in templates(catalogue_path("vi")):
        assert len(re.findall(r"[a-z]", re.sub(r"\{\w+\}", "", template))) >= 4, template


def test_library_messages_still_fit_their_templates(vietnamese: None, tmp_path: Path) -> None:
    """Messages as the library raises them today; a changed wording shows here."""
    use("vi")
    write(tmp_path / "a.csv", "1,2\n1,2,3\n")
    write(tmp_path / "b.csv", "a,b\n1,x\n2,3\n")
    write(tmp_path / "c.csv", "lonely\n1\n")
    write(tmp_path / "d.csv", "")
    write(tmp_path / "e.txt", "x")
    write(tmp_path / "f.npz", "x")
    for call in (
        lambda: library.activations.get("rellu"),
        lambda: library.optimizers.get("sdg"),
        lambda: library.datasets.load("mnst"),
        lambda: library.datasets.load("digits", target="x"),
        lambda: library.datasets.load(tmp_path / "gone.csv"),
        lambda: library.datasets.load(tmp_path / "a.csv"),
        lambda: library.datasets.load(tmp_path / "b.csv"),
        lambda: library.datasets.load(tmp_path / "c.csv"),
        lambda: library.datasets.load(tmp_path / "d.csv"),
        lambda: library.datasets.load(tmp_path / "e.txt"),
        lambda: library.datasets.load(tmp_path / "f.npz"),
        lambda: library.datasets.load(tmp_path),
        lambda: library.models.load_model(tmp_path / "gone.keras"),
        lambda: library.models.load_model(tmp_path / "e.txt"),
    ):
        with pytest.raises(library.NisslError) as caught:
            call()
        message = str(caught.value)
        assert translate_message(message) != message, message
