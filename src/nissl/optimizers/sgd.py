"""Gradient descent, with momentum and with Nesterov's look ahead."""

from __future__ import annotations

from collections.abc import Mapping

from nissl.arguments import flag, number
from nissl.core.tensor import Tensor
from nissl.optimizers.base import RATE, Optimizer, registry
from nissl.settings import setting

__all__ = ["SGD"]


@registry.add()
class SGD(Optimizer):
    """Stochastic gradient descent.

    Plain: ``w <- w - eta g``. With momentum (Polyak 1964): ``m <- mu m - eta g``, ``w <- w + m``.
    Nesterov (Sutskever et al. 2013, eq. 3 and 4, shifted to the point looked ahead to):
    ``w <- w + mu m - eta g`` with the new ``m``.

    Args:
        learning_rate: eta.
        momentum: mu, from 0 to 1.
        nesterov: whether to look ahead.
        kwargs: see :class:`Optimizer`.

    >>> import nissl
    >>> w = nissl.Variable([1.0])
    >>> nissl.optimizers.SGD(0.1).apply([[2.0]], [w])
    >>> round(w.numpy().item(), 6)
    0.8
    """

    learning_rate: float = setting(RATE, default=0.01)
    momentum: float = setting(number, default=0.0, least=0, most=1, fixed=True)
    nesterov: bool = setting(flag, default=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.momentum:
            self.slot_names = ("momentum",)

    def step(
        self,
        weight: Tensor,
        gradient: Tensor,
        slots: Mapping[str, Tensor],
        rate: Tensor,
        t: Tensor,
    ) -> tuple[Tensor, Mapping[str, Tensor]]:
        move = rate * gradient
        if not self.momentum:
            return weight - move, {}
        m = slots["momentum"] * self.momentum - move
        ahead = m * self.momentum - move if self.nesterov else m
        return weight + ahead, {"momentum": m}
