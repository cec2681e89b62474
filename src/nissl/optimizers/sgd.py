"""Gradient descent, with momentum and with Nesterov's look ahead."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nissl.arguments import flag, number
from nissl.core.tensor import Tensor
from nissl.optimizers.base import Optimizer, registry

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

    def __init__(
        self,
        learning_rate: float = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        who = type(self).__name__
        self.momentum = number(who, "momentum", momentum, least=0, most=1)
        self.nesterov = flag(who, "nesterov", nesterov)
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

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "momentum": self.momentum, "nesterov": self.nesterov}
