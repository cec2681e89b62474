"""The documents are true: their snippets run and print what they say, and their links lead on.

A block marked ``python`` is run: one with ``>>>`` as a doctest, any other as it stands. All blocks
of a document share one namespace and one empty folder, in order. A comment in front of a block
says what it needs, and it is left out where that is not at hand::

    <!-- needs: fashion-mnist -->
"""

from __future__ import annotations

import doctest
import importlib.util
import os
import re
import runpy
import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import nissl
import op_sweep as sweep
from nissl.cli import main
from nissl.core.op import registry as ops
from nissl.errors import DatasetError
from test_i18n import NOWHERE

ROOT = Path(__file__).parents[1]
OWN = [ROOT / name for name in ("README.md", "README.vi.md", "CONTRIBUTING.md", "CHANGELOG.md")]
DOCUMENTS = [*OWN, *sorted((ROOT / "docs").glob("*.md")), ROOT / "benchmarks" / "README.md"]
ELSEWHERE: set[str] = set()
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
RULE = re.compile(r"([─━═┄╌=_-])\1{2,}")
BLOCK = re.compile(
    r"(?:<!-- needs: (?P<needs>[\w-]+) -->\n+)?^```python\n(?P<code>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)")


@dataclass(frozen=True)
class Snippet:
    """One block of Python in a document, and the line that it starts in."""

    code: str
    line: int
    needs: str


def snippets(path: Path) -> list[Snippet]:
    text = path.read_text("utf-8")
    return [
        Snippet(found["code"], text.count("\n", 0, found.start("code")), found["needs"] or "")
        for found in BLOCK.finditer(text)
    ]


WITH_CODE = [path for path in DOCUMENTS if path.name not in ELSEWHERE and snippets(path)]
ONCE = [path for path in WITH_CODE if not path.name.endswith(".vi.md")]  # whose code is the same
documents = pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)


def available(needs: str) -> bool:
    """Whether a data set, or a package, is here without asking the network."""
    if needs == "fashion-mnist":
        from nissl.files import cache_folder

        places = [Path(os.environ[name]) for name in ("NISSL_DATA",) if name in os.environ]
        folders = [place / "fashion_mnist" for place in (*places, cache_folder())]
        if not any(folder.is_dir() for folder in folders):
            return False
        try:
            nissl.datasets.fashion_mnist.load_data()
        except DatasetError:
            return False
        return True
    return not needs or importlib.util.find_spec(needs) is not None


@pytest.fixture
def _fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An empty folder, automatic names from the beginning, and the registry as it was."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NISSL_NO_CACHE", "1")
    nissl.backend.clear_session()
    known = dict(ops)
    yield
    ops.clear()
    ops.update(known)
    nissl.backend.clear_session()
    nissl.engine.set_engine(None)


def run(snippet: Snippet, names: dict[str, Any], path: Path, scratch: Path) -> None:
    """Run a block in ``names``; raise or fail as the document would be wrong.

    On a large data set one epoch is enough to see that it runs.
    """
    if ">>>" in snippet.code:
        parsed = doctest.DocTestParser().get_doctest(
            snippet.code, names, f"{path.name}-{snippet.line}", str(path), snippet.line
        )
        runner = doctest.DocTestRunner(optionflags=FLAGS)
        said: list[str] = []
        runner.run(parsed, out=said.append, clear_globs=False)
        names.update(parsed.globs)
        assert not runner.failures, "".join(said)
        return
    script = scratch / f"{path.stem}_{snippet.line}.py"
    code = re.sub(r"epochs=\d+", "epochs=1", snippet.code) if snippet.needs else snippet.code
    script.write_text(code, "utf-8")
    names.update(runpy.run_path(str(script), init_globals=names))


@pytest.mark.usefixtures("_fresh")
@pytest.mark.parametrize("path", ONCE, ids=lambda path: path.name)
def test_snippets_run(path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, Any] = {}
    for snippet in snippets(path):
        if available(snippet.needs):
            run(snippet, names, path, tmp_path)


CONSOLE = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.usefixtures("_fresh")
@pytest.mark.parametrize("path", ONCE, ids=lambda path: path.name)
def test_commands_say_what_is_shown(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each ``$ nissl ...`` of a console block runs; ``...`` stands for anything."""
    at_hand: dict[str, Callable[[], Any]] = {
        "demo-run": lambda: main(shlex.split("train digits --epochs 1 --hidden 8 --run demo-run")),
        "photo.png": lambda: Image.new("L", (300, 200)).save("photo.png"),
    }
    for block in CONSOLE.findall(path.read_text("utf-8")):
        for session in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, wanted = session.split("\n", 1)
            words = shlex.split(command)
            assert words[0] == "nissl"
            for name in at_hand.keys() & set(words):
                at_hand.pop(name)()
            capsys.readouterr()
            code = main(words[1:])
            said = capsys.readouterr()
            assert code == 0, said.err
            found = "\n".join(line.rstrip() for line in said.out.splitlines()) + "\n"
            assert not wanted.strip() or says(wanted, found), f"$ {command}\n{found}"


def says(wanted: str, found: str) -> bool:
    """Whether a command said what is shown, but for spaces, and rules as long as what they rule."""
    settled = (RULE.sub(r"\1\1\1", text) for text in (wanted, found))
    return doctest.OutputChecker().check_output(*settled, FLAGS)


def test_rules_may_differ_in_length_but_words_may_not() -> None:
    shown = "Steps   Seconds\n────────────────\n12      ...\n"
    assert says(shown, "Steps     Seconds\n──────────────────────\n12        0.553\n")
    assert not says(shown, "Steps     Seconds\n──────────────────────\n13        0.553\n")
    assert not says(shown, "Steps   Seconds\n12      0.553\n")


def test_the_guides_have_snippets() -> None:
    wanted = {"README.md", "README.vi.md", "add-an-op.md", "autodiff.md", "design.md"}
    wanted |= {"keras.md", "training.md"}
    assert wanted <= {path.name for path in WITH_CODE}


LECTURE = (ROOT / "docs" / "lecture.md").read_text("utf-8")
SHOWN = sorted(set(re.findall(r"`nissl ([^`]+)`", LECTURE)) - {"train fashion-mnist"})


@pytest.fixture(scope="session")
def a_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run that the guide to the lecture calls demo-run."""
    folder = tmp_path_factory.mktemp("lecture") / "demo-run"
    assert main(shlex.split(f"train digits --epochs 1 --hidden 8 --run {folder}")) == 0
    return folder


@pytest.mark.usefixtures("_fresh")
@pytest.mark.parametrize("command", SHOWN)
def test_what_shows_the_lecture_runs(
    command: str, a_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written = command.replace("\\|", "|")  # as in the cell of a table
    words = [str(a_run) if word == "demo-run" else word for word in shlex.split(written)]
    assert main(words) == 0, capsys.readouterr().err
    assert capsys.readouterr().out.strip()


# ---- links and pictures ----------------------------------------------------------------------


def anchors(path: Path) -> set[str]:
    """Anchors that headings get: lower case, spaces to hyphens, no other marks."""
    heads = re.findall(r"^#+ +(.+)$", path.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@documents
def test_links_lead_somewhere(path: Path) -> None:
    text = re.sub(r"^```.*?^```$", "", path.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    broken: list[str] = []
    for plain, picture in LINK.findall(text):
        target = plain or picture
        if re.match(r"[a-z]+:", target):
            continue
        place, _, anchor = target.partition("#")
        file = (path.parent / place).resolve() if place else path
        if not file.exists() or (anchor and anchor not in anchors(file)):
            broken.append(target)
    assert not broken, f"{path.name}: {broken}"


def headings(text: str) -> list[str]:
    """Headings with those above them, outside of code: the same words may stand in two chapters."""
    plain = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    above: list[str] = []
    found: list[str] = []
    for marks, words in re.findall(r"^(#+) +(.+)$", plain, re.MULTILINE):
        above[len(marks) - 1 :] = [words]
        found.append(" / ".join(above))
    return found


@documents
def test_no_heading_stands_twice(path: Path) -> None:
    heads = headings(path.read_text("utf-8"))
    assert sorted({head for head in heads if heads.count(head) > 1}) == []


def passages(text: str, length: int = 8) -> Iterator[tuple[tuple[str, ...], int]]:
    """Runs of lines that say something, each with the number of its first."""
    lines = [line.strip() for line in text.splitlines()]
    for i in range(len(lines) - length + 1):
        run = tuple(lines[i : i + length])
        if sum(len(line) > 8 for line in run) >= length - 1:
            yield run, i + 1


def repeated(texts: dict[str, str]) -> list[str]:
    """Where a passage of one document stands again, in it or in another."""
    seen: dict[tuple[str, ...], str] = {}
    twice: list[str] = []
    for name, text in texts.items():
        for passage, line in passages(text):
            if passage in seen:
                twice.append(f"{name}:{line} repeats {seen[passage]}")
            seen.setdefault(passage, f"{name}:{line}")
    return twice


def test_no_passage_stands_twice() -> None:
    """A page that repeats another, or itself, will one day contradict it."""
    left_out = {"README.md", *(path.name for _english, path in pages())}
    guides = [path for path in DOCUMENTS if path.name not in left_out]
    assert repeated({str(path): path.read_text("utf-8") for path in guides}) == []


def test_a_passage_that_stands_twice_is_caught() -> None:
    page = "".join(f"this is sentence number {i}\n" for i in range(8))
    assert repeated({"a.md": page, "b.md": "Title\n" + page}) == ["b.md:2 repeats a.md:1"]
    assert repeated({"a.md": page + "between\n" + page}) == ["a.md:10 repeats a.md:1"]
    assert repeated({"a.md": page}) == []


def test_a_heading_that_stands_twice_is_seen() -> None:
    assert headings("# A\n## B\n# C\n## B\n```\n# no\n```\n") == ["A", "A / B", "C", "C / B"]


#: files and folders that a document names without them being in the repository
MADE = re.compile(r"\b[A-Z]{3,}\b|[<*{]|^(runs?|data|my|cache|pictures|photos)/|^~|^/")


@documents
def test_paths_that_are_named_are_there(path: Path) -> None:
    """`core/op.py` in a guide leads to a file of the source, the tests, or the root."""
    text = re.sub(r"^```.*?^```$", "", path.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    if path.name == "CHANGELOG.md":
        return  # it tells of what was
    homes = (ROOT, ROOT / "src", ROOT / "src" / "nissl", path.parent, ROOT / "src/nissl/engine")
    named = re.findall(r"`((?:[\w.-]+/)+[\w.-]*\.(?:py|h|md|toml|txt|po))`", text)
    dead = [
        name
        for name in named
        if not MADE.search(name) and not any((home / name).exists() for home in homes)
    ]
    assert dead == []


def test_every_guide_is_in_the_index() -> None:
    index = (ROOT / "docs" / "README.md").read_text("utf-8")
    missing = [
        path.name
        for path in (ROOT / "docs").glob("*.md")
        if path.name != "README.md" and f"({path.name}" not in index
    ]
    assert not missing


def test_pictures_are_small_and_made_by_the_script() -> None:
    scripts = sorted((ROOT / "docs" / "drawings").glob("*.py"))
    script = "".join(path.read_text("utf-8") for path in scripts)
    for picture in (ROOT / "docs" / "pictures").iterdir():
        assert picture.stat().st_size < 120_000, f"{picture.name} is too large for the repository"
        assert picture.stem.removeprefix("see-") in script


@documents
def test_documents_speak_of_the_project_alone(path: Path) -> None:
    text = path.read_text("utf-8")
    assert not re.search(r"/(work|tmp|root)/|\bTODO\b|\bFIXME\b", text)
    assert text.count("```") % 2 == 0
    assert text.endswith("\n")


def pages() -> list[tuple[Path, Path]]:
    """Each page that there is in Vietnamese, in English and in Vietnamese."""
    found = [path for path in DOCUMENTS if path.name.endswith(".vi.md")]
    return [(path.with_name(path.name.replace(".vi.md", ".md")), path) for path in found]


def shape(path: Path) -> tuple[list[str], list[int], list[str]]:
    """What two languages of a page share: levels of headings, columns of rows, code."""
    text = path.read_text("utf-8")
    plain = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    levels = re.findall(r"^#+(?= )", plain, re.MULTILINE)
    rows = [len(re.findall(r"(?<!\\)\|", row)) for row in re.findall(r"^\|.*", plain, re.MULTILINE)]
    codes = [snippet.needs + re.sub(r" *#.*", "", snippet.code) for snippet in snippets(path)]
    return levels, rows, [*codes, *CONSOLE.findall(text)]


@pytest.mark.parametrize("both", pages(), ids=lambda both: both[0].name)
def test_both_languages_tell_the_same(both: tuple[Path, Path]) -> None:
    english, vietnamese = both
    for ours, theirs in zip(shape(english), shape(vietnamese), strict=True):
        assert ours == theirs
    assert f"[Tiếng Việt]({vietnamese.name})" in english.read_text("utf-8")
    assert f"[English]({english.name})" in vietnamese.read_text("utf-8")


#: words that Vietnamese pages have another one for; see the glossary in test_i18n.py
STRAY = (
    "triệt tiêu|tiêu biến|bộ tối ưu|quán tính|tiếp tuyến|liên hợp|phân loại|chế độ lùi|lớp ẩn"
    "|kết nối đầy đủ"
)


@pytest.mark.parametrize("both", pages(), ids=lambda both: both[1].name)
def test_vietnamese_pages_use_the_words_of_the_glossary(both: tuple[Path, Path]) -> None:
    text = both[1].read_text("utf-8").lower()
    assert re.findall(rf"{STRAY}|{NOWHERE}", text) == []


# ---- what the tests themselves would catch ---------------------------------------------------


def test_a_wrong_snippet_is_caught(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.md"
    wrong.write_text("```python\n>>> 1 + 1\n3\n```\n\n```python\nassert 1 == 2\n```\n")
    first, second = snippets(wrong)
    with pytest.raises(AssertionError, match="Expected"):
        run(first, {}, wrong, tmp_path)
    with pytest.raises(AssertionError):
        run(second, {}, wrong, tmp_path)


def test_a_document_is_one_namespace(tmp_path: Path) -> None:
    guide = tmp_path / "guide.md"
    guide.write_text(
        "```python\nx = 2\n```\n\n```python\n>>> y = x + 1\n```\n\n```python\nz = y\n```\n"
    )
    names: dict[str, Any] = {}
    for snippet in snippets(guide):
        run(snippet, names, guide, tmp_path)
    assert names["z"] == 3


@pytest.mark.usefixtures("_fresh")
def test_the_ops_of_the_guide_pass_the_sweep(tmp_path: Path) -> None:
    """What docs/add-an-op.md adds is judged as the registry is: rules, derivatives, engines."""
    guide = ROOT / "docs" / "add-an-op.md"
    names: dict[str, Any] = {}
    for snippet in snippets(guide):
        run(snippet, names, guide, tmp_path)
    for op in (names["cbrt_op"], names["shift_op"]):
        assert op.name in ops
        for sample in op.samples:
            arrays = sweep.draw(sample)
            sweep.judge_shape_rule(op, sample)
            function, point = sweep.function_of(op, sample, arrays)
            sweep.judge_to_order_two(function, point)
            program = sweep.program_of(function, arrays, op.name)
            for engine in ("numpy", "xla"):
                found = sweep.run_on(engine, program, arrays)[0]
                sweep.assert_close(found, function(*arrays_to_tensors(arrays)).numpy(), 8)


def arrays_to_tensors(arrays: list[Any]) -> list[Any]:
    return [nissl.asarray(array) for array in arrays]
