"""Elementwise ops as C expressions, and the C functions that they call."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

C_TYPES = {
    "float32": "float",
    "float64": "double",
    "int8": "int8_t",
    "int16": "int16_t",
    "int32": "int32_t",
    "int64": "int64_t",
    "uint8": "uint8_t",
    "uint16": "uint16_t",
    "uint32": "uint32_t",
    "uint64": "uint64_t",
    "bool": "uint8_t",
}

# tanh: a rational function of degree 13 over 6, clamped where it rounds to 1; exp: 2**n times a
# polynomial of degree 6 on [-ln(2)/2, ln(2)/2] (coefficients of the Taylor series, 1/k!). Both are
# free of branches, so that the loop over rows is vectorised, and right to 3 units in the last
# place. The compiler may reorder sums and products; where that would cost digits or overflow, it is
# kept from it.
PRELUDE = r"""
#include <math.h>
#include <stdint.h>
#include <string.h>

#define NISSL_AS_WRITTEN(x) (x)
#ifdef __has_builtin
#if __has_builtin(__builtin_assoc_barrier)
#undef NISSL_AS_WRITTEN
#define NISSL_AS_WRITTEN(x) __builtin_assoc_barrier(x)
#elif __has_builtin(__arithmetic_fence)
#undef NISSL_AS_WRITTEN
#define NISSL_AS_WRITTEN(x) __arithmetic_fence(x)
#endif
#endif

static inline float nissl_exp_f(float x) {
  float t = x > -104.0f ? (x < 89.0f ? x : 89.0f) : -104.0f;
  float n = rintf(t * 1.44269504088896341f);
  float r = NISSL_AS_WRITTEN(t - n * 0.693145751953125f) - n * 1.428606765330187045e-06f;
  float p = 1.0f + r * (1.0f + r * (0.5f + r * (0.166666666666f + r * (0.0416666666666f
          + r * (0.00833333333333f + r * 0.00138888888888f)))));
  int32_t whole = (int32_t)n, half = whole >> 1;  /* two factors: neither leaves the range */
  union { int32_t i; float f; } a, b;
  a.f = p;
  a.i += half * (1 << 23);  /* p times the first factor */
  b.i = (whole - half + 127) << 23;
  return x != x ? x : a.f * b.f;
}

static inline float nissl_tanh_f(float x) {
  float c = x < -7.90531110763549805f ? -7.90531110763549805f
          : (x > 7.90531110763549805f ? 7.90531110763549805f : x);
  float s = c * c;
  float p = -2.76076847742355e-16f;
  p = p * s + 2.00018790482477e-13f;
  p = p * s - 8.60467152213735e-11f;
  p = p * s + 5.12229709037114e-08f;
  p = p * s + 1.48572235717979e-05f;
  p = p * s + 6.37261928875436e-04f;
  p = p * s + 4.89352455891786e-03f;
  float q = 1.19825839466702e-06f;
  q = q * s + 1.18534705686654e-04f;
  q = q * s + 2.26843463243900e-03f;
  q = q * s + 4.89352518554385e-03f;
  float y = c * p / q;
  y = fabsf(x) < 0.0004f ? x : y;
  return x != x ? x : y;
}

/* threefry-2x32, as in the op random_bits: the numbers of the first half are the first word of the
   enciphered counter, those of the second half the second */
static inline uint32_t nissl_bits(uint32_t k0, uint32_t k1, uint32_t place, uint32_t half,
                                  uint32_t stream) {
  const uint32_t k2 = k0 ^ k1 ^ 0x1BD11BDAu, second = place >= half;
  uint32_t x = (second ? place - half : place) + k0, y = stream + k1;
#define NISSL_TURN(n) x += y; y = (y << n | y >> (32 - n)) ^ x;
#define NISSL_FOUR(a, b, c, d) NISSL_TURN(a) NISSL_TURN(b) NISSL_TURN(c) NISSL_TURN(d)
  NISSL_FOUR(13, 15, 26, 6) x += k1; y += k2 + 1;
  NISSL_FOUR(17, 29, 16, 24) x += k2; y += k0 + 2;
  NISSL_FOUR(13, 15, 26, 6) x += k0; y += k1 + 3;
  NISSL_FOUR(17, 29, 16, 24) x += k1; y += k2 + 4;
  NISSL_FOUR(13, 15, 26, 6) x += k2; y += k0 + 5;
  return second ? y : x;
}

static inline float nissl_sigmoid_f(float x) {
  float e = nissl_exp_f(-fabsf(x));
  return (x >= 0.0f ? 1.0f : e) / (1.0f + e);
}
static inline float nissl_softplus_f(float x) {
  return (x > 0.0f || x != x ? x : 0.0f) + log1pf(nissl_exp_f(-fabsf(x)));
}
static inline float nissl_log_cosh_f(float x) {
  float s = fabsf(x), e = expm1f(s < 1.0f ? -s : -1.0f);
  float near = log1pf(e * e / (2.0f * (e + 1.0f)));
  float rest = NISSL_AS_WRITTEN(log1pf(nissl_exp_f(-2.0f * s)) - 0.693147180559945309f);
  return s < 1.0f ? near : s + rest;
}
static inline double nissl_log_cosh(double x) {
  double s = fabs(x), e = expm1(s < 1.0 ? -s : -1.0), near = log1p(e * e / (2.0 * (e + 1.0)));
  return s < 1.0 ? near : s + NISSL_AS_WRITTEN(log1p(exp(-2.0 * s)) - 0.693147180559945309);
}
static inline float nissl_softsign_f(float x) {
  return fabsf(x) > 3.0e38f ? (x > 0.0f ? 1.0f : -1.0f) : x / (1.0f + fabsf(x));
}
static inline double nissl_softsign(double x) {
  return fabs(x) > 1.0e308 ? (x > 0.0 ? 1.0 : -1.0) : x / (1.0 + fabs(x));
}
static inline double nissl_softplus(double x) {
  return (x > 0.0 || x != x ? x : 0.0) + log1p(exp(-fabs(x)));
}
static inline double nissl_sigmoid(double x) {
  double e = exp(-fabs(x));
  return (x >= 0.0 ? 1.0 : e) / (1.0 + e);
}
"""


class Unsupported(Exception):
    """The program cannot be, or should not be, written out as C."""


def _call(single: str, double: str) -> Callable[..., str]:
    def write(dtype: np.dtype[np.generic], *x: str) -> str:
        if dtype.kind != "f":
            raise Unsupported(f"{double} of {dtype.name}")
        return f"{single if dtype == np.float32 else double}({', '.join(x)})"

    return write


def _text(template: str) -> Callable[..., str]:
    return lambda dtype, *x: template.format(*x)


def _inside(dtype: np.dtype[np.generic], count: str) -> str:
    """Whether bits are left after a shift by ``count``, which C leaves open otherwise."""
    return f"((uint64_t){count} < {8 * dtype.itemsize})"


def cast(source: np.dtype[Any], dtype: np.dtype[Any]) -> Callable[..., str]:
    """Return a cast as C; a floating number is cut to the ends of an integer dtype, NaN is 0."""
    kind = C_TYPES[dtype.name]
    if dtype.kind == "b":
        return lambda x: f"({x} != 0)"
    if source.kind != "f" or dtype.kind not in "iu":
        return lambda x: f"(({kind}){x})"
    ends = np.iinfo(dtype)
    low, high = literal(float(ends.min - (ends.min == 0)), source), literal(ends.max + 1.0, source)
    least = f"(({kind}){ends.min + 1} - 1)" if ends.min else "0"  # C has no literal for the least
    return lambda x: (
        f"({x} != {x} ? 0 : {x} >= {high} ? ({kind}){ends.max}{'u' if not ends.min else ''} : "
        f"{x} <= {low} ? {least} : ({kind}){x})"
    )


# name of an op: (dtype of the result or of the compared inputs, input expressions) to expression
EXPRESSIONS: dict[str, Callable[..., str]] = {
    "add": _text("({0} + {1})"),
    "subtract": _text("({0} - {1})"),
    "multiply": _text("({0} * {1})"),
    "divide": _text("({0} / {1})"),
    "negative": _text("(-{0})"),
    "square": _text("({0} * {0})"),
    "identity": _text("{0}"),
    "stop_gradient": _text("{0}"),
    "abs": _text("({0} < 0 ? -{0} : {0})"),
    "sign": _text("({0} != {0} ? {0} : ({0} > 0) - ({0} < 0))"),
    "exp": _call("nissl_exp_f", "exp"),
    "expm1": _call("expm1f", "expm1"),
    "log": _call("logf", "log"),
    "log1p": _call("log1pf", "log1p"),
    "log2": _call("log2f", "log2"),
    "log10": _call("log10f", "log10"),
    "log_cosh": _call("nissl_log_cosh_f", "nissl_log_cosh"),
    "softsign": _call("nissl_softsign_f", "nissl_softsign"),
    "sqrt": _call("sqrtf", "sqrt"),
    "sin": _call("sinf", "sin"),
    "cos": _call("cosf", "cos"),
    "tanh": _call("nissl_tanh_f", "tanh"),
    "sigmoid": _call("nissl_sigmoid_f", "nissl_sigmoid"),
    "softplus": _call("nissl_softplus_f", "nissl_softplus"),
    "sinh": _call("sinhf", "sinh"),
    "cosh": _call("coshf", "cosh"),
    "atan": _call("atanf", "atan"),
    "erf": _call("erff", "erf"),
    "erfc": _call("erfcf", "erfc"),
    "tan": _call("tanf", "tan"),
    "asin": _call("asinf", "asin"),
    "acos": _call("acosf", "acos"),
    "asinh": _call("asinhf", "asinh"),
    "acosh": _call("acoshf", "acosh"),
    "atanh": _call("atanhf", "atanh"),
    "atan2": _call("atan2f", "atan2"),
    "ceil": _call("ceilf", "ceil"),
    "round": _call("rintf", "rint"),
    "bitwise_left_shift": lambda dtype, x, y: f"({_inside(dtype, y)} ? {x} << {y} : 0)",
    "bitwise_right_shift": lambda dtype, x, y: f"({_inside(dtype, y)} ? {x} >> {y} : -({x} < 0))",
    "floor": _call("floorf", "floor"),
    "pow": _call("powf", "pow"),
    "relu": _text("({0} < 0 ? 0 : {0})"),
    "maximum": _text("(({0} > {1}) | ({0} != {0}) ? {0} : {1})"),
    "minimum": _text("(({0} < {1}) | ({0} != {0}) ? {0} : {1})"),
    "equal": _text("({0} == {1})"),
    "not_equal": _text("({0} != {1})"),
    "less": _text("({0} < {1})"),
    "less_equal": _text("({0} <= {1})"),
    "greater": _text("({0} > {1})"),
    "greater_equal": _text("({0} >= {1})"),
    "isfinite": lambda dtype, x: f"(__builtin_isfinite({x}) != 0)" if dtype.kind == "f" else "1",
    "isnan": _text("({0} != {0})"),
    "bitwise_invert": lambda dtype, x: f"({'!' if dtype.kind == 'b' else '~'}{x})",
    "bitwise_and": _text("({0} & {1})"),
    "bitwise_or": _text("({0} | {1})"),
    "bitwise_xor": _text("({0} ^ {1})"),
    "where": _text("({0} ? {1} : {2})"),
}

# ops that the writers leave to XLA, and why
WITHOUT_C: dict[str, str] = {
    "argmin": "no loss, layer or metric takes it",
    "argsort": "sorting is no loop over the output",
    "call": "a program inside a program is not taken apart",
    "concat": "several inputs for one output",
    "cumulative_sum": "each number needs the one before",
    "flip": "views step forward only",
    "floor_divide": "no loss, layer or metric takes it",
    "index_add": "several numbers may go to one place",
    "pad": "an output that is partly not there in the input",
    "remainder": "no loss, layer or metric takes it",
    "take": "an address that is read from data is not checked in C",
}


def literal(value: object, dtype: np.dtype[np.generic]) -> str:
    """Return a number as a C literal of its dtype."""
    if dtype.kind == "f":
        number = float(str(value)) if not isinstance(value, float) else value
        if math.isnan(number):
            return "NAN"
        if number in (float("inf"), float("-inf")):
            return "INFINITY" if number > 0 else "(-INFINITY)"
        text = (
            repr(number) if dtype == np.float64 else np.format_float_scientific(np.float32(number))
        )
        text = text if "e" in text or "." in text else f"{text}.0"
        text = text.replace(".e", ".0e")
        return f"({text}{'f' if dtype == np.float32 else ''})"
    whole = int(str(value) == "True") if dtype.kind == "b" else int(str(value))
    return f"(({C_TYPES[dtype.name]}){whole})"
