"""``nissl convolve``: what it prints, writes and refuses."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """Bright on the left, dark on the right."""
    path = tmp_path / "photo.png"
    Image.fromarray(np.repeat([[200, 200, 50, 50, 50]], 4, axis=0).astype(np.uint8)).save(path)
    return path


def test_the_sample(nissl) -> None:
    outcome = nissl("convolve", "--side", "100")
    assert outcome.code == 0
    assert "Grace Hopper" in outcome.out
    assert "public domain" in outcome.out
    assert "Kernel vertical" in outcome.out
    assert "Kernel horizontal" in outcome.out


def test_one_pixel_by_hand(nissl, photo: Path) -> None:
    outcome = nissl("convolve", photo, "--kernel", "vertical", "--at", "1", "0")
    assert outcome.code == 0
    assert outcome.out.count("200·(-1) = -200   200·0 = 0   50·1 = 50      -150") == 3
    assert "C(1, 0) = -150 + (-150) + (-150) = -450" in outcome.out


def test_own_kernel_into_a_picture(nissl, photo: Path, tmp_path: Path) -> None:
    path = tmp_path / "out.png"
    outcome = nissl("convolve", photo, photo, "--kernel", "-1,1", "--kernel", "box", "-o", path)
    assert outcome.code == 0
    assert outcome.out.count("200·(-1) = -200   50·1 = 50      -150") == 2
    assert outcome.out.count("C(0, 1) = -150\n") == 2
    with Image.open(path) as made:
        assert made.width > 500


def test_vietnamese(nissl, vietnamese: None, photo: Path) -> None:
    outcome = nissl("convolve", photo, "--lang", "vi")
    assert "Tính tay một phép tích chập" in outcome.out
    assert "cạnh dọc: cột phải trừ cột trái" in outcome.out
    outcome = nissl("convolve", photo, "--kernel", "1,a", "--lang", "vi")
    assert "bộ lọc, hàng 0, cột 1: 'a' không phải là số" in outcome.err


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--kernel", "vertikal"], 2, "did you mean 'vertical'"),
        (["--kernel", "1,2;3"], 1, "row 1: 1 numbers, where row 0 has 2"),
        (["--kernel", "1;1;1;1;1"], 1, "5 x 1 numbers, and the picture 4 x 5 pixels only"),
        (["--at", "2", "0"], 2, "rows are 0 to 1 and columns 0 to 2"),
        (["--at", "-1", "0"], 2, "(-1, 0) lies outside"),
        (["--at", "1"], 2, "requires 2 arguments"),
        (["--side", "1"], 2, "8 to 4096 pixels, not 1"),
        (["-o", "a.jpg"], 2, "the ending must be one of"),
        (["nowhere.png"], 1, "nowhere.png: there is no such file"),
    ],
)
def test_wrong_use(
    nissl, photo: Path, arguments: list[str], code: int, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(photo.parent)
    outcome = nissl("convolve", photo, *arguments)
    assert outcome.code == code
    assert said in outcome.err
    assert "Traceback" not in outcome.err
    assert [each.name for each in photo.parent.iterdir()] == ["photo.png"]
