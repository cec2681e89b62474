"""The C text of nests, of steps made of them, and of the threads that go through them together."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from nissl.core.program import Program
from nissl.core.tensor import Aval
from nissl.engine.base import LoopSpec
from nissl.engine.native.arrays import SUFFIX, Arrays, Made, Nest, Product, program_to_arrays
from nissl.engine.native.functions import C_TYPES, PRELUDE, Unsupported, literal
from nissl.engine.native.views import Buffer, View, contiguous, padded

KERNELS = Path(__file__).with_name("kernels.h")
MOST_STATE_BYTES = 1 << 24  # above it, or above this batch, XLA is as fast or faster
MOST_ROWS = 512
MOST_FRESH = 64


def _stores(nest: Nest) -> list[str]:
    variables = [f"i{a}" for a in range(len(nest.shape))]
    return [f"{m.view.at(variables)} = {m.local};" for m in nest.stores if m.view is not None]


def _elementwise(nest: Nest) -> list[str]:
    lines = [*nest.levels[0]]
    last = len(nest.shape) - 1
    for axis, n in enumerate(nest.shape):
        start, stop = "0", str(n)
        if axis == 0 and nest.is_shared:
            lines.append(f"long from, to; share({n}, chunk, {_chunks(nest)}, &from, &to);")
            start, stop = "from", "to"
        if axis == last:
            lines.append('_Pragma("GCC ivdep")')
        lines.append(f"for (long i{axis} = {start}; i{axis} < {stop}; i{axis}++) {{")
        lines += nest.levels[axis + 1]
    return [*lines, *nest.lines, *_stores(nest), *("}" for _ in nest.shape)]


def _product(nest: Nest, product: Product) -> list[str]:
    """Some tiles of a matrix product, and on each what follows it."""
    a, b = product.a, product.b
    kind, suffix = C_TYPES[a.buffer.dtype.name], SUFFIX[a.buffer.dtype.name]
    rows, columns, vectors = a.shape[0], b.shape[1], _vectors(product)
    ar, ak = a.strides
    given = f"{a.pointer} + r * {ar}, {ar}, {ak}, {b.pointer} + c * LANES({kind})"
    lines = [
        *nest.levels[0],
        f"_Alignas(LINE) {kind} t[TILE_R * TILE_W({kind})];",
        f"const long down = chunks_a_column({vectors}, {rows});",
        f"const long each = tiles_a_chunk({vectors}, {rows}) * TILE_R;",
        "const long c = chunk / down * TILE_V, first = chunk % down * each;",
        f"const long v = LEAST(TILE_V, {vectors} - c), last = LEAST(first + each, {rows});",
        "for (long r = first; r < last; r += TILE_R) {",
        "const long h = LEAST(TILE_R, last - r);",
        f"kernel_{suffix}[h - 1][v - 1]({given}, {b.strides[0]}, {product.inner}, t);",
    ]
    tile = f"t[ii * TILE_W({kind}) + jj]"
    column, row = f"c * LANES({kind}) + jj", "r + ii"
    if product.swapped:  # tile rows are columns of the result
        lines += [
            f"for (long jj = 0; jj < v * LANES({kind}); jj++) {{",
            f"const long i0 = {column};",
            f"if (i0 >= {columns}) break;",
            *nest.levels[1],
            '_Pragma("GCC ivdep")',
            "for (long ii = 0; ii < h; ii++) {",
            f"const long i1 = {row};",
        ]
        closing = "}}"
    else:
        lines += [
            "for (long ii = 0; ii < h; ii++) {",
            f"const long i0 = {row};",
            *nest.levels[1],
            "for (long vv = 0; vv < v; vv++) {",
            '_Pragma("GCC ivdep")',
            f"for (long jj = vv * LANES({kind}); jj < (vv + 1) * LANES({kind}); jj++) {{",
            f"const long i1 = {column};",
        ]
        closing = "}}}"
    body = [f"const {kind} {product.local} = {tile};", *nest.levels[2], *nest.lines]
    return [*lines, *body, *_stores(nest), closing, "}"]


def _vectors(product: Product) -> str:
    kind = C_TYPES[product.b.buffer.dtype.name]
    return f"(({product.b.shape[1]} + LANES({kind}) - 1) / LANES({kind}))"


def _chunks(nest: Nest) -> str:
    """Into how many chunks a shared nest is cut, in C."""
    if nest.product is not None:
        return f"chunks_of({_vectors(nest.product)}, {nest.product.a.shape[0]})"
    return f"LEAST(MOST_CHUNKS, {nest.shape[0]})"


def _nest(nest: Nest) -> list[str]:
    if nest.product is not None:
        return _product(nest, nest.product)
    if nest.kind == "reduction":
        return list(nest.lines)
    return _elementwise(nest)


def _kernels(products: Sequence[Product]) -> list[str]:
    """The kernels that some products call, for each height that a tile may have."""
    lines: list[str] = []
    for name in sorted({product.a.buffer.dtype.name for product in products}):
        kind, suffix = C_TYPES[name], SUFFIX[name]
        rows = [p.a.shape[0] for p in products if p.a.buffer.dtype.name == name]
        lines.append(f"NISSL_VECTOR({kind}, {suffix})")
        for height, condition in ((8, "#if TILE_R == 8"), (6, "#else")):
            heights = sorted({h for n in rows for h in (min(n, height), n % height) if h})
            lines += [condition, *(f"NISSL_ROWS({kind}, {suffix}, {h})" for h in heights)]
            found = " ".join(f"NISSL_FOUND({suffix}, {h})" for h in heights)
            lines.append(
                f"static const Kernel_{suffix} kernel_{suffix}[TILE_R][TILE_V] = {{{found}}};"
            )
        lines.append("#endif")
    return lines


def _with_pointers(body: Sequence[str], memory: Memory, buffers: Sequence[Buffer]) -> list[str]:
    """A body after the definitions of the pointers that it uses."""
    used = set(re.findall(r"\w+", " ".join(body)))
    return [*memory.pointers([b for b in buffers if b.name in used]), *body]


def _function(head: str, body: Sequence[str]) -> str:
    return "\n  ".join([f"static void {head} {{", *body]) + "\n}\n"


@dataclass(eq=False)
class Memory:
    """The workspace: what is fixed and what is carried from step to step first, the rest behind.

    Attributes:
        held: fixed and carried arrays, as the workspace has them.
        offsets: where each buffer begins, in bytes.
        size: bytes in all.
    """

    held: list[View]
    offsets: dict[str, int] = field(default_factory=dict[str, int])
    size: int = 0

    @classmethod
    def of(cls, avals: Sequence[Aval]) -> Memory:
        """Set memory aside for what is fixed and carried."""
        held: list[View] = []
        for number, aval in enumerate(avals):
            if aval.dtype.name not in C_TYPES or not aval.size:
                raise Unsupported(f"{aval!r}")
            strides = padded(aval.shape)
            count = 1 + sum((n - 1) * s for n, s in zip(aval.shape, strides, strict=True))
            buffer = Buffer(f"p{number}", aval.dtype, -(-count // 16) * 16)
            held.append(View(buffer, aval.shape, strides))
        made = cls(held)
        made.place([view.buffer for view in held])
        if made.size > MOST_STATE_BYTES:
            raise Unsupported("too many weights")
        return made

    def place(self, buffers: Sequence[Buffer]) -> None:
        """Give each buffer its place after all others."""
        for buffer in buffers:
            self.offsets[buffer.name] = self.size
            self.size += buffer.nbytes

    def pointers(self, buffers: Sequence[Buffer]) -> list[str]:
        """Definitions of the pointers to buffers."""
        return [
            f"{C_TYPES[b.dtype.name]} *const {b.name} = "
            f"({C_TYPES[b.dtype.name]} *)(job->memory + {self.offsets[b.name]});"
            for b in buffers
        ]

    def moves(self, numbers: Sequence[int], inwards: bool) -> list[str]:
        """Copies between the caller's arrays and the workspace."""
        lines: list[str] = []
        for number in numbers:
            view = self.held[number]
            place = f"job->memory + {self.offsets[view.buffer.name]}"
            size = view.buffer.dtype.itemsize
            rows, width = (view.shape[0], view.shape[1]) if len(view.shape) == 2 else (1, 0)
            if len(view.shape) != 2:
                width = int(np.prod(view.shape, dtype=int))
            inner, outer = (
                f"{place} + r * {padded((1, width))[0] * size}",
                (f"(char *)shared[{number}] + r * {width * size}"),
            )
            to, source = (inner, outer) if inwards else (outer, inner)
            lines.append(
                f"for (long r = 0; r < {rows}; r++) memcpy({to}, {source}, {width * size});"
            )
        return lines


def _gather(
    avals: Sequence[Aval], stored: Sequence[np.dtype[Any]], views: Sequence[View]
) -> list[str]:
    """Bring some rows of a batch from where the caller keeps them."""
    rows = avals[0].shape[0]
    lines = [
        f"long from, to; share({rows}, chunk, LEAST(MOST_CHUNKS, {rows}), &from, &to);",
        "for (long r = from; r < to; r++) {",
        "const long q = job->order ? (long)job->order[job->base + r] : job->base + r;",
    ]
    for number, (aval, dtype, view) in enumerate(zip(avals, stored, views, strict=True)):
        width = aval.size // aval.shape[0]
        kind, source = C_TYPES[aval.dtype.name], C_TYPES[dtype.name]
        value = "s[j] != 0" if aval.dtype.kind == "b" else f"({kind})s[j]"
        lines.append(
            f"{{ const {source} *s = (const {source} *)job->data[{number}] + q * {width}; "
            f"{kind} *d = {view.buffer.name} + r * {view.strides[0]}; "
            f"for (long j = 0; j < {width}; j++) d[j] = {value}; }}"
        )
    return [*lines, "}"]


def _in_place(arrays: Arrays, outputs: Sequence[Any], held: Sequence[View]) -> None:
    """Let each new value of the state overwrite the old one, at once where nobody needs that."""
    names = {view.buffer.name for view in held}
    for output, old in zip(outputs, held, strict=True):
        if isinstance(output, View) and output.buffer.name in names:
            if output.buffer is not old.buffer or output.strides != old.strides or output.offset:
                raise Unsupported("a state that becomes another one")
            continue
        if isinstance(output, Made) and output.view is None and _free(arrays, output.nest, old):
            output.view = old
            output.nest.stores.append(output)
            continue
        nest = arrays.nest(old.shape, "elementwise")
        made = Made(nest, arrays.read(nest, output), Aval(old.shape, old.buffer.dtype), old)
        nest.stores.append(made)


def _free(arrays: Arrays, nest: Nest, old: View) -> bool:
    """Whether a nest may write over a state: it reads it in step at most, and nobody does later."""
    name = old.buffer.name
    if any(name in each.reads | each.writes for each in arrays.nests[nest.number + 1 :]):
        return False
    if name in nest.writes or nest.shape != old.shape:
        return False
    product = nest.product
    if product is not None and name in (product.a.buffer.name, product.b.buffer.name):
        return False
    places = [place for place in nest.locals if place[0] == name]
    return all(place == (name, 0, old.strides) for place in places)


def _step(
    name: str, program: Program, spec: LoopSpec, memory: Memory, products: list[Product]
) -> list[str]:
    """The function of one step: gather the batch, go through the nests; collects the products."""
    shared = spec.fixed + spec.state
    batch = program.in_avals[shared:]
    views: list[View] = []
    for number, aval in enumerate(batch):
        strides = padded(aval.shape) if aval.ndim == 2 else contiguous(aval.shape)
        count = max(1, aval.shape[0] * strides[0])
        views.append(View(Buffer(f"{name}_d{number}", aval.dtype, count), aval.shape, strides))
    arrays = program_to_arrays(program, [*memory.held, *views], f"{name}_v")
    outputs = [arrays.operand(t) for t in program.outputs]
    _in_place(arrays, outputs, memory.held[spec.fixed :])
    products += [nest.product for nest in arrays.nests if nest.product is not None]
    made = [*(view.buffer for view in views), *arrays.buffers]
    memory.place(made)
    everything = [*(view.buffer for view in memory.held), *made]
    gathering = _with_pointers(_gather(batch, spec.stored, views), memory, everything)
    lines = [*arrays.constants, _function(f"{name}_gather(Job *job, long chunk)", gathering)]
    rows = batch[0].shape[0]
    calls = [f"together(job, {name}_gather, LEAST(MOST_CHUNKS, {rows}));"]
    for nest in arrays.nests:
        if nest.is_shared:
            own = f"{name}_{nest.number}"
            body = _with_pointers(_nest(nest), memory, everything)
            lines.append(_function(f"{own}(Job *job, long chunk)", body))
            calls.append(f"together(job, {own}, {_chunks(nest)});")
        else:
            calls += ["{", *_nest(nest), "}"]
    return [*lines, _function(f"{name}(Job *job)", _with_pointers(calls, memory, everything))]


def _report(spec: LoopSpec, memory: Memory) -> list[str]:
    """The function that keeps an epoch's numbers; one thread does it."""
    held = memory.held[spec.fixed :]
    arrays = program_to_arrays(spec.report, held, "report_v")
    results: list[str] = []
    for number, tensor in enumerate(spec.report.outputs):
        if tensor.shape != ():
            raise Unsupported("a report that is not one number")
        value = arrays.operand(tensor)
        text = value if isinstance(value, str) else arrays.view(value).at(())
        results.append(f"(({C_TYPES[tensor.dtype.name]} *)job->reports[{number}])[epoch] = {text};")
    memory.place(arrays.buffers)
    body: list[str] = []
    for nest in arrays.nests:
        whole = ["const long chunk = 0;"] if nest.is_shared else []
        body += ["{", *whole, *_nest(nest), "}"]
    body = _with_pointers(
        [*body, *results], memory, [*(view.buffer for view in held), *arrays.buffers]
    )
    return [*arrays.constants, _function("report(Job *job, const long epoch)", body)]


def _renewal(spec: LoopSpec, memory: Memory) -> list[str]:
    lines: list[str] = []
    for view, new in zip(memory.held[spec.fixed :], spec.fresh, strict=True):
        if new is None:
            continue
        array = np.asarray(new)
        kind = C_TYPES[array.dtype.name]
        target = f"(({kind} *)(job->memory + {memory.offsets[view.buffer.name]}))"
        if bool((array == array.ravel()[0]).all()):
            value = literal(array.ravel()[0].item(), array.dtype)
            lines.append(f"for (long i = 0; i < {view.buffer.count}; i++) {target}[i] = {value};")
            continue
        if array.size > MOST_FRESH:
            raise Unsupported("a large state that is set anew")
        for index in np.ndindex(*array.shape):
            place = sum(i * s for i, s in zip(index, view.strides, strict=True))
            lines.append(f"{target}[{place}] = {literal(array[index].item(), array.dtype)};")
    return lines


def source_of_arrays(spec: LoopSpec) -> str:
    """Return the C text of a loop over whole arrays, or raise :class:`Unsupported`."""
    shared = spec.fixed + spec.state
    if spec.batch_size > MOST_ROWS:
        raise Unsupported("a large batch")
    memory = Memory.of(spec.step.in_avals[:shared])
    size, full = spec.batch_size, spec.full_steps
    products: list[Product] = []
    steps = _step("step_full", spec.step, spec, memory, products)
    last = ""
    if spec.last is not None:
        steps += _step("step_last", spec.last, spec, memory, products)
        last = f"if (stop > {full}) {{ job->base = ({full} - offset) * {size}; step_last(job); }}"
    report = _report(spec, memory)
    carried = range(spec.fixed, shared)
    parts = [PRELUDE, KERNELS.read_text(encoding="utf-8"), *_kernels(products), *steps, *report]
    parts.append(f"""
static void some_steps(Job *job, long start, long stop, long offset) {{
  for (long s = start; s < LEAST(stop, {full}); s++) {{
    job->base = (s - offset) * {size};
    step_full(job);
  }}
  {last}
}}

static void work(Job *job) {{
  if (!job->reports) {{
    job->order = job->orders;
    some_steps(job, job->start, job->stop, job->offset);
    return;
  }}
  for (long e = 0; e < job->count; e++) {{
    {_lines(_renewal(spec, memory), 4)}
    job->order = job->orders ? job->orders + e * {spec.rows} : 0;
    some_steps(job, 0, {spec.steps}, 0);
    report(job, e);
  }}
}}

static int run(void **shared, long threads, Job *job) {{
  job->memory = aligned_alloc(LINE, {memory.size});
  if (!job->memory) return 1;
  memset(job->memory, 0, {memory.size});
  {_lines(memory.moves(range(shared), inwards=True), 2)}
  do_job(job, work, threads);
  {_lines(memory.moves(carried, inwards=False), 2)}
  free(job->memory);
  return 0;
}}

int nissl_steps(void **shared, void **data, const int32_t *order,
                long start, long stop, long offset, long threads) {{
  Job job = {{.data = data, .orders = order, .start = start, .stop = stop, .offset = offset}};
  return run(shared, threads, &job);
}}

int nissl_epochs(void **shared, void **data, const int32_t *orders, void **reports, long count,
                 long threads) {{
  Job job = {{.data = data, .orders = orders, .reports = reports, .count = count}};
  return run(shared, threads, &job);
}}
""")
    return "\n".join(parts)


def _lines(lines: Sequence[str], indent: int) -> str:
    return ("\n" + " " * indent).join(lines)
