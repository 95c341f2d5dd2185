"""Evidence: a gate's verdicts with everything that they rest on, so that anybody can make them again."""
