"""Many gates: a file of models, each gated by itself in a process of its own, here or on a Ray cluster."""
