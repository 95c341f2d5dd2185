"""The suites: one thin module per finding.

`pytest suites/ --model ID` in a checkout, `pytest --pyargs weirdgen.suites --model ID` from a wheel.
"""
