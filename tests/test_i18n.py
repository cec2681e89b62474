"""The catalogue is complete, current and well formed, and the right language is chosen."""

from __future__ import annotations

import ast
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
from nissl.cli.messages import templates
from nissl.errors import UnknownNameError

SOURCE = Path(nissl.__file__).parent
CATALOGUES = sorted(i18n.LOCALE.glob("*/LC_MESSAGES/nissl.po"))


#: functions whose second argument is help, shown in the language in use
HELP = {"option": (2,), "argument": (2,), "Command": (2,)}


def used() -> set[str]:
    """Every text that the code hands to be translated."""
    found = extract_from_dir(
        str(SOURCE),
        method_map=[("**.py", "python")],
        keywords={"_": None, "mark": None, "translate": None, **HELP},
    )
    return {message for _file, _line, message, *_rest in found if isinstance(message, str)} - {""}


def written() -> str:
    """The texts in the source, those of errors among them, each field as ``{}``."""
    found: list[str] = []
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.JoinedStr):
                parts = [p.value if isinstance(p, ast.Constant) else "{}" for p in node.values]
                found.append("".join(map(str, parts)))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.append(re.sub(r"\{[^{}]*\}", "{}", node.value))
    return "\n".join(found)


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
    assert check(texts | set(templates(path)), catalogue(path)) == []


#: messages of Typer's own
TYPERS = (
    *("Missing command.", "Missing argument ", "Missing option ", "No such command "),
    *("Option {name} ", "Got unexpected ", "Invalid value for ", "{value} is not a valid "),
)


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.parent.parent.name)
def test_no_text_stands_twice(path: Path) -> None:
    """Of two entries the last would be shown, and the first be a trap for who mends it."""
    entries = [each for each in path.read_text("utf-8").split("\n\n") if "msgid " in each]
    texts = [re.sub(r'"\s*"', "", each.split("msgid ")[1].split("msgstr ")[0]) for each in entries]
    assert sorted({text for text in texts if texts.count(text) > 1}) == []


def stale_pieces(template: str, source: str) -> list[str]:
    """The pieces between fields and marks that stand nowhere, not even without their last word."""
    pieces = [each.strip() for each in re.split(r"\{\w+\}|[^\w /*+-]", template)]
    return [
        piece
        for piece in pieces
        if len(piece) > 8 and piece not in source and piece.rpartition(" ")[0] not in source
    ]


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.parent.parent.name)
def test_what_is_marked_as_raised_is_said_somewhere(path: Path) -> None:
    source, known = written(), templates(path)
    assert len(known) > 200
    own = [template for template in known if not template.startswith(TYPERS)]
    assert {each: stale_pieces(each, source) for each in own if stale_pieces(each, source)} == {}
    assert stale_pieces("{who}: this is said nowhere at all", source)


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


def test_thousands_are_parted_as_each_language_does() -> None:
    assert i18n.grouped(1797) == "1,797"
    assert i18n.grouped(12345.678, ".1f") == "12,345.7"
    with i18n.speaking("vi"):
        assert i18n.grouped(1797) == "1\u202f797"
        assert i18n.grouped(12345.678, ".1f") == "12\u202f345.7"


def test_readers_see_thousands_only_as_their_language_parts_them() -> None:
    """A comma in a format is right in a message in English, and nowhere else."""
    wrong = [
        f"{path.relative_to(SOURCE)}: {ast.unparse(node)}"
        for folder in ("explain", "cli")
        for path in sorted((SOURCE / folder).rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.JoinedStr) and len(node.values) <= 2
        for part in node.values
        if isinstance(part, ast.FormattedValue) and part.format_spec is not None
        if "," in ast.unparse(part.format_spec)
    ]
    assert wrong == []


# ---- one word for one thing ------------------------------------------------------------------
#: what it is called in English, in Vietnamese, and what it is not called there
GLOSSARY: tuple[tuple[str, str, str], ...] = (
    ("layers?", "tầng", "lớp"),
    ("class(es)?", "lớp|nhãn", "hạng"),
    ("classification", "phân lớp", "phân loại"),
    ("true class|truth", "nhãn thật", "sự thật|lớp thật"),
    ("targets?", "nhãn", "đích|mục tiêu"),
    ("forward propagation", "lan truyền tiến", "truyền thẳng"),
    ("backward propagation|backpropagation", "lan truyền ngược", "truyền lùi"),
    ("forward mode", "chế độ tiến", "lan truyền tiến"),
    ("reverse mode", "chế độ ngược", "chế độ lùi"),
    ("adjoints?", "đạo hàm ngược", "liên hợp"),
    ("tangents?", "đạo hàm tiến", "tiếp tuyến"),
    ("derivatives?", "đạo hàm", "vi phân của"),
    ("gradients?", "gradient", "độ dốc|građiên"),
    ("kinks?", "điểm gãy", "điểm nhọn"),
    ("vanish(ing)?", "biến mất", "triệt tiêu|tiêu biến"),
    ("explod(e|ing)", "bùng nổ", "phát nổ"),
    ("activations?", "kích hoạt|đầu ra", "hoạt hóa"),
    ("hidden units?", "neuron ẩn", "nút ẩn|đơn vị ẩn"),
    ("weights?", "trọng số", "hệ số trọng"),
    ("bias(es)?", "bias", "độ lệch|thiên kiến"),
    ("loss", "mất mát", "tổn thất|hàm lỗi"),
    ("learning rates?", "tốc độ học", "tỉ lệ học|hệ số học"),
    ("optimizers?", "thuật toán", "bộ tối ưu"),
    ("momentum", "động lượng", "quán tính"),
    ("initializers?", "khởi tạo", "khởi động"),
    ("samples?", "mẫu", "thí dụ"),
    ("seeds?", "hạt giống", "mầm"),
    ("validation", "kiểm định", "xác thực"),
    ("shapes?", "kích thước", "hình dạng|dạng"),
    ("kernels?", "bộ lọc", "hạt nhân|mặt nạ"),
    ("regression", "hồi quy", "hồi qui"),
    ("fully connected", "liên kết đầy đủ", "kết nối đầy đủ"),
    ("linearly separable", "phân tách tuyến tính", "khả tách"),
    ("not finite", "hữu hạn", "vô tận"),
    ("infinit(e|y)", "vô hạn", "vô cùng|vô tận"),
)
NOWHERE = r"\b(tuỳ|hoá|hoà|xoá|khoá)\b"  # written tùy, hóa, hòa, xóa, khóa
NAMES = re.compile(
    r"\{\w*\}|--[\w-]+( [a-z]+)*|'[^']*'|\b\w+=\S+|\w+(,\w+)+|\n  nissl .*|\b\w+[_.]\w+"
)


def wrong_words(english: str, vietnamese: str) -> list[str]:
    """The terms of the glossary that a translation lacks, or has under another name."""
    said, told = NAMES.sub("", english).lower(), NAMES.sub("", vietnamese).lower()
    wrong = re.findall(NOWHERE, told)
    for term, wanted, others in GLOSSARY:
        if re.search(rf"\b({term})\b", said) and (
            not re.search(wanted, told) or re.search(rf"\b({others})\b", told)
        ):
            wrong.append(term)
    return wrong


def test_one_word_for_one_thing() -> None:
    entries = [entry for entry in catalogue(i18n.catalogue_path("vi")) if entry.id]
    wrong = {str(e.id): wrong_words(str(e.id), str(e.string)) for e in entries}
    assert {text: terms for text, terms in wrong.items() if terms} == {}


def test_the_glossary_catches_planted_words() -> None:
    assert wrong_words("Hidden layers of {class}", "Các lớp ẩn") == ["layers?"]
    assert wrong_words("vanishing gradients", "gradient triệt tiêu") == ["vanish(ing)?"]
    assert wrong_words("exploding", "bùng nổ, xoá đi") == ["xoá"]
    assert wrong_words("true class", "nhãn thật") == []
