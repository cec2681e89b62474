"""Tables from end to end: shown, trained on, and met again under other forms."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

Command = Any
NAMES = ["id", "survived", "class", "name", "sex", "age", "port"]


def passengers(count: int = 60) -> list[dict[str, Any]]:
    """Women survive; nothing else matters."""
    return [
        {
            "id": 2**24 + i,
            "survived": i % 2,
            "class": i % 3 + 1,
            "name": f"N. {i}",
            "sex": ["male", "female"][i % 2],
            "age": f"{20 + i % 40}.5",
            "port": "SCQ"[i * i % 3],
        }
        for i in range(count)
    ]


def write(path: Path, rows: list[dict[str, Any]], names: list[str], delimiter: str = ",") -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, names, delimiter=delimiter, extrasaction="ignore")
        table.writeheader()
        table.writerows(rows)
    return path


@pytest.fixture(scope="module")
def ship(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run on passengers, with the table beside it."""
    from nissl.cli import main

    folder = tmp_path_factory.mktemp("ship")
    path = write(folder / "ship.csv", passengers(), NAMES)
    options = ["--target", "survived", "--task", "classification", "--ignore", "id"]
    training = ["--hidden", "8", "--learning-rate", "0.05", "--epochs", "40"]
    assert main(["train", str(path), *options, *training, "--run", str(folder / "run")]) == 0
    return folder


def probabilities(outcome: Any) -> list[float]:
    assert outcome.code == 0, outcome.err
    found = json.loads(outcome.out)
    return [next(c["probability"] for c in each["classes"] if c["name"] == "1") for each in found]


def test_data_shows_the_columns(nissl: Command, ship: Path) -> None:
    outcome = nissl("data", ship / "ship.csv", "--target", "survived", "--ignore", "id")
    assert outcome.code == 0, outcome.err
    lines = {line.split()[0]: line for line in outcome.out.splitlines() if line.strip()}
    for name, said in (
        ("id", "ignored"),
        ("survived", "target: values"),
        ("class", "feature"),
        ("name", "left out"),
        ("sex", "2 features"),
        ("port", "features"),
    ):
        assert said in lines[name]
    assert "female, male" in lines["sex"]
    assert "task='classification'" in outcome.out  # 0 and 1: how to make classes of them


def test_data_shows_what_cannot_be_trained_on(nissl: Command, tmp_path: Path) -> None:
    path = tmp_path / "gaps.csv"
    path.write_text("a,b,y\n1,2,x\n,3,y\n4,x,x\n5,6,y\n")
    outcome = nissl("data", path)
    assert outcome.code == 1
    assert "mixed" in outcome.out
    assert "line 3, column 'a': the cell is empty (missing cells: a 1)" in outcome.err


def test_config_has_the_columns(ship: Path) -> None:
    saved = json.loads((ship / "run" / "config.json").read_text("utf-8"))["data"]["columns"]
    assert saved["target"]["name"] == "survived"
    assert [each["name"] for each in saved["used"]] == ["class", "sex", "age", "port"]
    assert saved["used"][1]["categories"] == ["female", "male"]


@pytest.mark.parametrize(
    ("names", "delimiter"),
    [
        (["class", "sex", "age", "port"], ","),
        (["port", "age", "extra", "sex", "class"], ";"),
        (NAMES, "\t"),
    ],
)
def test_predict_matches_columns_by_name(
    names: list[str], delimiter: str, nissl: Command, ship: Path, tmp_path: Path
) -> None:
    wanted = probabilities(nissl("predict", ship / "run", ship / "ship.csv", "--json"))
    rows = passengers()
    if delimiter == ";":
        rows = [{**row, "age": row["age"].replace(".", ",")} for row in rows]
    path = write(tmp_path / "n.csv", rows, names, delimiter)
    outcome = nissl("predict", ship / "run", path, "--json")
    assert probabilities(outcome) == pytest.approx(wanted, abs=1e-5)
    assert ("extra" in outcome.err) == ("extra" in names)


def test_tables_without_names_need_the_right_number(
    nissl: Command, ship: Path, tmp_path: Path
) -> None:
    wanted = probabilities(nissl("predict", ship / "run", ship / "ship.csv", "--json"))
    lines = (ship / "ship.csv").read_text("utf-8").splitlines()[1:]
    path = tmp_path / "n.csv"
    path.write_text("\n".join(lines))
    outcome = nissl("predict", ship / "run", path, "--json")
    assert probabilities(outcome) == pytest.approx(wanted, abs=1e-5)
    assert "by their numbers: 3, 5, 6, 7." in outcome.err
    path.write_text("\n".join(line.rpartition(",")[0] for line in lines))
    outcome = nissl("predict", ship / "run", path)
    assert outcome.code == 1
    assert "has 6 columns and no names that the model knows" in outcome.err


def test_what_is_missing_or_unknown_is_named(nissl: Command, ship: Path, tmp_path: Path) -> None:
    rows = passengers(3)
    path = write(tmp_path / "n.csv", rows, ["class", "sex", "age"])
    assert "trained with: port" in nissl("predict", ship / "run", path).err
    path = write(tmp_path / "n.csv", [*rows, {**rows[0], "sex": "femal"}], NAMES)
    for command in ("predict", "evaluate"):
        outcome = nissl(command, ship / "run", path)
        assert outcome.code == 1
        assert "line 5, column 'sex': 'femal' did not occur in training" in outcome.err


def test_evaluate_on_other_tables(nissl: Command, ship: Path, tmp_path: Path) -> None:
    path = write(tmp_path / "n.csv", passengers(1), ["port", "survived", "age", "sex", "class"])
    outcome = nissl("evaluate", ship / "run", path, "--json")
    assert outcome.code == 0, outcome.err
    assert json.loads(outcome.out)["samples"] == 1
    path = write(tmp_path / "n.csv", passengers(9), ["port", "age", "sex", "class"])
    assert "trained with: survived" in nissl("evaluate", ship / "run", path).err
    outcome = nissl("evaluate", ship / "run", ship / "ship.csv", "--part", "all", "--json")
    assert json.loads(outcome.out)["accuracy"] > 0.95
    assert nissl("evaluate", ship / "run").code == 0
    assert nissl("predict", ship / "run", "--sample", "0").code == 0


def test_evaluate_a_part_of_another_table(nissl: Command, ship: Path, tmp_path: Path) -> None:
    rows = [
        {"alive" if key == "survived" else key: row[key] for key in row} for row in passengers()
    ]
    path = write(tmp_path / "n.csv", rows, ["class", "sex", "age", "port", "alive"])
    options = ["--target", "alive", "--part", "test", "--test-fraction", "0.5", "--json"]
    outcome = nissl("evaluate", ship / "run", path, *options)
    assert outcome.code == 0, outcome.err
    assert json.loads(outcome.out)["samples"] == 30


@pytest.mark.parametrize("own", [True, False])
def test_options_without_meaning_are_refused(
    own: bool, nissl: Command, ship: Path, tmp_path: Path
) -> None:
    path = ship / "ship.csv" if own else write(tmp_path / "n.csv", passengers(), NAMES)
    outcome = nissl("evaluate", ship / "run", path, "--task", "regression")
    assert outcome.code == 2
    assert "--task has no meaning here" in outcome.err


def test_a_changed_table_of_the_run_is_noticed(nissl: Command, tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", passengers(20), ["sex", "age", "survived"])
    run = tmp_path / "run"
    assert nissl("train", path, "--hidden", "2", "--epochs", "1", "--run", run).code == 0
    write(path, [{**row, "sex": "other"} for row in passengers(20)], ["sex", "age", "survived"])
    for words in (["evaluate", run], ["predict", run, "--sample", "0"]):
        assert "'other' did not occur in training" in nissl(*words).err


def test_large_numbers_stay_apart_through_the_model(nissl: Command, tmp_path: Path) -> None:
    """Whether the number is odd decides, and float32 has no odd numbers there."""
    path = tmp_path / "t.csv"
    rows = "".join(f"{2**24 + i % 2},{'ab'[i % 2]}\n" for i in range(40))
    path.write_text(f"id,kind\n{rows}")
    training = ["--hidden", "4", "--learning-rate", "0.05", "--epochs", "60"]
    outcome = nissl("train", path, *training, "--run", tmp_path / "run")
    assert outcome.code == 0, outcome.err
    assert "100.00% (8 of 8 right)" in outcome.out


def test_encodings_and_headers_can_be_said(nissl: Command, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(
        "Größe;y\n".encode("cp1252") + b"".join(b"%d,5;%d\n" % (i, i) for i in range(9))
    )
    assert "--encoding cp1252" in nissl("data", path).err
    assert nissl("data", path, "--encoding", "cp1252").code == 0
    path.write_text("0,1\n" + "".join(f"{i},{i}\n" for i in range(9)))
    assert "Rows        10" in nissl("data", path).out
    assert "Rows        9" in nissl("data", path, "--header").out
    assert "target: values" in nissl("data", path, "--target", "#1").out


def test_in_vietnamese(nissl: Command, vietnamese: None, ship: Path) -> None:
    outcome = nissl("data", ship / "ship.csv", "--target", "survived", "--lang", "vi")
    for said in ("Cột", "không dùng", "nhãn: giá trị đo", "gồm các loại", "coi mỗi số là một lớp"):
        assert said in outcome.out
    assert "column" not in outcome.out
