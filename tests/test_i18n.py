"""The catalogue is complete, current and well formed, and the right language is chosen."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

import nissl
from nissl import i18n
from nissl.errors import UnknownNameError

SOURCE = Path(nissl.__file__).parent
CATALOGUES = sorted(i18n.LOCALE.glob("*/LC_MESSAGES/nissl.po"))


def used() -> set[str]:
    """Every text that the code hands to be translated."""
    found = extract_from_dir(
        str(SOURCE),
        method_map=[("**.py", "python")],
        keywords={"_": None, "mark": None, "translate": None},
    )
    return {message for _file, _line, message, *_rest in found if isinstance(message, str)} - {""}


def catalogue(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, abort_invalid=True)


def fields(text: str) -> list[str]:
    return sorted(re.findall(r"\{\w*\}", text))


def check(texts: set[str], found: Catalog) -> list[str]:
    """Say what is wrong with a catalogue."""
    wrong: list[str] = []
    known = {str(entry.id): entry for entry in found if entry.id}
    wrong += [f"missing: {text!r}" for text in sorted(texts - set(known))]
    wrong += [f"stale: {text!r}" for text in sorted(set(known) - texts)]
    for text, entry in known.items():
        told = str(entry.string)
        if not told or entry.fuzzy:
            wrong.append(f"not translated: {text!r}")
        elif fields(told) != fields(text):
            wrong.append(f"other fields: {text!r}")
        elif text.count("\n") != told.count("\n"):
            wrong.append(f"other lines: {text!r}")
    return wrong


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.parent.parent.name)
def test_every_text_is_translated_and_none_is_stale(path: Path) -> None:
    texts = used()
    assert len(texts) > 200
    assert check(texts, catalogue(path)) == []


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.parent.parent.name)
def test_options_and_names_are_left_as_they_are(path: Path) -> None:
    """A translated option such as --hidden would be one that does not exist."""
    for entry in catalogue(path):
        for option in re.findall(r"--[a-z-]+", str(entry.id)):
            assert option in str(entry.string), entry.id


def test_the_check_catches_planted_faults() -> None:
    planted = Catalog(locale="vi")
    planted.add("kept {a}", "giữ {a}")
    planted.add("field {a}", "trường {b}")
    planted.add("empty", "")
    planted.add("stale", "cũ")
    planted.add("fuzzy", "mờ", flags=["fuzzy"])
    texts = {"kept {a}", "field {a}", "empty", "missing", "fuzzy"}
    assert check(texts, planted) == [
        "missing: 'missing'",
        "stale: 'stale'",
        "other fields: 'field {a}'",
        "not translated: 'empty'",
        "not translated: 'fuzzy'",
    ]


@pytest.fixture(autouse=True)
def english_again() -> Iterator[None]:
    yield
    i18n.use("en")


@pytest.mark.parametrize(
    ("wanted", "environment", "code"),
    [
        ("vi", {}, "vi"),
        ("vi_VN", {"NISSL_LANG": "en"}, "vi"),
        ("EN-us", {"LANG": "vi_VN.UTF-8"}, "en"),
        (None, {"NISSL_LANG": "vi", "LC_ALL": "en_US.UTF-8"}, "vi"),
        (None, {"LC_ALL": "en_US.UTF-8", "LANG": "vi_VN.UTF-8"}, "en"),
        (None, {"LC_MESSAGES": "vi_VN"}, "vi"),
        (None, {"LANG": "de_DE.UTF-8"}, "en"),
        (None, {"NISSL_LANG": ""}, "en"),
        (None, {}, "en"),
    ],
)
def test_choice(wanted: str | None, environment: dict[str, str], code: str) -> None:
    assert i18n.choose(wanted, environment) == code


def test_unknown_language_is_an_error_only_when_asked_for() -> None:
    with pytest.raises(UnknownNameError, match="unknown language 'fr'"):
        i18n.choose("fr")
    with pytest.raises(UnknownNameError):
        i18n.use("fr")


def test_english_where_nothing_is_compiled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "vi" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "nissl.po").touch()
    monkeypatch.setattr(i18n, "LOCALE", tmp_path)
    i18n.use("vi")
    assert i18n.language() == "vi"
    assert i18n.translate("Loss") == "Loss"


def test_an_empty_text_is_not_the_header(tmp_path: Path) -> None:
    i18n.use("vi")
    assert i18n.translate("") == ""


def speak_in_turn(code: str, other: str) -> tuple[str, str, str]:
    """The language before, within and after a block."""
    before = i18n.language()
    with i18n.speaking(code):
        inside = i18n.language()
        with i18n.speaking(other):
            assert i18n.language() == other
        assert i18n.language() == inside
    return before, inside, i18n.language()


def test_a_thread_speaks_for_itself_and_the_process_for_all() -> None:
    i18n.use("en")
    started = threading.Barrier(2)

    def speak(code: str, other: str) -> list[tuple[str, str, str]]:
        started.wait()
        return [speak_in_turn(code, other) for _ in range(50)]

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(speak, ("vi", "en"), ("en", "vi"))
    assert set(first) == {("en", "vi", "en")}
    assert set(second) == {("en", "en", "en")}
    i18n.use("vi")
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(i18n.language).result() == "vi"


def test_a_task_speaks_for_itself() -> None:
    i18n.use("en")

    async def speak(code: str) -> str:
        with i18n.speaking(code):
            await asyncio.sleep(0)
            return i18n.language()

    async def both() -> list[str]:
        return await asyncio.gather(speak("vi"), speak("en"))

    assert asyncio.run(both()) == ["vi", "en"]
    assert i18n.language() == "en"


def test_speaking_an_unknown_language_is_an_error() -> None:
    with pytest.raises(UnknownNameError), i18n.speaking("fr"):
        pass


@pytest.mark.parametrize(
    ("asked", "code"), [("vi", "vi"), ("vi_VN.UTF-8", "vi"), ("fr", "en"), ("", "en"), (None, "en")]
)
def test_python_speaks_what_nissl_lang_names_and_not_what_the_system_speaks(
    asked: str | None, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANG", "vi_VN.UTF-8")
    monkeypatch.delenv("NISSL_LANG", raising=False)
    if asked is not None:
        monkeypatch.setenv("NISSL_LANG", asked)
    monkeypatch.setattr(i18n, "_default", [])  # as when Python starts
    assert i18n.language() == code
