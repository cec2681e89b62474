"""Draw every picture of the documentation, each from what Nissl computes here and now.

Run it with ``make docs``. The scripts in ``drawings`` draw a part each; they need no data set that
has to be fetched.
"""

from __future__ import annotations

import runpy
from pathlib import Path

from PIL import Image

from nissl import plots
from nissl.files import writing

DOCS = Path(__file__).parent
FOLDER = DOCS / "pictures"
COLOURS = 64  # of a picture made small; few are used
DPI = 80  # pixels an inch


def make_small(path: Path) -> None:
    """Write a PNG again with a palette, which takes a third of the room."""
    with Image.open(path) as picture:
        if picture.mode == "P":
            return  # it has one that its script chose
        drawn = picture.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    with writing(path) as beside:
        drawn.save(beside, optimize=True)


def main() -> None:
    """Draw every picture, and say where it lies."""
    FOLDER.mkdir(exist_ok=True)
    plots.DPI = DPI
    for script in sorted((DOCS / "drawings").glob("*.py")):
        for path in runpy.run_path(str(script))["draw"](FOLDER):
            if path.suffix == ".png":
                make_small(path)
            print(path.relative_to(DOCS.parent), flush=True)


if __name__ == "__main__":
    main()
