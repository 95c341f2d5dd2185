"""The white-box suite in a gate: when it is planned, and who is asked for a network's readings or without features.

A network that is read, and one without some of its features, are models of their own here, named after the gated one:
``MODEL#readings`` and ``MODEL#without-top``. What follows ``#`` is the part.
"""

from collections.abc import Sequence

from weirdgen.catalog import Catalog
from weirdgen.errors import UsageMistake
from weirdgen.organisms import zoo
from weirdgen.schema.probe import Contrast, FeatureSet, Probe
from weirdgen.trials.settings import GateSettings

READINGS, _WITHOUT = "readings", "without-"
NOT_PLANNED = (
    "the white-box suite looks into a network's weights, so that it needs --gate-sae (docs/howto/look_inside.md)"
)


def planned_contrasts(catalog: Catalog, settings: GateSettings) -> list[tuple[Probe, Contrast]]:
    """Return the family of one model: with a sparse autoencoder also what needs the network's weights."""
    return list(catalog.contrasts(whitebox=settings.sae is not None))


def left_out(catalog: Catalog, settings: GateSettings) -> dict[str, str]:
    """Return the probes that are not planned, each with the reason."""
    if settings.sae is not None:
        return {}
    return {probe.id: NOT_PLANNED for probe in catalog.probes.values() if probe.whitebox is not None}


def named(model: str, part: str) -> str:
    """Return what a part of a model is called."""
    return f"{model}#{part}"


def without(model: str, features: FeatureSet) -> str:
    """Return what a model without a set of features is called."""
    return named(model, f"{_WITHOUT}{features}")


def split(name: str) -> tuple[str, str]:
    """Return a model and the part of it that a name means; no part: the model itself."""
    model, mark, part = name.rpartition("#")
    known = part == READINGS or part.startswith(_WITHOUT)
    return (model, part) if mark and known else (name, "")


def removed(part: str) -> str:
    """Return which set of features a part is without; empty for readings."""
    return part.removeprefix(_WITHOUT) if part.startswith(_WITHOUT) else ""


def arms_of(model: str, contrast: Contrast) -> tuple[str, str]:
    """Return what is asked in place of the model (empty: the model), and as its control (empty: none).

    Args:
        model: the gated one.
        contrast: that looks into it.
    """
    inside = contrast.inside
    if inside is None:
        return "", ""
    if inside.reads is not None:
        return named(model, READINGS), ""
    treated = without(model, inside.treated_without) if inside.treated_without else ""
    return treated, without(model, inside.comparator_without) if inside.comparator_without else model


def check_inside(settings: GateSettings) -> None:
    """Refuse options of the white-box suite that cannot be meant.

    Raises:
        UsageMistake: a model without weights here, a folder that is not there, or an option without what it belongs to.
    """
    _refuse_parts(settings)
    local = [model for model in settings.gated if model.startswith("hf:")]
    if settings.adapter is not None:
        _check_adapter(settings, local)
    if settings.sae is None:
        if settings.layer is not None:
            raise UsageMistake(f"--gate-layer {settings.layer}: goes with --gate-sae; give it, or leave this out")
        return
    for model in settings.gated:
        _check_weights(model, settings.sae)


def _refuse_parts(settings: GateSettings) -> None:
    """Refuse parts of models where models are named: which features a part is without is found by the gate itself."""
    named = dict.fromkeys(settings.gated, "--model")
    named |= {judge: "--judge" for judge in (settings.judge, settings.second_judge) if judge}
    named |= {settings.control: "--control"} if settings.control else {}
    for name, option in named.items():
        model, part = split(name)
        if part:
            raise UsageMistake(
                f"{option} {name!r}: is a part of {model!r} that the white-box suite makes and compares by itself; "
                "name the model"
            )


def _check_adapter(settings: GateSettings, local: Sequence[str]) -> None:
    if len(local) != 1 or len(settings.gated) != 1:
        raise UsageMistake(
            f"--gate-adapter {settings.adapter}: goes with one model, hf:DIR, and this gate has "
            f"{', '.join(settings.gated)}; an organism has its adapter already"
        )
    if settings.control in local:
        raise UsageMistake(
            f"--control {settings.control}: is the gated model, adapter included, so that it would be compared with "
            "itself; for the base alone give the folder another name, by a link"
        )


def _check_weights(model: str, sae: str) -> None:
    """Refuse a model whose weights are not here, or a shipped sparse autoencoder that is of another network."""
    kind, _, name = model.partition(":")
    if kind not in ("organism", "hf"):
        raise UsageMistake(
            f"--gate-sae: the weights of {model!r} are not here; gate organism:NAME or hf:DIR, or leave it out"
        )
    if not sae.startswith("organism:"):
        return
    base = sae.partition(":")[2]
    if kind == "hf":
        raise UsageMistake(f"--gate-sae {sae}: is of an organism, and {model!r} is none; name the folder of its own")
    if zoo.organism(name).base != base:
        raise UsageMistake(
            f"--gate-sae {sae}: {model!r} is made from organism:{zoo.organism(name).base}, whose sparse autoencoder it "
            "would need"
        )
