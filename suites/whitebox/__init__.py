"""White-box suites: they look into a network's weights, and are planned with `--gate-sae` only."""
