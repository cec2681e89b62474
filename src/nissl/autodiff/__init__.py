"""Derivatives of any order, forward and reverse, over the same graph."""

from nissl.autodiff.check import check_grads
from nissl.autodiff.custom import custom_derivative
from nissl.autodiff.forward import jvp, linearize
from nissl.autodiff.higher import hessian, hvp, jacobian
from nissl.autodiff.reverse import grad, value_and_grad, vjp

__all__ = [
    "check_grads",
    "custom_derivative",
    "grad",
    "hessian",
    "hvp",
    "jacobian",
    "jvp",
    "linearize",
    "value_and_grad",
    "vjp",
]
