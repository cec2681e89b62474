"""Functions approximated by networks of one hidden layer."""
