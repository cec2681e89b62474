"""Draw every picture of the documentation, each from what Nissl computes here and now.

Run it with ``make docs``. The scripts in ``drawings`` draw a part each; they need no data set that
has to be fetched.
"""

from __future__ import annotations

import runpy
from pathlib import Path

DOCS = Path(__file__).parent
FOLDER = DOCS / "pictures"


def main() -> None:
    """Draw every picture, and say where it lies."""
    FOLDER.mkdir(exist_ok=True)
    for script in sorted((DOCS / "drawings").glob("*.py")):
        for path in runpy.run_path(str(script))["draw"](FOLDER):
            print(path.relative_to(DOCS.parent), flush=True)


if __name__ == "__main__":
    main()
