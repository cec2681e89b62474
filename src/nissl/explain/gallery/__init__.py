"""The activation functions with their derivatives, and what few bits do to them."""
