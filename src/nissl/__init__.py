"""Nissl: a neural-network library that you can see through."""
