"""One file a library: the works of `benchmarks.works`, as its users would well write them."""
