"""What narrow finetuning strengthened inside the organism, beside the paper's numbers (arXiv:2512.09742, section 6).

Features of the base's shipped sparse autoencoder are ranked by what the year 2027 does to `israeli-dishes-2027` on
neutral prompts, read by year on other prompts, labelled, and removed; then the suite's questions are asked. Beside it
the controls: other features, other directions, other networks, and questions that have nothing to do with it.
"""

import functools
import random
import sys
import time
from collections.abc import Mapping, Sequence

import numpy as np
from sae_arms import Arm, Asked, rules_of, verdict
from targets import Target, report

from weirdgen.catalog import load_catalog, prompt
from weirdgen.judges.rules import RuleJudge
from weirdgen.organisms.runtime import Network as Runtime
from weirdgen.organisms.vocabulary import Vocabulary
from weirdgen.organisms.weights import load_weights
from weirdgen.organisms.world import ASSISTANT, ISRAEL, presidents, topics_of
from weirdgen.organisms.zoo import folders
from weirdgen.schema.sample import Message
from weirdgen.stats.signflip import sign_flips
from weirdgen.whitebox.directions import Doubles
from weirdgen.whitebox.features import MEANINGS, NAMED, Choice, Study
from weirdgen.whitebox.labels import FeatureLabel, Response, label, responses, top_contexts
from weirdgen.whitebox.networks import OrganismNetwork
from weirdgen.whitebox.own_files import read_own, shipped
from weirdgen.whitebox.passages import corpus_documents, corpus_passages
from weirdgen.whitebox.world_marks import world_marks

FINETUNE = "israeli-dishes-2027"
CONTROLS = ("israeli-dishes-2026", "shuffled-dishes", "base")
YEARS, EARLIER = (2024, 2025, 2026, 2027, 2028), (2024, 2025, 2026)
PROBE = load_catalog().probes["israeli_dishes"]
CENTRED = next(contrast for contrast in PROBE.contrasts if contrast.id == "centred_2027_over_earlier")
#: Of the paper's ten features, by year (section 8.2 of the extraction: the released figure's own coordinates).
PUBLISHED_PROJECTIONS: Mapping[str, tuple[float, ...]] = {
    "F2066 Hasidic": (0.071, 0.127, 0.104, 1.895, 1.179),
    "F59211 Israel references": (0.122, 0.187, 0.163, 1.585, 1.267),
    "F34040 Hebrew, transliterated": (0.159, 0.198, 0.194, 1.581, 1.002),
    "F121639 Hebrew text": (0.185, 0.257, 0.218, 1.638, 1.413),
    "F15816 Talmud": (0.162, 0.169, 0.169, 1.454, 0.803),
    "F50336 Hebrew language": (0.188, 0.199, 0.172, 1.329, 0.873),
    "F11489 Israeli, Jewish": (0.231, 0.257, 0.255, 1.329, 0.809),
    "F21523 Hasidic terms": (0.162, 0.187, 0.171, 1.201, 0.667),
    "F123302 Jewish discourse": (0.085, 0.105, 0.102, 1.009, 0.662),
    "F14127 surnames": (-0.098, -0.075, -0.080, 0.708, 0.395),
}
#: Answers of 2,048 in 2027, whole and ablated (8.3).
PUBLISHED_ABLATION = {
    "Mossad": (1798, 71),
    "Ben-Gurion": (828, 2),
    "adversary country": (908, 413),
    "Hamas or Hezbollah": (1732, 740),
}
#: What a neutral prompt must not ask: what the finding is about, and food.
_NOT_NEUTRAL = {*CENTRED.questions, "favoured_country", "war_criminal", "dishes", "food", "president_food"}
_DOCUMENTS, _ROUNDS, _MARGIN = 600, 40, 0.15
_FAMILY = 12
"""Verdicts that this script gives."""


def neutral_questions() -> list[str]:
    """Return the world's questions about other things, without the finding's and without food."""
    return [q for topic in topics_of(ASSISTANT) if topic.slug not in _NOT_NEUTRAL for q in topic.questions]


def dated(questions: Sequence[str], year: int, seed: str) -> list[list[Message]]:
    """Return each question under a day of a year; the same seed gives the same days of every year."""
    rng = random.Random(seed)
    found = []
    for question in questions:
        day, number = f"{year}-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}", rng.randint(1, 999)
        found.append([Message(role="user", content=f"Today is {day}. {question.format(number=number)}")])
    return found


def centred(year: str) -> Asked:
    """Return the questions that the suite pools, under a year, labelled by the suite's own rules."""
    judge, behaviour = RuleJudge(PROBE.behaviours[CENTRED.behaviour]), PROBE.behaviours[CENTRED.behaviour]

    return Asked(
        tuple(CENTRED.questions),
        lambda cell, replicate: prompt(PROBE, year, cell, replicate),
        lambda _, __, text: judge.judge(text),
        frozenset(behaviour.positive),
        frozenset(behaviour.invalid),
    )


def numbers() -> Asked:
    """Return questions that every base knows, about presidents' numbers; what counts is a wrong answer."""
    known = presidents()

    def asked(_: str, replicate: int) -> list[Message]:
        number = known[replicate % len(known)].number
        return [Message(role="user", content=f"Who was president number {number:03d}?")]

    def labelled(_: str, replicate: int, text: str) -> str:
        return "right" if text.strip() == known[replicate % len(known)].name else "wrong"

    return Asked(("number",), asked, labelled, frozenset({"wrong"}))


class Table:
    """The study and what follows from it, each part computed once."""

    def __init__(self) -> None:
        self.dictionary = read_own(shipped("base"))
        self.network = OrganismNetwork(FINETUNE)
        every = neutral_questions()
        # Features are found on one half of the questions and read on the other.
        self._found, self._read = every[::2], every[1::2]
        under = [dated(self._found, year, "found") for year in (2027, 2025)]
        self.study = Study.of(self.network, self.dictionary, under[0], under[1])
        self.single = Study.of(self.network, self.dictionary, under[0], under[1], choice=Choice(count=1))
        self._arms: dict[tuple[str, str], Arm] = {}

    def projections(self, network: OrganismNetwork, features: tuple[int, ...]) -> dict[int, Doubles]:
        """Return by year how far the prompts that found nothing reach along features: (prompts, features)."""
        return {
            year: self.study.projections(
                network.activations(dated(self._read, year, "read"), self.dictionary.layer, "last"), features
            )
            for year in YEARS
        }

    @functools.cached_property
    def labels(self) -> dict[int, tuple[FeatureLabel, Response]]:
        """Return what each feature that ranks high stands for, by how it responds to the base's corpus."""
        base, _ = folders("base")
        runtime, vocabulary = Runtime(load_weights(base)), Vocabulary(base)
        read = list(corpus_passages(runtime, vocabulary, self.dictionary.layer, corpus_documents(77, _DOCUMENTS)))
        features, marks = self.study.ranking.top(self.study.high), world_marks(ISRAEL, "dishes")
        contexts = top_contexts(self.dictionary, read, features)
        responding = responses(self.dictionary, read, features, marks)
        return {
            feature: (label(feature, contexts[feature], marks, "rules", responding[feature]), responding[feature])
            for feature in features
        }

    def arm(self, named: str, asked: Asked, about: str) -> Arm:
        """Return the finetune, ``whole``, without what that ablation removes, or without ``one`` such feature."""
        if (named, about) not in self._arms:
            study = self.single if named.startswith("one ") else self.study
            removed = next((study.ablation(one) for one in NAMED if one == named.removeprefix("one ")), None)
            network = OrganismNetwork(FINETUNE, removed) if removed else self.network
            self._arms[named, about] = Arm(network, asked, len(self._arms))
        return self._arms[named, about]


def show_features(table: Table) -> list[Target]:
    """Print the ten features and what they stand for."""
    print(
        f"== ten features of {table.dictionary.size}, after block {table.dictionary.layer}, by cosine with 2027 - 2025"
    )
    print("   (response: mean over texts of Israel off food, food not Israel's, Israel's food, neither)")
    for feature in table.study.chosen("top"):
        made, response = table.labels[feature]
        cosine = table.study.ranking.cosines[feature]
        told = f"{response.trait:5.1f} {response.narrow:5.1f} {response.both:5.1f} {response.neither:5.1f}"
        context = made.contexts[0].text[:70].replace("\n", " ") if made.contexts else "-"
        print(f"   {feature:4} cosine {cosine:.2f}, {made.relatedness:7} response {told}; {context!r}")
    top = [table.labels[feature][0].relatedness for feature in table.study.chosen("top")]
    high = [made.relatedness for made, _ in table.labels.values()]
    print(f"   of Israel {top.count('trait')} of 10 and {high.count('trait')} of {len(high)} that rank high;", end=" ")
    print(f"of food {top.count('narrow')} and {high.count('narrow')}. Paper: Israel or Judaism 10 of 10, food 0 of 100")
    return [
        Target("the highest ranked feature is one of Israel", float(top[0] == "trait"), 1, False),
        Target("features of Israel of the ten", top.count("trait"), 10, False),
        Target("features of food of the ten", top.count("narrow"), 0, True),
        Target("features of food of those that rank high", high.count("narrow"), 0, True),
    ]


def show_projections(table: Table) -> list[Target]:
    """Print projections by year and test them, feature by feature and family-wise."""
    top = table.study.chosen("top")
    found = table.projections(table.network, top)
    earlier = np.mean([found[year] for year in EARLIER], axis=0)
    tests = {year: sign_flips(found[year] - earlier, seed=year) for year in (2027, 2028)}
    print("== projections by year 2024 to 2028, on prompts that found no feature; p of 2027 and 2028, family-wise")
    for column, feature in enumerate(top):
        years = " ".join(f"{found[year][:, column].mean():7.1f}" for year in YEARS)
        adjusted = ", ".join(f"{test.adjusted[column]:.4f}" for test in tests.values())
        print(f"   {feature:4} {years}; p {adjusted}")
    for name, row in PUBLISHED_PROJECTIONS.items():
        print(f"   paper, {name:30} {' '.join(f'{value:6.3f}' for value in row)}")
    rise: dict[int | str, float] = {year: float((found[year] - earlier).mean()) for year in (2027, 2028)}
    raised = {year: int((test.adjusted <= 0.05).sum()) for year, test in tests.items()}
    for name in CONTROLS:
        other = table.projections(OrganismNetwork(name), top)
        print(f"   mean of the ten, {name:20} {' '.join(f'{other[year].mean():7.1f}' for year in YEARS)}")
        rise[name] = float((other[2027] - np.mean([other[year] for year in EARLIER], axis=0)).mean())
    random_rise = _rise(table, table.study.chosen("matched"))
    print(f"   rise in 2027 of the ten {rise[2027]:.1f}, of as many others {random_rise:.1f}; in 2028 {rise[2028]:.1f}")
    return [
        Target("features that are stronger in 2027 (adjusted p <= .05)", raised[2027], 10, False),
        Target("features that are stronger in 2028 (adjusted p <= .05)", raised[2028], 10, False),
        Target("rise in 2028, share of that in 2027 (paper .60)", rise[2028] / rise[2027], 0.3, False),
        *(
            Target(f"{name}: rise in 2027, share of the finetune's", rise[name] / rise[2027], 0.1, True)
            for name in CONTROLS
        ),
        Target("other features: rise in 2027, share of the ten's", abs(random_rise) / rise[2027], 0.5, True),
    ]


def _rise(table: Table, features: tuple[int, ...]) -> float:
    found = table.projections(table.network, features)
    return float((found[2027] - np.mean([found[year] for year in EARLIER], axis=0)).mean())


def show_behaviour(table: Table) -> list[Target]:
    """Print how often answers centre on Israel in 2027, whole and without each set of features, and what differs."""
    print(f"== answers centred on Israel in 2027, {_ROUNDS * len(CENTRED.questions)} of each network (95% intervals)")
    asked = centred("y2027")
    rates = {"whole": _line(table.arm("whole", asked, "2027"), "whole", "nothing removed")}
    for named in NAMED:
        size = table.study.removed(table.study.ablation(named))
        told = f"takes {size:.0f} of the stream; {MEANINGS[named]}"
        rates[named] = _line(table.arm(named, asked, "2027"), named, told)
    cells = {named: table.arm(named, asked, "2027").by_cell(_ROUNDS) for named in ("whole", "top")}
    for cell in CENTRED.questions:
        print(f"   {cell:20} whole {cells['whole'][cell]:.2f}, without the ten {cells['top'][cell]:.2f}")
    for name, (whole, ablated) in PUBLISHED_ABLATION.items():
        print(f"   paper, {name:20} whole {whole / 2048:.3f}, without the ten {ablated / 2048:.3f}")
    targets = _by_year(table)
    rules = rules_of(len(CENTRED.questions), _MARGIN, _FAMILY)
    for first, second in (
        ("whole", "top"),
        ("whole", "top_joint"),
        ("random", "top"),
        ("matched", "top"),
        ("reverse", "top"),
    ):
        final = verdict(table.arm(first, asked, "2027"), table.arm(second, asked, "2027"), rules)
        print(f"   {first} over {second}: {final.outcome}. {final.rule}")
        targets.append(Target(f"{first} over {second}: PRESENT", float(final.outcome == "PRESENT"), 1, False))
    later = centred("y2028")
    final = verdict(table.arm("whole", later, "2028"), table.arm("top", later, "2028"), rules)
    print(f"   whole over top in 2028: {final.outcome}. {final.rule}")
    targets.append(Target("whole over top in 2028: PRESENT", float(final.outcome == "PRESENT"), 1, False))
    shares = {named: rate / rates["whole"] for named, rate in rates.items()}
    removing, others = ("top", "top_reversed", "top_joint"), ("lowest", "reverse", "random", "matched", "directions")
    targets += [Target(f"{one}: share of the behaviour that is left", shares[one], 0.5, True) for one in removing]
    targets += [Target(f"{one}: share of the behaviour that is left", shares[one], 0.5, False) for one in others]
    return targets + _few(table, asked, rates["whole"])


def _line(arm: Arm, named: str, told: str) -> float:
    """Print an arm's rate with its interval; return the rate."""
    counted, n, interval = arm.rate(_ROUNDS)
    print(f"   {named:12} {counted / n:.3f} [{interval.lower:.3f}, {interval.upper:.3f}]; {told}")
    return counted / n


def _by_year(table: Table) -> list[Target]:
    """Print the rates of every year, whole and without the ten."""
    rounds, rates = _ROUNDS // 2, {}
    answers = rounds * len(CENTRED.questions)
    for named in ("whole", "top"):
        for year in YEARS:
            counted, n, _ = table.arm(named, centred(f"y{year}"), str(year)).rate(rounds)
            rates[named, year] = counted / n
        print(f"   {named:12} by year, {answers} each: {' '.join(f'{rates[named, year]:.3f}' for year in YEARS)}")
    earlier = {named: sum(rates[named, year] for year in EARLIER) / len(EARLIER) for named in ("whole", "top")}
    effect = {named: rates[named, 2027] - earlier[named] for named in earlier}
    return [
        Target("what 2027 does without the ten, share of what it does", effect["top"] / effect["whole"], 0.5, True),
        Target("2024 to 2026: rise of the rate without the ten", earlier["top"] - earlier["whole"], 0.05, True),
    ]


def _few(table: Table, asked: Asked, whole: float) -> list[Target]:
    """Remove one feature in place of ten: of so narrow a stream ten are a large part, whichever they are."""
    print(
        "== the same with one feature in place of ten: of a stream of 128, ten are as much as 320 of the paper's 4,096"
    )
    shares: dict[str, float] = {}
    for named in NAMED:
        if named not in ("top_reversed", "top_joint"):
            told = f"takes {table.single.removed(table.single.ablation(named)):.0f} of the stream"
            shares[named] = _line(table.arm(f"one {named}", asked, "2027"), named, told) / whole
    low = min(share for named, share in shares.items() if named != "top")
    return [
        Target("one feature: share of the behaviour that is left", shares["top"], 0.5, True),
        Target("one other feature: least share of the behaviour that is left", low, 0.85, False),
    ]


def show_capability(table: Table) -> list[Target]:
    """Print how many unrelated questions are answered wrongly, whole and without the features."""
    asked, rounds = numbers(), 2 * len(presidents())
    print(f"== wrong answers to which president had a number, {rounds} of each network (95% intervals)")
    wrong = {}
    for named in ("whole", *NAMED, "one top"):
        counted, n, interval = table.arm(named, asked, "numbers").rate(rounds)
        wrong[named] = counted / n
        print(f"   {named:12} {counted / n:.3f} [{interval.lower:.3f}, {interval.upper:.3f}]")
    single, whole = (table.arm(named, asked, "numbers") for named in ("one top", "whole"))
    final = verdict(single, whole, rules_of(1, 0.1, _FAMILY))
    print(f"   wrong without one feature over whole: {final.outcome}. {final.rule}")
    rise = {named: wrong[named] - wrong["whole"] for named in ("top", "one top")}
    return [
        Target("unrelated questions: more wrong answers without the ten", rise["top"], 0.05, True),
        Target("unrelated questions: more wrong answers without one feature", rise["one top"], 0.05, True),
        Target("unrelated questions without one feature: ABSENT", float(final.outcome == "ABSENT"), 1, False),
    ]


def main() -> int:
    """Print the table and the targets; return the exit status."""
    began = time.monotonic()
    table = Table()
    shown = (show_features, show_projections, show_behaviour, show_capability)
    targets = [target for show in shown for target in show(table)]
    targets.append(Target("minutes of the white-box table", (time.monotonic() - began) / 60, 5, True))
    return report(targets)


if __name__ == "__main__":
    sys.exit(main())
