"""What the tests of the command line have in common: a place of their own, and one trained run."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from nissl import i18n
from nissl.cli import main


@dataclass(frozen=True)
class Outcome:
    """What a command said and how it ended."""

    code: int
    out: str
    err: str


Command = Callable[..., Outcome]


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No language from the machine that runs the tests, and none that a test leaves behind."""
    for name in ("NISSL_LANG", "LC_ALL", "LC_MESSAGES", "LANG", "NISSL_DATA"):
        monkeypatch.delenv(name, raising=False)
    yield
    i18n.use("en")


@pytest.fixture
def vietnamese(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Compile the catalogue as installing does, for a checkout where that was not done."""
    folder = tmp_path / "locale" / "vi" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    source = i18n.LOCALE / "vi" / "LC_MESSAGES" / "nissl.po"
    (folder / "nissl.po").write_bytes(source.read_bytes())
    with source.open("rb") as catalogue, (folder / "nissl.mo").open("wb") as compiled:
        write_mo(compiled, read_po(catalogue))
    monkeypatch.setattr(i18n, "LOCALE", tmp_path / "locale")


@pytest.fixture
def nissl(capsys: pytest.CaptureFixture[str]) -> Command:
    """Run the command line in this process."""

    def run(*arguments: str | Path) -> Outcome:
        capsys.readouterr()
        code = main([str(each) for each in arguments])
        said = capsys.readouterr()
        return Outcome(code, said.out, said.err)

    return run


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run on digits, three epochs long."""
    folder = tmp_path_factory.mktemp("cli") / "run"
    arguments = ["train", "digits", "--hidden", "32", "--optimizer", "adam", "--epochs", "3"]
    assert main([*arguments, "--learning-rate", "0.01", "--run", str(folder)]) == 0
    return folder


@pytest.fixture(scope="session")
def sine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table of 1000 + 300 sin x on [0, 6], to be learnt as a regression."""
    path = tmp_path_factory.mktemp("data") / "sine.csv"
    rows = [f"{6 * i / 99},{1000 + 300 * math.sin(6 * i / 99)}" for i in range(100)]
    path.write_text("\n".join(["x,height", *rows]))
    return path


@pytest.fixture(scope="session")
def sine_run(tmp_path_factory: pytest.TempPathFactory, sine: Path) -> Path:
    """A run on the table, long enough to follow the curve."""
    folder = tmp_path_factory.mktemp("cli") / "sine"
    options = ["--hidden", "40", "--activation", "tanh", "--learning-rate", "0.01"]
    assert main(["train", str(sine), *options, "--epochs", "400", "--run", str(folder)]) == 0
    return folder
