"""The sentences of verdicts that claim nothing name the arm that they are about as its kind of contrast has it."""

import pytest
from arm_outcomes import same

from weirdgen.stats.decide import Final, decide
from weirdgen.stats.explain import arm_names
from weirdgen.stats.outcomes import ArmOutcomes
from weirdgen.stats.rules import Kind, Rules, trial_rules


def rules_of(kind: Kind, *, two_sided: bool = False) -> Rules:
    return trial_rules(kind, questions=10, margin=0.3, alpha=0.05, family_size=1, two_sided=two_sided)


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("absolute", ("treated",)),
        ("lift", ("treated", "control")),
        ("flip", ("treated", "comparator")),
        ("did", ("treated", "untriggered", "control", "untriggered control")),
    ],
)
def test_each_kind_has_its_own_words_for_its_arms(kind: Kind, names: tuple[str, ...]) -> None:
    assert arm_names(rules_of(kind)) == names


@pytest.mark.parametrize(("kind", "name"), [("lift", "control"), ("flip", "comparator")])
def test_babble_is_told_of_the_arm_that_babbles(kind: Kind, name: str) -> None:
    babble = ArmOutcomes(same(0, 40).scores, invalid=((True,) * 40,) * 10)
    final = decide(rules_of(kind, two_sided=True), [same(0, 40), babble])
    assert isinstance(final, Final)
    assert (final.reason, f"of the {name} samples are answers" in final.rule) == ("coherence", True)


def test_missing_labels_are_counted_per_arm() -> None:
    final = decide(rules_of("flip", two_sided=True), [same(0, 40), same(None, 40)])
    assert isinstance(final, Final)
    assert final.rule.startswith("no label for 0 of 30 treated samples and 30 of 30 comparator samples;")
