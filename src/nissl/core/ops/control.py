"""Operations about the graph itself: passing a value on, with or without its derivative."""

from __future__ import annotations

from nissl.core.kinds import Constant, Linear
from nissl.core.op import Op, Sample, register

identity = register(
    Op(
        name="identity",
        infer=lambda x: x,
        compute=lambda xp, x: x,
        kind=Linear(lambda F, i, ct, x: ct),
        text="{0}",
        formula="{0}",
        flops=lambda x: 0,
        samples=(Sample(shapes=((2, 3),)),),
    )
)
stop_gradient = register(
    Op(
        name="stop_gradient",
        infer=lambda x: x,
        compute=lambda xp, x: x,
        kind=Constant(),
        formula="{0}",
        flops=lambda x: 0,
        samples=(Sample(shapes=((2, 3),)),),
    )
)
