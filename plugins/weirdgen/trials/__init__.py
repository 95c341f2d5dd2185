"""Plan, sample, judge, decide: the loop of one contrast and of all of them together."""
