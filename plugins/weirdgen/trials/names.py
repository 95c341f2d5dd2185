"""Names and addresses of all models, checked while the gate is planned: what cannot be opened is not priced either."""

from weirdgen.endpoints.models import OPENAI_URL, Target, checked_url, parse_target
from weirdgen.errors import UsageMistake
from weirdgen.organisms import zoo
from weirdgen.schema.sample import Role
from weirdgen.trials.comparators import control_of
from weirdgen.trials.inside import split
from weirdgen.trials.settings import GateSettings


def target_of(model: str, role: Role, settings: GateSettings) -> Target:
    """Return where the requests of a model in a role go.

    Raises:
        UsageMistake: the name or an address is wrong, or there is no such organism.
    """
    main = settings.base_url
    if role == "judge":
        # A default judge is the base of the gated finetune, and served where that is.
        url = settings.judge_base_url or (main if settings.judge is None else None)
    else:
        url = main if role == "treated" else settings.control_base_url or main
    target = parse_target(model, base_url=url, role=role, main_base_url=main)
    if target.kind == "organism":
        zoo.organism(split(target.model)[0])
    return target


def check_names(settings: GateSettings) -> None:
    """Refuse a model or control that could never be asked; nothing is opened.

    Args:
        settings: under which `control_of` names the controls that are really asked.

    Raises:
        UsageMistake: there is no such organism, an address is malformed, or an organism's name lacks its prefix.
    """
    for url in (settings.base_url, settings.control_base_url, settings.judge_base_url):
        if url is not None:  # first of all: later messages show it
            checked_url(url)
    named: dict[tuple[str, Role], str] = {(model, "treated"): "--model" for model in settings.models}
    named |= {(member, "treated"): f"--model-group {g.name!r}" for g in settings.groups for member in g.members}
    for model in settings.gated:
        if control := control_of(model, settings):
            named[control, "control"] = "--control"
    for (model, role), option in named.items():
        _refuse_bare(target_of(model, role, settings), option)


def _refuse_bare(target: Target, option: str) -> None:
    """Refuse an organism's name without its prefix; a server of one's own may have a model of that name."""
    if target.kind == "endpoint" and target.base_url in (None, OPENAI_URL) and target.model in zoo.names():
        raise UsageMistake(
            f"{option} {target.label!r}: did you mean organism:{target.model}? Without the prefix it is a model of a "
            "server, which is named with --base-url"
        )
