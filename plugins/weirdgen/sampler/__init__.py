"""The one asynchronous engine that turns requests into samples. Knows no pytest, no probes, no verdicts."""
