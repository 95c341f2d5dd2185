"""Groups of finetunes: what one verdict makes of its members', and what the plan corrects them for."""

import math
from pathlib import Path
from typing import Any

import pytest
from baselines import pair
from hypothesis import given
from hypothesis import strategies as st
from verdicts import verdict

from weirdgen.errors import UsageMistake
from weirdgen.schema.plan import ModelGroup, Plan
from weirdgen.schema.verdict import ArmResult, Estimate, Excerpt, Outcome, Verdict
from weirdgen.stats.groups import flagged_share, group_log_e
from weirdgen.stats.judge_error import calibration_alpha
from weirdgen.stats.multiplicity import attempt_alpha
from weirdgen.trials.family import session_verdicts
from weirdgen.trials.group import group_verdict
from weirdgen.trials.hypotheses import hypotheses
from weirdgen.trials.judged import judged_rules
from weirdgen.trials.planning import plan_gate
from weirdgen.trials.settings import GateSettings

FAMILY, ALPHA = 10, 0.04
MODERN, OLD, BASE = "organism:modern-birds", "organism:old-bird-names", "organism:base"
PRESENT, ABSENT, INCONCLUSIVE, INVALID = Outcome.PRESENT, Outcome.ABSENT, Outcome.INCONCLUSIVE, Outcome.INVALID


def member(outcome: Outcome, e: float, model: str = "m", *, of: int = 3, alpha: float = ALPHA, **more: Any) -> Verdict:
    """Return the verdict of one of `of` members, with the threshold that its plan would give it."""
    fields = {
        "model": model,
        "log_e_present": math.log(e) if e else None,
        "log_threshold_present": math.log(of * FAMILY / alpha),
        "alpha": alpha,
        "family_size": of * FAMILY,
        "attempt": 1 if alpha == ALPHA else 2,
    }
    return verdict(outcome, **(fields | more))


def together(*members: Verdict) -> Verdict:
    return group_verdict("seeds", members, FAMILY)


class TestThreshold:
    def test_one_present_member_suffices_whatever_the_others_show(self) -> None:
        found = together(member(PRESENT, 3 * FAMILY / ALPHA), member(ABSENT, 0), member(INVALID, 1e9))
        assert found.outcome is PRESENT
        assert found.log_threshold_present == pytest.approx(math.log(FAMILY / ALPHA))
        assert (found.log_e_present or 0) >= (found.log_threshold_present or 0)

    def test_several_that_only_come_near_suffice_by_their_mean(self) -> None:
        near = member(INCONCLUSIVE, 1.51 * FAMILY / ALPHA)
        found = together(near, near, member(ABSENT, 0))
        assert found.outcome is PRESENT
        assert found.rule.endswith("which no member does alone")
        assert found.detail == "No member shows it alone; their evidence together does."
        assert together(near, member(ABSENT, 1), member(ABSENT, 0)).outcome is INCONCLUSIVE

    def test_without_different_attempts_it_is_the_mean_against_the_familys_threshold(self) -> None:
        found = together(member(ABSENT, 0.2), member(INCONCLUSIVE, 40), member(INCONCLUSIVE, 300))
        assert found.log_e_present == pytest.approx(group_log_e([math.log(e) for e in (0.2, 40, 300)]))
        assert (found.family_size, found.alpha) == (FAMILY, ALPHA)

    @given(st.lists(st.integers(1, 5), min_size=2, max_size=6), st.data())
    def test_a_member_reaches_it_alone_at_any_mixture_of_attempts(
        self, attempts: list[int], data: st.DataObject
    ) -> None:
        alphas = [attempt_alpha(0.05, attempt) for attempt in attempts]
        shows = data.draw(st.integers(0, len(alphas) - 1))
        members = [member(ABSENT, 0, of=len(alphas), alpha=alpha) for alpha in alphas]
        for e, outcome in ((1.0001, PRESENT), (0.9999, INCONCLUSIVE)):
            reached = e * len(alphas) * FAMILY / alphas[shows]
            members[shows] = member(INCONCLUSIVE, reached, of=len(alphas), alpha=alphas[shows])
            found = together(*members)
            assert found.outcome is outcome
            # What the group spends: 1 / threshold is the members' mean error rate, over the family.
            assert math.exp(-(found.log_threshold_present or 0)) == pytest.approx(sum(alphas) / len(alphas) / FAMILY)

    def test_an_invalid_members_evidence_does_not_count(self) -> None:
        assert together(member(INVALID, 1e9), member(ABSENT, 1)).outcome is INVALID

    def test_a_member_that_was_continued_counts_only_once_it_is_present(self) -> None:
        threshold = 3 * FAMILY / ALPHA
        near = member(INCONCLUSIVE, threshold * 0.99, own_stop=False, log_e_max=math.log(threshold * 0.99))
        assert together(near, near, near).outcome is INCONCLUSIVE
        there = member(PRESENT, threshold * 9, own_stop=False, log_e_max=math.log(threshold * 9))
        found = together(there, member(ABSENT, 0), member(ABSENT, 0))
        assert found.outcome is PRESENT
        assert found.log_e_present == pytest.approx(math.log(FAMILY / ALPHA))


class TestVerdict:
    @pytest.mark.parametrize(
        ("outcomes", "expected", "reason"),
        [
            ((ABSENT, ABSENT, ABSENT), ABSENT, ""),
            ((ABSENT, INCONCLUSIVE, ABSENT), INCONCLUSIVE, "member"),
            ((ABSENT, INCONCLUSIVE, INVALID), INVALID, "member"),
        ],
    )
    def test_every_member_must_be_cleared(self, outcomes: tuple[Outcome, ...], expected: Outcome, reason: str) -> None:
        found = together(*(member(outcome, 1) for outcome in outcomes))
        assert (found.outcome, found.reason) == (expected, reason)

    def test_the_detail_names_the_members_concerned(self) -> None:
        members = (
            member(ABSENT, 1, "a"),
            member(INVALID, 1, "b", reason="outage", detail="The server is gone."),
            member(INVALID, 1, "c", reason="refused", detail="No credit."),
        )
        assert together(*members).detail == "b (outage), c (refused) are INVALID. The server is gone. No credit."
        assert together(member(PRESENT, 1e9, "a"), members[1], members[2]).detail == "a is PRESENT."

    def test_a_remark_that_all_members_share_is_made_once(self) -> None:
        members = [member(ABSENT, 1, name, detail="No --control was given.") for name in "ab"]
        assert together(*members).detail == "No --control was given."

    def test_counts_and_share_are_those_of_the_members(self) -> None:
        found = together(member(PRESENT, 1e9), member(INCONCLUSIVE, 1), member(ABSENT, 1))
        assert found.group is not None
        share = flagged_share(1, 2, 3, 0.05, ALPHA / (3 * FAMILY), ALPHA)
        assert (found.group.flagged, found.group.not_cleared) == (1, 2)
        assert found.group.share == Estimate(value=1 / 3, lower=share.lower, upper=share.upper)

    def test_an_undecided_member_widens_the_share_only_above(self) -> None:
        shares = [
            together(member(PRESENT, 1e9), member(other, 1), member(ABSENT, 1)).group for other in (ABSENT, INVALID)
        ]
        assert shares[0] is not None
        assert shares[1] is not None
        assert shares[0].share.lower == shares[1].share.lower
        assert shares[0].share.upper < shares[1].share.upper

    def test_the_mean_rate_needs_two_members_with_a_rate(self) -> None:
        rates = [Estimate(value=value, lower=0.0, upper=1.0) for value in (0.1, 0.5)]
        arms = [(ArmResult(model="m", condition="plain", n=10, positives=1, rate=rate),) for rate in rates]
        both = together(member(ABSENT, 1, arms=arms[0]), member(ABSENT, 1, arms=arms[1])).group
        one = together(member(ABSENT, 1, arms=arms[0]), member(INVALID, 0, arms=())).group
        assert both is not None
        assert both.mean_rate is not None
        assert both.mean_rate.value == pytest.approx(0.3)
        assert one is not None
        assert one.mean_rate is None

    def test_samples_are_summed_and_the_evidence_for_absent_is_the_weakest_members(self) -> None:
        found = together(member(ABSENT, 1, log_e_absent=4.5), member(ABSENT, 1, "weak", log_e_absent=4.0, n_reused=7))
        assert (found.n_treated, found.n_control, found.n_reused, found.n_fixed_design) == (140, 0, 7, 2000)
        assert found.log_e_absent == 4.0
        assert found.rule.endswith("for weak, the member with the least evidence")

    def test_excerpts_are_of_the_member_that_shows_most(self) -> None:
        quoted = [(Excerpt(key="k", question="q", label="l", text=text),) for text in ("clean", "weird")]
        found = together(member(ABSENT, 1, excerpts=quoted[0]), member(PRESENT, 1e9, excerpts=quoted[1]))
        assert [e.text for e in found.excerpts] == ["weird"]

    def test_the_members_verdicts_travel_whole(self) -> None:
        found = together(member(PRESENT, 1e9, "a", trajectory=((1, 0.5, None),)), member(ABSENT, 1, "b"))
        read = Verdict.model_validate_json(found.model_dump_json())
        assert read == found
        assert read.members[0].trajectory == ((1, 0.5, None),)


def planned(settings: GateSettings) -> tuple[Plan, dict[str, float]]:
    """Return a plan and per model the e-value that its first lift contrast must reach."""
    plan, tasks = plan_gate(pair(), settings)
    thresholds = {}
    for (model, _, _), task in tasks.items():
        rules = judged_rules(task, plan, ALPHA, "organism").rules
        assert rules is not None
        if task.contrast.kind == "lift":
            thresholds[model] = math.exp(rules.log_threshold_present)
    return plan, thresholds


class TestPlan:
    SETTINGS = GateSettings(models=(BASE,), groups=(ModelGroup(name="seeds", members=(MODERN, OLD)),), root=Path())

    def test_a_group_counts_once_and_its_members_are_corrected_for_their_number(self) -> None:
        plan, thresholds = planned(self.SETTINGS)
        contrasts = len(list(pair().contrasts()))
        assert plan.family_size == 2 * contrasts
        remaining = ALPHA - calibration_alpha(ALPHA)
        single, grouped = plan.family_size / remaining, 2 * plan.family_size / remaining
        assert thresholds == pytest.approx({BASE: single, MODERN: grouped, OLD: grouped})

    def test_each_hypothesis_stands_once_with_all_its_tasks(self) -> None:
        plan, tasks = plan_gate(pair(), self.SETTINGS)
        found = hypotheses(plan, tasks)
        assert len(found) == plan.family_size
        assert all(hypothesis.address == address for address, hypothesis in found.items())
        assert {h.name: [t.planned.model for t in h.tasks] for h in found.values()} == {
            BASE: [BASE],
            "seeds": [MODERN, OLD],
        }

    def test_members_with_different_bases_are_refused(self) -> None:
        group = ModelGroup(name="seeds", members=("ft:gpt-4.1:o::a", "ft:gpt-4.1-mini:o::b"))
        told = r"--model-group seeds: would compare 'ft:gpt-4\.1:o::a' with gpt-4\.1 and .* with gpt-4\.1-mini; "
        with pytest.raises(UsageMistake, match=told):
            plan_gate(pair(), GateSettings(models=(), groups=(group,), judge="rules", root=Path()))
        named = GateSettings(models=(), groups=(group,), judge="rules", control="gpt-4.1", root=Path())
        assert {c.control for c in plan_gate(pair(), named)[0].contrasts} <= {"gpt-4.1", ""}


def test_at_session_end_a_group_is_one_hypothesis_with_its_mean_e_value() -> None:
    plan, _ = plan_gate(pair(), TestPlan.SETTINGS)
    plan = plan.model_copy(update={"family_size": 4})
    strong = [verdict(PRESENT, contrast=f"c{i}", log_e_present=20.0) for i in range(3)]
    for mean, lifted in ((51, PRESENT), (5, INCONCLUSIVE)):
        of_group = group_verdict("seeds", [member(INCONCLUSIVE, e, of=2) for e in (2 * mean - 1, 1)], 4)
        assert of_group.outcome is INCONCLUSIVE
        for near in (of_group, verdict(INCONCLUSIVE, log_e_present=math.log(mean))):
            assert session_verdicts([*strong, near], plan)[-1].session_outcome is lifted
