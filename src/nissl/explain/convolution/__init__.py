"""Convolution by hand: kernels on photographs, and the sum of one pixel."""
