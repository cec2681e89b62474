"""Training made visible: watched layers, depth, races of optimizers."""
