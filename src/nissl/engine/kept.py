"""A table of what was made for a key, that forgets what was not used for longest."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from typing import Any, Generic, TypeVar

Value = TypeVar("Value")


class Kept(Generic[Value]):
    """The last ``most`` things that were found or kept, by key; several threads may use it.

    >>> kept = Kept[int](2)
    >>> kept.keep("a", 1), kept.keep("b", 2), kept.find("a"), kept.keep("c", 3)
    (1, 2, 1, 3)
    >>> kept.find("a"), kept.find("b")
    (1, None)
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self._values: dict[Hashable, Value] = {}
        self._lock = threading.Lock()

    def __reduce__(self) -> Any:
        """Make a copy empty: what is compiled is made anew where it is needed."""
        return Kept, (self.most,)

    def find(self, key: Hashable) -> Value | None:
        """Return what is kept for a key, if anything is."""
        with self._lock:
            value = self._values.pop(key, None)
            if value is not None:
                self._values[key] = value  # at the end: used last
            return value

    def keep(self, key: Hashable, value: Value) -> Value:
        """Keep a value, and return it; or the one that another thread has kept meanwhile."""
        with self._lock:
            value = self._values.setdefault(key, value)
            while len(self._values) > self.most:
                del self._values[next(iter(self._values))]
            return value

    def get(self, key: Hashable, make: Callable[[], Value]) -> Value:
        """Return what is kept for a key; what ``make`` makes, if there is nothing yet."""
        found = self.find(key)
        return self.keep(key, make()) if found is None else found

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._values.clear()

    def values(self) -> list[Value]:
        """Return all that is kept, what was used last at the end."""
        with self._lock:
            return list(self._values.values())

    def __len__(self) -> int:
        return len(self._values)
