"""Derivatives of any order, forward and reverse, over the same graph."""

from nissl.autodiff import check, custom, forward, higher, reverse
from nissl.autodiff.check import *
from nissl.autodiff.custom import *
from nissl.autodiff.forward import *
from nissl.autodiff.higher import *
from nissl.autodiff.reverse import *

__all__ = []
__all__ += [*check.__all__, *custom.__all__, *forward.__all__, *higher.__all__, *reverse.__all__]
