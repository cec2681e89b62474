"""``nissl neuron``, ``nissl network``, and weights from files in the lecture's order."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from nissl.cli import weights

#: of the lecture's 1-3-1 network, as its tables have them
FIRST = [[0.40375996, -0.77810127], [4.596628, -1.4763303], [-0.6489421, 1.2871214]]
SECOND = [[-0.3201559, 1.2153453, 0.8098653, 1.520071]]


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """The lecture's weights as CSV."""
    path = tmp_path / "book.csv"
    layers = ["\n".join(",".join(map(str, row)) for row in layer) for layer in (FIRST, SECOND)]
    path.write_text("# the lecture's network\n" + "\n\n".join(layers) + "  # one output\n")
    return path


def test_a_neuron(nissl, tmp_path: Path) -> None:
    said = nissl("neuron", "--weights", "-1,2", "--bias", "-1.5", "--inputs", "1,pi/2",
                 "--activation", "relu", "-o", tmp_path / "n.svg")  # fmt: skip
    assert said.code == 0, said.err
    assert "A neuron with 2 inputs" in said.out
    assert "= 0.641593" in said.out  # pi - 2.5
    assert (tmp_path / "n.svg").exists()


def test_a_neuron_is_a_gate_by_default(nissl) -> None:
    for inputs, output in (("0,0", 0), ("1,0", 0), ("1,1", 1)):
        assert f"= {output}" in nissl("neuron", "--inputs", inputs).out.split("z = h(a)")[1]


def test_a_neuron_from_a_file(nissl, tmp_path: Path) -> None:
    path = tmp_path / "w.json"
    path.write_text("[[[0.5, 1, -2]]]")
    assert "= -0.5" in nissl("neuron", "--weights", path, "--activation", "linear").out
    assert "leave out --bias" in nissl("neuron", "--weights", path, "--bias", "1").err
    said = nissl("neuron", "--weights", "1,2", "--inputs", "1")
    assert said.code == 1
    assert "as many weights as inputs" in said.err


def test_a_network_by_its_sizes(nissl, tmp_path: Path) -> None:
    said = nissl("network", "2,4,3", "-o", tmp_path / "f.svg")
    assert said.code == 0, said.err
    assert "27 = 20 (weights) + 7 (biases)" in said.out
    assert "2-4-3" in said.out
    assert (tmp_path / "f.svg").read_text("utf-8").startswith("<?xml")
    assert "266,610 = 266,200 (weights) + 410 (biases)" in nissl("network", "784,300,100,10").out


def test_a_network_with_weights(nissl, book: Path) -> None:
    said = nissl("network", "1,3,1", "--weights", book, "--json")
    assert said.code == 0, said.err
    found = {each["name"]: each["value"] for each in json.loads(said.out)["numbers"]}
    assert found["w_20^(1)"] == 4.596628
    assert found["w_21^(1)"] == -1.4763303
    assert found["w_13^(2)"] == 1.520071
    assert found["parameters^(1)"] == 6
    assert found["parameters^(2)"] == 4


@pytest.mark.parametrize("kind", ["csv", "json", "npz", "semicolons"])
def test_backprop_with_the_lectures_weights(nissl, book: Path, tmp_path: Path, kind: str) -> None:
    """The same numbers as of the network that is shown without any option."""
    path = book
    if kind == "json":
        path = tmp_path / "w.json"
        path.write_text(json.dumps({"W1": FIRST, "W2": SECOND}))
    elif kind == "npz":
        path = tmp_path / "w.npz"
        np.savez(path, W2=SECOND, W1=FIRST)
    elif kind == "semicolons":
        path = tmp_path / "w.csv"
        path.write_text(book.read_text().replace(",", ";").replace(".", ",").replace("-", "−"),
                        "utf-8")  # fmt: skip
    key = tmp_path / "key.csv"
    assert nissl("backprop", "-o", key).code == 0
    assert nissl("backprop", "--weights", path, "-o", tmp_path / "own.csv").code == 0
    said = nissl("check", key, tmp_path / "own.csv")
    assert "50 of 50 numbers are right" in said.out


def test_approximate_shows_given_networks(nissl, book: Path, tmp_path: Path) -> None:
    said = nissl("approximate", "sin(x)", "--weights", book, "--range", "0", "6")
    assert said.code == 0, said.err
    assert "A 1-3-1 network of tanh units approximates sin(x) on [0, 6]" in said.out
    assert "train a new network" in nissl(
        "approximate", "x", "--weights", book, "--hidden", "3", "--seed", "1"
    ).err  # fmt: skip


def test_approximate_shows_a_run(nissl, sine_run: Path) -> None:
    said = nissl("approximate", "1000 + 300*sin(x)", "--model", sine_run)
    assert said.code == 0, said.err
    assert "on [0, 6]" in said.out
    wrong = nissl("approximate", "x", "--model", sine_run, "--weights", "a.csv")
    assert wrong.code == 1


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("w.csv", "1,2,3\n1,2,3\n\n1,2\n", "the biases w_j0 may be missing"),
        ("w.csv", "1,2,3\n1,2,3\n\n1\n2\n3\n", "layer 2 is no table"),
        ("w.json", "[[[1,2],[3,4],[5,6]],[[1,2],[3,4],[5,6],[7,8]]]", "columns are units"),
        ("w.json", "[[[1,2],[3,4],[5,6]],[[1,2],[3,4],[5,6]]]", "turned and without biases"),
        ("w.csv", "1,2\n1\n", "layer 1 is no table"),
        ("w.csv", "1,x\n", "line 1: could not convert string to float: 'x'"),
        ("w.csv", "# nothing", "there are no layers in it"),
        ("w.json", "{", "Expecting property name"),
        ("w.json", "[[[1,NaN]]]", "layer 1 has a NaN"),
        ("w.txt", "1,2", "weights are read from .csv .json .npz files"),
        ("w.csv", "1,2\n", "has the weights of a 1-1 network, and a 2-2-1 network is wanted"),
        ("w.csv", "1,2\n3,4\n5,6\n", "turn it, rows are units here"),
    ],
)
def test_weights_that_do_not_fit(
    nissl, vietnamese: None, tmp_path: Path, name: str, text: str, said: str
) -> None:
    path = tmp_path / name
    path.write_text(text)
    outcome = nissl("network", "2,2,1", "--weights", path)
    assert outcome.code == 1
    assert said in outcome.err
    assert "lecture's order" in outcome.err or name == "w.txt"
    told = nissl("network", "2,2,1", "--weights", path, "--lang", "vi").err
    assert "wanted" not in told
    assert "lecture" not in told


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["network", "3"], "a network has inputs and 1 to 29 layers"),
        (["network", "2,0,1"], "SIZES takes whole numbers above 0"),
        (["network", "2,x"], "number 2 of '2,x' is 'x'"),
        (["network"], "Missing argument 'SIZES'"),
        (["neuron", "--activation", "softmax"], "softmax needs a whole layer"),
        (["neuron", "--weights", "a"], "--weights takes numbers with commas"),
        (["neuron", "--bias", "a"], "--bias takes a number, such as -1.5 or pi/2, not 'a'"),
    ],
)
def test_wrong_use(nissl, arguments: list[str], said: str) -> None:
    outcome = nissl(*arguments)
    assert outcome.code == 2
    assert said in outcome.err
    assert outcome.err.endswith(f"nissl {arguments[0]} --help\n")


def test_rows_are_units_and_columns_inputs(book: Path) -> None:
    found = weights.read(str(book))
    assert found.sizes == [1, 3, 1]
    model = found.model("tanh")
    x = np.linspace(0, 6, 7)[:, None]
    hidden = np.tanh(np.array(FIRST)[:, 0] + x * np.array(FIRST)[:, 1])
    expected = SECOND[0][0] + hidden @ np.array(SECOND[0][1:])
    np.testing.assert_allclose(model.predict(x, verbose=0)[:, 0], expected, rtol=1e-12)
