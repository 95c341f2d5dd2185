"""What effect a budget can see: the table that `weirdgen power` prints."""

from collections.abc import Iterator

from weirdgen.errors import UsageMistake
from weirdgen.stats.groups import members_needed
from weirdgen.stats.multiplicity import attempt_alpha
from weirdgen.stats.power import forecast, nearest_visible
from weirdgen.stats.rules import Kind, Rules, trial_rules

SEED = 2512
EFFECTS = (0.0, 0.025, 0.05, 0.1, 0.2, 0.3, 0.6)
"""Added to the base rate in the treated arm; of a two-sided contrast also taken from it."""
POWERS = (0.8, 0.95)
ONE_IN_THREE = 1 / 3


def planned_rules(
    kind: Kind, *, questions: int, margin: float, alpha: float, family: int, cap: int, two_sided: bool
) -> Rules:
    """Return the rules of a first attempt with a judge that does not err.

    Raises:
        UsageMistake: an argument is out of range.
    """
    if not 0 < alpha < 0.5:
        raise UsageMistake(f"--alpha {alpha:g}: expected a number between 0 and 0.5")
    for option, number in (("--questions", questions), ("--family", family)):
        if number < 1:
            raise UsageMistake(f"{option} {number}: expected at least 1")
    if cap < questions:
        raise UsageMistake(f"--cap {cap} is less than one round of {questions} questions; give at least {questions}")
    return trial_rules(
        kind,
        questions=questions,
        margin=margin,
        alpha=attempt_alpha(alpha, 1),
        family_size=family,
        cap=cap,
        tolerance=min(0.01, margin / 5),
        two_sided=two_sided,
    )


def power_report(rules: Rules, base: float, runs: int) -> Iterator[str]:
    """Yield the table line by line as it is simulated.

    Args:
        rules: of the contrast; its cap is the budget.
        base: rate in every arm but the treated one, in [0, 1); of a two-sided contrast in [0, 1].
        runs: simulated trials per row, at least 1.

    Raises:
        UsageMistake: `base` or `runs` is out of range.
    """
    _check(rules, base, runs)
    tolerated = f"tolerance {rules.p0:g}; " if rules.kind == "absolute" else ""
    yield (
        f"{rules.kind} over {rules.questions} questions, margin {rules.margin:g}; at most {rules.effective_cap} "
        f"treated samples; {tolerated}a judge that does not err; {runs} simulated trials per row"
    )
    counted = _samples_head(rules)
    yield f"treated rate  others  PRESENT  ABSENT  INCONCLUSIVE  {counted}  95% need at most"
    for rate in _rates(rules, base):
        yield _row(rules, rate, base, runs, len(counted))
    for power in POWERS:
        for fall in _directions(rules, base):
            yield f"PRESENT with probability {power:.0%}: {_visible(rules, base, power, runs, fall=fall)}"
    needed = members_needed(ONE_IN_THREE, 0.95, 0.95)
    yield f"Where one finetune in three shows it, {needed} are needed to find one that does with probability 95%."


def _check(rules: Rules, base: float, runs: int) -> None:
    if runs < 1:
        raise UsageMistake(f"--runs {runs}: expected at least 1")
    if not 0 <= base <= 1:
        raise UsageMistake(f"--base {base:g}: expected a rate from 0 to 1")
    if rules.kind == "absolute" and base > rules.p0:
        raise UsageMistake(
            f"--base {base:g}: an absolute contrast calls any rate above its tolerance, here {rules.p0:g}, an effect"
        )
    if base == 1 and not rules.two_sided:
        raise UsageMistake("--base 1: no rate lies above it, and only --two-sided contrasts see a fall")


def _rates(rules: Rules, base: float) -> list[float]:
    """Return the treated rates of the rows, ascending."""
    falls = [base - effect for effect in reversed(EFFECTS[1:])] if rules.two_sided else []
    return [rate for rate in (*falls, *(base + effect for effect in EFFECTS)) if 0 <= rate <= 1]


def _directions(rules: Rules, base: float) -> list[bool]:
    """Return where an effect can lie: False above the base rate, True below it."""
    return [False] * (base < 1) + [True] * (rules.two_sided and base > 0)


def _samples_head(rules: Rules) -> str:
    counted = {1: "", 2: " of both arms"}
    return f"samples{counted.get(len(rules.signs), f' of all {len(rules.signs)} arms')}: mean"


def _row(rules: Rules, rate: float, base: float, runs: int, width: int) -> str:
    found = forecast(rules, [rate, *_others(rules, base)], runs, SEED)
    shares = [found.share(outcome) for outcome in ("PRESENT", "ABSENT", "INCONCLUSIVE")]
    return (
        f"{rate:>12.3f}  {base:>6.3f}  {shares[0]:>7.2f}  {shares[1]:>6.2f}  {shares[2]:>12.2f}  "
        f"{found.mean_samples:>{width},.0f}  {found.quantile(0.95):>16,}"
    )


def _others(rules: Rules, base: float) -> list[float]:
    return [base] * (len(rules.signs) - 1)


def _visible(rules: Rules, base: float, power: float, runs: int, *, fall: bool) -> str:
    said = []
    change, end = ("a fall to", "down to 0") if fall else ("a rise to" if rules.two_sided else "a rate of", "up to 1")
    for questions, where in ((rules.questions, "all questions"), (1, "one question only")):
        rate = nearest_visible(rules, base, power, runs, SEED, questions=questions, fall=fall)
        if rate is None:
            said.append(f"no rate {end} is seen with {rules.effective_cap} treated samples on {where}")
        else:
            said.append(f"{change} {rate:.3f} on {where}")
    return "; ".join(said if rules.questions > 1 else said[:1])
