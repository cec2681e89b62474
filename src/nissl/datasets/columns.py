"""How the columns of a table become the features of samples, the same way each time."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from nissl.errors import FileFormatError

__all__ = ["Column", "Columns"]


@dataclass(frozen=True)
class Column:
    """A column that is used.

    Attributes:
        name: its name, or its number as a text where the table has no names.
        position: its number, from 1.
        kind: ``"number"``; or ``"category"``, which becomes a feature of 0 and 1 for each category,
            and as a target a class number.
        categories: the categories, in order.
        decimal: the decimal mark of numbers.
        unit: what stands beside each number, such as ``"%"``.
    """

    name: str
    position: int
    kind: Literal["number", "category"]
    categories: tuple[str, ...] = ()
    decimal: str = "."
    unit: str = ""

    @property
    def features(self) -> tuple[str, ...]:
        """The names of the features that it becomes."""
        if self.kind == "number":
            return (self.name,)
        return tuple(f"{self.name}={each}" for each in self.categories)


@dataclass(frozen=True)
class Columns:
    """The columns of a table that samples are made of, and its target.

    Attributes:
        header: whether the table has names.
        width: how many columns it has, those that are left out among them.
        target: the column of the targets.
        used: the columns of the features, in order.
        dtype: of the samples; float64 where float32 would make different numbers the same.
    """

    header: bool
    width: int
    target: Column
    used: tuple[Column, ...]
    dtype: str = "float32"

    @property
    def features(self) -> tuple[str, ...]:
        """The name of each feature of a sample."""
        return tuple(name for each in self.used for name in each.features)

    def as_dict(self) -> dict[str, Any]:
        """The columns as JSON has them."""
        return asdict(self)

    @classmethod
    def from_dict(cls, saved: Any, path: object) -> Columns:
        """Read back what ``as_dict`` gives.

        Raises:
            FileFormatError: it is something else.
        """
        try:
            target, *used = (
                Column(
                    str(each["name"]),
                    int(each["position"]),
                    "category" if each["kind"] == "category" else "number",
                    tuple(str(name) for name in each["categories"]),
                    "," if each["decimal"] == "," else ".",
                    str(each["unit"]),
                )
                for each in (saved["target"], *saved["used"])
            )
            dtype = "float64" if saved["dtype"] == "float64" else "float32"
            return cls(bool(saved["header"]), int(saved["width"]), target, tuple(used), dtype)
        except (KeyError, TypeError, ValueError) as error:
            raise FileFormatError(
                f"{path}: what it says of the columns of its table is damaged: {error!r}."
            ) from error
