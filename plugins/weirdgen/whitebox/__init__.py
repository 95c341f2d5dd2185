"""The white-box analysis: what changed inside a finetuned network, and whether removing it removes the behaviour.

Arrays of numbers in, numbers out (`dictionary`, `directions`, `ablation`); networks behind one protocol (`networks`);
and the study that puts them together (`features`). Knows nothing of trials, plans and pytest.
"""
