"""What users call: functions with Array API names, composed of the primitive ops."""

import sys

from nissl.core import guests
from nissl.core.functions import (
    arithmetic,
    convert,
    creation,
    indexing,
    linear_algebra,
    logic,
    manipulation,
    neural,
    norms,
    reduce,
    sets,
    signs,
)  # fmt: skip
from nissl.core.functions.arithmetic import *
from nissl.core.functions.convert import *
from nissl.core.functions.creation import *
from nissl.core.functions.indexing import *
from nissl.core.functions.linear_algebra import *
from nissl.core.functions.logic import *
from nissl.core.functions.manipulation import *
from nissl.core.functions.neural import *
from nissl.core.functions.norms import *
from nissl.core.functions.reduce import *
from nissl.core.functions.sets import *
from nissl.core.functions.signs import *
from nissl.core.tensor import install_functions

__all__ = []
__all__ += [
    *arithmetic.__all__, *convert.__all__, *creation.__all__, *indexing.__all__,
    *linear_algebra.__all__, *logic.__all__, *manipulation.__all__, *neural.__all__, *norms.__all__,
    *reduce.__all__, *sets.__all__, *signs.__all__,
]  # fmt: skip

install_functions(sys.modules[__name__], guests)
