"""Which judges a gate has, from its options: who decides, who only disagrees, and where their models are served."""

from collections.abc import Sequence

from weirdgen.endpoints.models import default_judge
from weirdgen.errors import UsageMistake
from weirdgen.judges.select import BY_RULES, JudgeName, judge_name
from weirdgen.schema.plan import Plan
from weirdgen.schema.probe import Contrast, Probe
from weirdgen.trials.settings import GateSettings


def judges_of(
    model: str, settings: GateSettings, contrasts: Sequence[tuple[Probe, Contrast]]
) -> tuple[JudgeName, JudgeName | None]:
    """Return the judge that decides on a model's answers, and the one whose disagreement is reported.

    A judge that is named is asked at --judge-base-url, else at OpenAI (OPENAI_BASE_URL); never at --base-url by itself:
    a server that answers under any name would let the gated model judge itself. The default judge of a finetune, its
    base, is asked where the finetune is.

    Args:
        model: as the user named it.
        settings: of the gate.
        contrasts: that are to be judged; where all are scored exactly, no judge is needed.

    Raises:
        UsageMistake: there is no default, or the name cannot be read.
    """
    if all(probe.behaviours[contrast.behaviour].exact for probe, contrast in contrasts):
        return BY_RULES, None
    return _named(model, settings)


def labelling_judges(model: str, settings: GateSettings, plan: Plan) -> tuple[JudgeName, ...]:
    """Return the LLM judges that label features of a model: those of its answers, as far as the gate opens them.

    `organism:judge` is not among them: it was taught the catalogue's rubrics on behaviours, and of texts in a list it
    understands nothing (docs/whitebox.md).
    """
    if not plan.judge_models:
        return ()
    named = [judge for judge in _named(model, settings) if judge is not None and judge.model in plan.judge_models]
    return tuple({one.model: one for one in reversed(named) if not one.model.startswith("organism:")}.values())[::-1]


def _named(model: str, settings: GateSettings) -> tuple[JudgeName, JudgeName | None]:
    name, url = settings.judge, settings.judge_base_url or ""
    if name is None:
        name, url = default_judge(model), settings.judge_base_url or settings.base_url or ""
    if name is None:
        raise UsageMistake(
            f"--model {model!r} has no default judge: pass --judge, for example --judge gpt-4.1-mini or --judge rules"
        )
    first = judge_name(name, url)
    second = judge_name(settings.second_judge, url) if settings.second_judge is not None else None
    if second == first:
        raise UsageMistake(f"--judge {settings.second_judge!r} is given twice; a second judge has to be another one")
    for judge in filter(None, (first, second)):
        _refuse_itself(model, judge, settings)
    return first, second


def _refuse_itself(model: str, judge: JudgeName, settings: GateSettings) -> None:
    """Refuse a finetune as its own judge: what has changed in it has changed in the judge."""
    same_server = model.startswith("organism:") or (judge.base_url or None) == settings.base_url
    if judge.model and judge.model == model and same_server:
        raise UsageMistake(
            f"--judge {judge.text!r}: is the model to be gated, and a finetune that judges itself shows nothing; name "
            "its base, or another model"
        )


def check_judge_address(settings: GateSettings, contrasts: Sequence[tuple[Probe, Contrast]]) -> None:
    """Refuse a server for judges where none is asked.

    Raises:
        UsageMistake: there is such a server.
    """
    if settings.judge_base_url is None:
        return
    names = [name for model in settings.gated for name in judges_of(model, settings, contrasts) if name is not None]
    if all(not name.model or name.model.startswith("organism:") for name in names):
        told = " and ".join(dict.fromkeys(name.text for name in names))
        raise UsageMistake(
            f"--judge-base-url {settings.judge_base_url!r}: no judge of this gate ({told}) is asked there; leave it "
            "out, or name a model of that server with --judge"
        )
