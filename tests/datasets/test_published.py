"""The published data sets: what is declared, and the one that comes with the package."""

from __future__ import annotations

import numpy as np
import pytest

from nissl import datasets
from nissl.datasets.registry import DATA_SETS
from nissl.errors import ArgumentError, UnknownNameError


@pytest.mark.parametrize("name", datasets.names())
def test_declaration(name: str) -> None:
    data_set = datasets.info(name)
    assert data_set.name == name
    assert data_set.about
    assert data_set.licence
    assert data_set.citation
    assert data_set.sources
    assert len(data_set.files) == 4
    assert len({file.sha256 for file in data_set.files}) == 4
    assert all(len(bytes.fromhex(file.sha256)) == 32 for file in data_set.files)
    assert data_set.class_names == getattr(datasets, name).CLASS_NAMES


def test_digests_are_all_different() -> None:
    digests = [file.sha256 for each in DATA_SETS.values() for file in each.files]
    assert len(set(digests)) == len(digests)


def test_digits() -> None:
    (x, y), (x_test, y_test) = datasets.digits.load_data()
    assert (x.shape, y.shape, x_test.shape, y_test.shape) == (
        (1437, 8, 8),
        (1437,),
        (360, 8, 8),
        (360,),
    )
    assert {a.dtype for a in (x, y, x_test, y_test)} == {np.dtype(np.uint8)}
    counts = np.bincount(np.concatenate([y, y_test])).tolist()
    assert counts == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert x[0, 0].tolist() == [0, 0, 5, 13, 9, 1, 0, 0]
    assert x_test[-1, -1].tolist() == [0, 1, 8, 12, 14, 12, 1, 0]
    assert y_test[-1] == 8
    assert (int(x.sum()), int(x_test.sum())) == (449_372, 561_718 - 449_372)
    assert x.max() == 16


def test_digits_need_no_cache_and_no_network(isolated: object) -> None:
    data = datasets.load("digits")
    assert data.source.startswith("the package's own copy")
    assert data.task == "classification"
    assert data.class_names == tuple("0123456789")


def test_arrays_may_be_written_to() -> None:
    (x, _), _ = datasets.digits.load_data()
    x[0] = 0
    assert x[0].sum() == 0


def test_unknown_name_says_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'fashion_mnist'"):
        datasets.load("fashion-mnist")
    with pytest.raises(UnknownNameError, match="Known: digits, fashion_mnist, mnist"):
        datasets.info("cifar")


def test_option_without_meaning_is_refused() -> None:
    with pytest.raises(ArgumentError, match="seed has no meaning for digits; it takes no options"):
        datasets.load("digits", seed=1)
