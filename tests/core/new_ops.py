"""Ops of the kinds that come next, stated through the ``Op`` record alone; none is registered.

Convolution with its two gradients (bilinear, with an engine's own lowering), a fused LSTM cell
(several outputs, both rules given), ``scan`` (a body program) and a window sum whose own lowering
serves one shape only.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np

from nissl.autodiff import jvp, vjp
from nissl.core import functions as F
from nissl.core.kinds import Bilinear, General, Linear
from nissl.core.op import Op, apply
from nissl.core.program import Program, inline, trace
from nissl.core.tensor import Aval, Tensor
from nissl.errors import ShapeError

Array = Any
Pair = tuple[int, int]

# ---- convolution: <conv(x, k), y> is linear in x, k and y, so each op transposes into the others


def _conv_infer(x: Aval, k: Aval, stride: int) -> Aval:
    """``x``: (batch, height, width, channels); ``k``: (rows, columns, channels, filters)."""
    if x.ndim != 4 or k.ndim != 4 or x.shape[3] != k.shape[2]:
        raise ShapeError(f"conv: shapes {x.shape} and {k.shape} do not fit")
    sides = [(n - m) // stride + 1 for n, m in zip(x.shape[1:3], k.shape[:2], strict=True)]
    return Aval((x.shape[0], *sides, k.shape[3]), x.dtype)


def _window(i: int, count: int, stride: int) -> slice:
    return slice(i, i + (count - 1) * stride + 1, stride)


def _taps(rows: int, columns: int) -> list[Pair]:
    return [(i, j) for i in range(rows) for j in range(columns)]


def _conv(xp: Any, x: Array, k: Array, stride: int) -> Array:
    _, high, wide, _ = _conv_infer(Aval(x.shape), Aval(k.shape), stride).shape
    return sum(
        x[:, _window(i, high, stride), _window(j, wide, stride)] @ k[i, j]
        for i, j in _taps(*k.shape[:2])
    )


def _input_gradient(xp: Any, y: Array, k: Array, stride: int, size: Pair) -> Array:
    out = np.zeros((y.shape[0], *size, k.shape[2]), y.dtype)
    for i, j in _taps(*k.shape[:2]):
        place = (slice(None), _window(i, y.shape[1], stride), _window(j, y.shape[2], stride))
        out[place] += y @ k[i, j].T
    return out


def _kernel_gradient(xp: Any, x: Array, y: Array, stride: int, size: Pair) -> Array:
    out = np.zeros((*size, x.shape[3], y.shape[3]), y.dtype)
    flat = y.reshape(-1, y.shape[3])
    for i, j in _taps(*size):
        cut = x[:, _window(i, y.shape[1], stride), _window(j, y.shape[2], stride)]
        out[i, j] = cut.reshape(-1, x.shape[3]).T @ flat
    return out


LAYOUT = ("NHWC", "HWIO", "NHWC")


def _conv_xla(x: Array, k: Array, stride: int) -> Array:
    from jax import lax

    return lax.conv_general_dilated(x, k, (stride, stride), "VALID", dimension_numbers=LAYOUT)


def _input_gradient_xla(y: Array, k: Array, stride: int, size: Pair) -> Array:
    from jax import lax

    flipped = k[::-1, ::-1].transpose(0, 1, 3, 2)
    padding = [
        (m - 1, n - 1 - (count - 1) * stride)
        for n, m, count in zip(size, k.shape[:2], y.shape[1:3], strict=True)
    ]
    return lax.conv_general_dilated(
        y, flipped, (1, 1), padding, lhs_dilation=(stride, stride), dimension_numbers=LAYOUT
    )


def _kernel_gradient_xla(x: Array, y: Array, stride: int, size: Pair) -> Array:
    import jax.numpy as jnp

    flat = y.reshape(-1, y.shape[3])  # one product a tap
    taps = [
        x[:, _window(i, y.shape[1], stride), _window(j, y.shape[2], stride)]
        .reshape(-1, x.shape[3])
        .T
        @ flat
        for i, j in _taps(*size)
    ]
    return jnp.stack(taps).reshape(*size, x.shape[3], y.shape[3])


conv = Op(
    name="conv",
    infer=_conv_infer,
    compute=_conv,
    lowerings={"xla": _conv_xla},
    kind=Bilinear(
        lambda F, ct, x, k, stride: conv_input(ct, k, stride=stride, size=x.shape[1:3]),
        lambda F, ct, x, k, stride: conv_kernel(x, ct, stride=stride, size=k.shape[:2]),
    ),
    text="{0} conv {1}",
    formula=r"{0} \star {1}",
    flops=lambda x, k, stride: 2 * _conv_infer(x, k, stride).size * k.size // k.shape[3],
)
conv_input = Op(
    name="conv_input",
    infer=lambda y, k, stride, size: Aval((y.shape[0], *size, k.shape[2]), y.dtype),
    compute=_input_gradient,
    lowerings={"xla": _input_gradient_xla},
    kind=Bilinear(
        lambda F, ct, y, k, stride, size: conv(ct, k, stride=stride),
        lambda F, ct, y, k, stride, size: conv_kernel(ct, y, stride=stride, size=k.shape[:2]),
    ),
)
conv_kernel = Op(
    name="conv_kernel",
    infer=lambda x, y, stride, size: Aval((*size, x.shape[3], y.shape[3]), y.dtype),
    compute=_kernel_gradient,
    lowerings={"xla": _kernel_gradient_xla},
    kind=Bilinear(
        lambda F, ct, x, y, stride, size: conv_input(y, ct, stride=stride, size=x.shape[1:3]),
        lambda F, ct, x, y, stride, size: conv(x, ct, stride=stride),
    ),
)

# ---- a fused LSTM cell: pre-activations (batch, 4 units) and the cell's state give two outputs


def _cell_infer(a: Aval, state: Aval) -> tuple[Aval, Aval]:
    if a.shape != (state.shape[0], 4 * state.shape[1]):
        raise ShapeError(f"lstm_cell: shapes {a.shape} and {state.shape} do not fit")
    return state, state


def _cell(xp: Any, a: Array, state: Array) -> tuple[Array, Array]:
    i, f, g, o = xp.split(a, 4, axis=1)
    i, f, o = (1 / (1 + xp.exp(-each)) for each in (i, f, o))
    new = f * state + i * xp.tanh(g)
    return o * xp.tanh(new), new


def _quarters(a: Tensor) -> list[Tensor]:
    units = a.shape[1] // 4
    return [a[:, k * units : (k + 1) * units] for k in range(4)]


def _gates(a: Tensor) -> tuple[Tensor, ...]:
    i, f, g, o = _quarters(a)
    return F.sigmoid(i), F.sigmoid(f), F.tanh(g), F.sigmoid(o)


def _or_zeros(tangent: Tensor | None, like: Tensor) -> Tensor:
    return F.zeros_like(like) if tangent is None else tangent


def _cell_forward(F: Any, inputs: Any, outputs: Any, tangents: Any) -> Any:
    (a, state), (_, new) = inputs, outputs
    i, f, g, o = _gates(a)
    di, df, dg, do = _quarters(_or_zeros(tangents[0], a))
    d_state = _or_zeros(tangents[1], state)
    d_new = f * d_state + state * f * (1 - f) * df + g * i * (1 - i) * di + i * (1 - g * g) * dg
    t = F.tanh(new)
    return t * o * (1 - o) * do + o * (1 - t * t) * d_new, d_new


def _cell_reverse(F: Any, inputs: Any, outputs: Any, cotangents: Any) -> Any:
    (a, state), (h, new) = inputs, outputs
    i, f, g, o = _gates(a)
    ct_h, ct_new = _or_zeros(cotangents[0], h), _or_zeros(cotangents[1], new)
    t = F.tanh(new)
    total = ct_new + ct_h * o * (1 - t * t)
    pulled = [
        total * g * i * (1 - i),
        total * state * f * (1 - f),
        total * i * (1 - g * g),
        ct_h * t * o * (1 - o),
    ]
    return F.concat(pulled, axis=1), total * f


lstm_cell = Op(
    name="lstm_cell",
    infer=_cell_infer,
    compute=_cell,
    kind=General(_cell_forward, _cell_reverse),
    flops=lambda a, state: 10 * a.size,
)

# ---- scan: a body program (carries, slices, constants) -> (carries, results), run along axis 0


def _scan_infer(*avals: Aval, body: Program, carries: int, slices: int) -> tuple[Aval, ...]:
    length = avals[carries].shape[0]
    given = [
        Aval(a.shape[1:], a.dtype) if carries <= i < carries + slices else a
        for i, a in enumerate(avals)
    ]
    if tuple(given) != body.in_avals or body.out_avals[:carries] != body.in_avals[:carries]:
        raise ShapeError(f"scan: {body.name} takes {body.in_avals}, not {tuple(given)}")
    stacked = (Aval((length, *a.shape), a.dtype) for a in body.out_avals[carries:])
    return (*body.out_avals[:carries], *stacked)


def _scan(xp: Any, *values: Array, body: Program, carries: int, slices: int) -> Any:
    state, rest = list(values[:carries]), values[carries + slices :]
    along = values[carries : carries + slices]
    results: list[list[Array]] = []
    for rows in zip(*along, strict=True):
        out = body.run("numpy", np, [*state, *rows, *rest])
        state = out[:carries]
        results.append(out[carries:])
    stacked = [np.stack(column) for column in zip(*results, strict=True)]
    return (*(np.asarray(each) for each in state), *stacked)


def _scan_xla(*values: Array, body: Program, carries: int, slices: int) -> Any:
    import jax.numpy as jnp
    from jax import lax

    rest = values[carries + slices :]

    def step(state: Any, rows: Any) -> Any:
        out = body.run("xla", jnp, [*state, *rows, *rest])
        return tuple(out[:carries]), tuple(out[carries:])

    state, results = lax.scan(step, tuple(values[:carries]), values[carries : carries + slices])
    return (*state, *results)


@functools.lru_cache
def _dual_body(body: Program, carries: int, slices: int) -> Program:
    """(carries, tangents, slices, tangents, constants, tangents) -> the same of the results."""
    constants = len(body.inputs) - carries - slices
    groups = (carries, carries, slices, slices, constants, constants)

    def dual(*args: Tensor) -> Any:
        parts = _parted(args, groups)
        primals = [*parts[0], *parts[2], *parts[4]]
        tangents = [*parts[1], *parts[3], *parts[5]]
        out, moved = jvp(lambda *xs: inline(body, xs), primals, tangents)
        return [*out[:carries], *moved[:carries], *out[carries:], *moved[carries:]]

    avals = _parted(body.in_avals, (carries, slices, constants))
    return trace(dual, *(a for part in avals for a in (*part, *part)), name=f"{body.name}_jvp")


@functools.lru_cache
def _recording_body(body: Program, carries: int) -> Program:
    """The body with the carries that came in as further results."""

    def recording(*args: Tensor) -> Any:
        return [*inline(body, args), *args[:carries]]

    return trace(recording, *body.in_avals, name=f"{body.name}_states")


@functools.lru_cache
def _pulling_body(body: Program, carries: int, slices: int) -> Program:
    """(ct carries, ct constants; slices, carries, ct results; constants) -> one step back."""
    constants = len(body.inputs) - carries - slices
    ahead, along, fixed = _parted(body.in_avals, (carries, slices, constants))
    results = body.out_avals[carries:]
    groups = (carries, constants, slices, carries, len(results), constants)

    def pull(*args: Tensor) -> Any:
        ct_state, ct_fixed, rows, state, ct_rows, rest = _parted(args, groups)
        _, pull_back = vjp(lambda *xs: inline(body, xs), *state, *rows, *rest)
        pulled = pull_back([*ct_state, *ct_rows])
        back, ct_slices, more = _parted(pulled, (carries, slices, constants))
        return [*back, *(a + b for a, b in zip(ct_fixed, more, strict=True)), *ct_slices]

    avals = (*ahead, *fixed, *along, *ahead, *results, *fixed)
    return trace(pull, *avals, name=f"{body.name}_vjp")


def _parted(items: Sequence[Any], counts: Sequence[int]) -> list[list[Any]]:
    found, place = [], 0
    for count in counts:
        found.append(list(items[place : place + count]))
        place += count
    return found


def _scan_forward(
    F: Any, inputs: Any, outputs: Any, tangents: Any, *, body: Program, carries: int, slices: int
) -> Any:
    moved = [_or_zeros(t, x) for x, t in zip(inputs, tangents, strict=True)]
    counts = (carries, slices, len(inputs) - carries - slices)
    pairs = zip(_parted(inputs, counts), _parted(moved, counts), strict=True)
    doubled = [each for values, directions in pairs for each in (*values, *directions)]
    params = {
        "body": _dual_body(body, carries, slices),
        "carries": 2 * carries,
        "slices": 2 * slices,
    }
    out = apply(scan, doubled, params)
    results = len(outputs) - carries
    _, state, _, along = _parted(out, (carries, carries, results, results))
    return [*state, *along]


def _scan_reverse(
    F: Any, inputs: Any, outputs: Any, cotangents: Any, *, body: Program, carries: int, slices: int
) -> Any:
    _ahead, along, fixed = _parted(inputs, (carries, slices, len(inputs) - carries - slices))
    filled = [_or_zeros(ct, out) for ct, out in zip(cotangents, outputs, strict=True)]
    params = {"body": _recording_body(body, carries), "carries": carries, "slices": slices}
    states = apply(scan, list(inputs), params)[len(outputs) :]
    reversed_rows = [F.flip(x, 0) for x in (*along, *states, *filled[carries:])]
    sums = [F.zeros_like(x) for x in fixed]
    params = {
        "body": _pulling_body(body, carries, slices),
        "carries": carries + len(fixed),
        "slices": len(reversed_rows),
    }
    out = apply(scan, [*filled[:carries], *sums, *reversed_rows, *fixed], params)
    ct_ahead, ct_fixed, ct_along = _parted(out, (carries, len(fixed), slices))
    return [*ct_ahead, *(F.flip(x, 0) for x in ct_along), *ct_fixed]


scan = Op(
    name="scan",
    infer=_scan_infer,
    compute=_scan,
    lowerings={"xla": _scan_xla},
    kind=General(_scan_forward, _scan_reverse),
    flops=lambda *avals, body, carries, slices: avals[carries].shape[0] * body.flops(),
)

# ---- an engine's own lowering for one shape only

lowered: list[int] = []  # window sizes for which the engine's own lowering was used


def _windows_xla(x: Array, size: int) -> Array:
    if size != 2:
        return NotImplemented
    lowered.append(size)
    return x[..., 0::2] + x[..., 1::2]


def _windows_infer(x: Aval, size: int) -> Aval:
    if x.shape[-1] % size:
        raise ShapeError(f"window_sum: windows of {size} do not fill shape {x.shape}")
    return Aval((*x.shape[:-1], x.shape[-1] // size), x.dtype)


window_sum = Op(
    name="window_sum",
    infer=_windows_infer,
    compute=lambda xp, x, size: xp.sum(x.reshape(*x.shape[:-1], -1, size), axis=-1),
    lowerings={"xla": _windows_xla},
    kind=Linear(lambda F, i, ct, x, size: F.repeat(ct, size, axis=-1)),
)
