"""Doing a job: networks loaded, features found and labelled, and everything that is asked for made ready to answer."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from weirdgen.errors import UsageMistake
from weirdgen.organisms.app import Other, Served, load
from weirdgen.schema.whitebox import StudyRecord
from weirdgen.whitebox.ablation import Ablation
from weirdgen.whitebox.dictionary import SparseDictionary
from weirdgen.whitebox.features import NAMED, Choice, Study
from weirdgen.whitebox.hf_extra import refuse_without_extra
from weirdgen.whitebox.identity import reading_identity
from weirdgen.whitebox.job import Inspected, Job, Question
from weirdgen.whitebox.labelling import Labels, ReadTexts, labels_of
from weirdgen.whitebox.layouts import read_dictionary
from weirdgen.whitebox.networks import Network, OrganismNetwork, ablated_identity, variant
from weirdgen.whitebox.own_files import shipped
from weirdgen.whitebox.reading import Reader
from weirdgen.whitebox.telling import told

Part = tuple[str, Ablation]
"""What a network without some features is served as, and what is taken out of it."""


@dataclass(slots=True)
class Found:
    """What can be served, and what is said of it."""

    served: dict[str, Served] = field(default_factory=dict)
    others: dict[str, Other] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)
    """Identity of each of them, by name."""
    studies: dict[str, StudyRecord] = field(default_factory=dict)
    """By label of the network."""


def inspect(job: Job) -> Found:
    """Do a job, up to serving.

    Raises:
        UsageMistake: a folder is missing or broken, an extra is not installed, or the sparse autoencoder does not fit.
    """
    found = Found()
    folder = sae_folder(job.sae) if job.sae else None
    dictionary = _dictionary(job, folder) if folder else None
    make = _maker(job)
    for one in job.networks:
        network, serve, read = make(one)
        if one.whole:
            found.served |= serve([(one.name, None)])
            found.digests[one.name] = network.identity
        if dictionary is not None and folder is not None and job.question is not None:
            study = _study(network, dictionary, job.question, one)
            labels = _labels(study, one, job.question, folder, read)
            found.studies[one.label] = told(study, job.question, labels)
            _parts(one, network, study, serve, found)
    return found


Serve = Callable[[list[tuple[str, Ablation | None]]], dict[str, Served]]
"""Makes a network ready to answer, each time with what is taken out of it, by name."""


Made = tuple[Network, Serve, ReadTexts | None]


def _maker(job: Job) -> Callable[[Inspected], Made]:
    """Return what makes networks; checkpoints in folders are loaded once each."""
    local = [one for one in job.networks if one.kind == "network"]
    if not local:
        return _organism
    refuse_without_extra()
    # Nothing is fetched, whatever a library would like to look up.
    os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_OFFLINE="1")
    from weirdgen.whitebox.hf_app import Shelf, served

    shelf = Shelf((Path(one.folder), _adapter(one)) for one in local)

    def made(one: Inspected) -> Made:
        if one.kind == "organism":
            return _organism(one)
        folder, adapter = Path(one.folder), _adapter(one)

        def serve(parts: list[tuple[str, Ablation | None]]) -> dict[str, Served]:
            return {name: served(shelf.network(folder, adapter, ablation)) for name, ablation in parts}

        # The dictionary is of the base, and so are the contexts.
        return shelf.network(folder, adapter), serve, lambda texts, layer: shelf.network(folder).passages(texts, layer)

    return made


def _adapter(one: Inspected) -> Path | None:
    return Path(one.adapter) if one.adapter else None


def _organism(one: Inspected) -> Made:
    def serve(parts: list[tuple[str, Ablation | None]]) -> dict[str, Served]:
        return load((), None, [variant(name, one.folder, taken) for name, taken in parts if taken is not None])

    return OrganismNetwork(one.folder), serve, None


def sae_folder(sae: str) -> Path:
    """Return the folder of a sparse autoencoder as the user named it.

    Raises:
        UsageMistake: there is no such folder.
    """
    kind, colon, name = sae.partition(":")
    folder = shipped(name) if colon and kind == "organism" else Path(sae)
    if not folder.is_dir():
        raise UsageMistake(f"--gate-sae {sae}: there is no such folder")
    return folder


def _dictionary(job: Job, folder: Path) -> SparseDictionary:
    try:
        read = read_dictionary(folder)
    except UsageMistake as mistake:
        raise UsageMistake(f"--gate-sae: {mistake}") from None
    if job.layer is not None and job.layer != read.layer:
        raise UsageMistake(
            f"--gate-layer {job.layer}: the sparse autoencoder {job.sae} is of block {read.layer}; leave it out, or "
            "name the one of that block"
        )
    return read


def _study(network: Network, dictionary: SparseDictionary, question: Question, one: Inspected) -> Study:
    try:
        choice = Choice(count=question.features)
        study = Study.of(network, dictionary, question.treated, question.baseline, question.position, choice)
        for named in NAMED:  # a trigger that moves nothing, or a feature without a direction, is told here
            study.ablation(named)
        return study
    except UsageMistake as mistake:
        raise UsageMistake(f"--gate-sae: {one.label}: {mistake}") from None


def _labels(study: Study, one: Inspected, question: Question, folder: Path, read: ReadTexts | None) -> Labels:
    try:
        return labels_of(study, one, question, folder, read)
    except UsageMistake as mistake:
        raise UsageMistake(f"--gate-sae: {one.label}: {mistake}") from None


def _parts(one: Inspected, network: Network, study: Study, serve: Serve, found: Found) -> None:
    """Make ready what a network is without features, and its readings."""
    ablations: Mapping[str, Ablation] = {
        f"{one.name}#{part}": study.ablation(next(known for known in NAMED if known == features))
        for part, features in one.removed.items()
    }
    found.served |= serve(list(ablations.items()))
    found.digests |= {name: ablated_identity(network.identity, taken) for name, taken in ablations.items()}
    if one.readings:
        name = f"{one.name}#{one.readings}"
        found.digests[name] = reading_identity(study.network, study.digest)
        found.others[name] = Reader(network, study, f"fp_{found.digests[name][:16]}")
