"""``nissl convolve``: the lecture's convolution on photographs, one pixel's sum shown by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nissl.cli import showing
from nissl.explain.report import Explanation
from nissl.i18n import mark

Pictures = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="PICTURE",
        help=mark("Picture files; by default a photograph that needs no network."),
    ),
]
Kernels = Annotated[
    list[str] | None,
    typer.Option(
        "--kernel",
        metavar="KERNEL",
        help=mark(
            "vertical, horizontal, edges, sobel_vertical, sobel_horizontal, laplacian, sharpen, "
            'box, gaussian, emboss, identity, or numbers such as "-1,0,1;-1,0,1;-1,0,1"; may be '
            "repeated; vertical and horizontal by default."
        ),
    ),
]
At = Annotated[
    tuple[int, int] | None,
    typer.Option(
        "--at",
        metavar="ROW COLUMN",
        help=mark(
            "Place in the result, from 0 0, whose sum is shown by hand; by default where the "
            "first kernel's result is farthest from 0."
        ),
    ),
]
Side = Annotated[
    int | None,
    typer.Option(
        "--side",
        metavar="PIXELS",
        help=mark("Bring larger pictures to this many pixels along the longer side; 800."),
    ),
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    showing.register(
        app,
        "convolve",
        convolve,
        help=mark("Lay a kernel over photographs, and show the sum of one pixel by hand."),
        epilog=mark(
            "Examples:\n"
            "  nissl convolve -o edges.png\n"
            "  nissl convolve photo.png --kernel vertical --at 120 80\n"
            '  nissl convolve photo.png --kernel "-1,0,1;-2,0,2;-1,0,1" -o sobel.png'
        ),
    )


def convolve(
    pictures: Pictures = None,
    kernels: Kernels = None,
    at: At = None,
    side: Side = None,
) -> Explanation:
    """Convolve pictures."""
    from nissl import explain
    from nissl.explain.convolution.photographs import SIDE

    chosen = SIDE if side is None else side
    return explain.convolve(pictures or None, *(kernels or ()), at=at, side=chosen)
