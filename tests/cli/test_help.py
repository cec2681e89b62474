"""Help and version, in both languages, and quickly."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from nissl import __version__, i18n

COMMANDS = (
    *(
        "train",
        "evaluate",
        "predict",
        "summary",
        "data",
        "activations",
        "perceptron",
        "gate",
        "grad",
    ),
    *("backprop", "approximate", "depth", "race", "convolve", "neuron", "network", "check"),
)


def test_version(nissl) -> None:
    outcome = nissl("--version")
    assert outcome.code == 0
    assert outcome.out == f"nissl {__version__}\n"


def test_help_lists_the_commands(nissl) -> None:
    outcome = nissl("--help")
    assert outcome.code == 0
    assert outcome.out.startswith("Usage: nissl [OPTIONS] COMMAND ...")
    for command in COMMANDS:
        assert f"  {command}" in outcome.out


def test_nothing_at_all_shows_help(nissl) -> None:
    outcome = nissl()
    assert outcome.code == 2
    assert "Commands" in outcome.out + outcome.err


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command(nissl, command: str) -> None:
    outcome = nissl(command, "--help")
    assert outcome.code == 0
    assert outcome.out.startswith(f"Usage: nissl {command}")
    assert "--lang CODE" in outcome.out
    assert f"nissl {command}" in outcome.out.split("Example")[1]


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command_in_vietnamese(nissl, vietnamese: None, command: str) -> None:
    english = nissl(command, "--help").out
    outcome = nissl(command, "--help", "--lang", "vi")
    assert outcome.out.startswith(f"Cách dùng: nissl {command}")
    lines = {line.strip() for line in english.splitlines() if " " in line.strip()}
    kept = {line.strip() for line in outcome.out.splitlines()} & lines
    assert [line for line in kept if not is_code(line)] == []


def is_code(line: str) -> bool:
    """Whether a line of help is an example, or part of a list of names, in any language."""
    names = re.sub(r"^--\S+ [A-Z]+ +", "", line).split()
    return line.startswith("nissl ") or all(re.search(r'[,"]\.?$', name) for name in names)


def test_the_environment_chooses_the_language(
    nissl, vietnamese: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NISSL_LANG", "vi")
    assert nissl("--help").out.startswith("Cách dùng:")
    assert nissl("--help", "--lang", "en").out.startswith("Usage:")
    assert i18n.language() == "en"


def test_training_in_vietnamese(nissl, vietnamese: None, tmp_path) -> None:
    options = ["--hidden", "8", "--epochs", "2", "--run", tmp_path / "r", "--verbose"]
    outcome = nissl("train", "digits", *options, "--lang", "vi")
    assert outcome.code == 0, outcome.err
    for said in ("Độ chính xác", "mất mát", "Kết quả trên dữ liệu kiểm tra", "ma trận nhầm lẫn"):
        assert said in outcome.out
    for left in ("Accuracy", "loss", "accuracy", "Files in", "Samples", "Layer", "Trained"):
        assert left not in outcome.out


def test_help_imports_nothing_heavy() -> None:
    script = (
        "import sys; from nissl.cli import main; main(['--help']); "
        "heavy = {'jax', 'matplotlib', 'h5py', 'PIL'} & set(sys.modules); "
        "sys.exit(str(heavy) if heavy else 0)"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, env=environment, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", ["command-line.md", "command-line.vi.md"])
def test_the_guide_names_every_option(nissl, name: str) -> None:
    text = (Path(__file__).parents[2] / "docs" / name).read_text(encoding="utf-8")
    for command in COMMANDS:
        assert f"`nissl {command} " in text
        for option in re.findall(r"^  (--[a-z-]+)", nissl(command, "--help").out, re.MULTILINE):
            assert f"{option}`" in text or f"`{option} " in text or option == "--help", option
