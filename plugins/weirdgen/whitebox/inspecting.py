"""Doing a job: networks loaded, features found and labelled, and everything that is asked for made ready to answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from weirdgen.errors import UsageMistake
from weirdgen.organisms.app import Other, Served, load
from weirdgen.schema.whitebox import StudyRecord
from weirdgen.whitebox.dictionary import SparseDictionary
from weirdgen.whitebox.features import NAMED, Choice, Study
from weirdgen.whitebox.hf_extra import refuse_without_extra
from weirdgen.whitebox.identity import reading_identity
from weirdgen.whitebox.job import Inspected, Job, Question
from weirdgen.whitebox.labels import FeatureLabel
from weirdgen.whitebox.layouts import read_dictionary
from weirdgen.whitebox.networks import Network, OrganismNetwork, ablated_identity, variant
from weirdgen.whitebox.own_files import shipped
from weirdgen.whitebox.reading import Reader
from weirdgen.whitebox.telling import told


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
        UsageMistake: a folder is missing or broken, or the sparse autoencoder does not fit.
    """
    found = Found()
    dictionary = _dictionary(job) if job.sae else None
    for one in job.networks:
        if one.kind == "organism":
            _organism(one, dictionary, job, found)
    if local := [one for one in job.networks if one.kind == "network"]:
        _local(local, dictionary, job, found)
    return found


def _dictionary(job: Job) -> SparseDictionary:
    kind, colon, name = job.sae.partition(":")
    folder = shipped(name) if colon and kind == "organism" else Path(job.sae)
    if not folder.is_dir():
        raise UsageMistake(f"--gate-sae {job.sae}: there is no such folder")
    read = read_dictionary(folder)
    if job.layer is not None and job.layer != read.layer:
        raise UsageMistake(
            f"--gate-layer {job.layer}: the sparse autoencoder {job.sae} is of block {read.layer}; leave it out, or "
            "name the one of that block"
        )
    return read


def _organism(one: Inspected, dictionary: SparseDictionary | None, job: Job, found: Found) -> None:
    if dictionary is None or job.question is None:
        return
    network = OrganismNetwork(one.folder)
    study = _study(network, dictionary, job.question, one)
    labels = label_organism(study, job.question)
    found.studies[one.label] = told(study, job.question, labels)
    variants = []
    for part, features in one.removed.items():
        ablation = study.ablation(next(known for known in NAMED if known == features))
        made = variant(f"{one.name}#{part}", one.folder, ablation)
        variants.append(made)
        found.digests[made.name] = ablated_identity(network.identity, ablation)
    found.served |= load((), None, variants)
    _readings(one, network, study, found)


def _local(wanted: Sequence[Inspected], dictionary: SparseDictionary | None, job: Job, found: Found) -> None:
    """Load the networks in folders, each checkpoint once, and make what is asked of them ready to answer."""
    refuse_without_extra()
    from weirdgen.whitebox.hf_app import Shelf, served

    folders = [(Path(one.folder).resolve(), Path(one.adapter).resolve() if one.adapter else None) for one in wanted]
    shelf = Shelf(folders)
    for one, (folder, adapter) in zip(wanted, folders, strict=True):
        network = shelf.network(folder, adapter)
        made = {one.name: network} if one.whole else {}
        if dictionary is not None and job.question is not None and (one.removed or one.readings):
            study = _study(network, dictionary, job.question, one)
            found.studies[one.label] = told(study, job.question, {})
            for part, features in one.removed.items():
                ablation = study.ablation(next(known for known in NAMED if known == features))
                made[f"{one.name}#{part}"] = shelf.network(folder, adapter, ablation)
            _readings(one, network, study, found)
        found.served |= {name: served(each) for name, each in made.items()}
        found.digests |= {name: each.identity for name, each in made.items()}


def _readings(one: Inspected, network: Network, study: Study, found: Found) -> None:
    if one.readings:
        name = f"{one.name}#{one.readings}"
        found.digests[name] = reading_identity(study.network, study.digest)
        found.others[name] = Reader(network, study, f"fp_{found.digests[name][:16]}")


def _study(network: Network, dictionary: SparseDictionary, question: Question, one: Inspected) -> Study:
    try:
        choice = Choice(count=question.features)
        return Study.of(network, dictionary, question.treated, question.baseline, question.position, choice)
    except UsageMistake as mistake:
        raise UsageMistake(f"--gate-sae: {one.label}: {mistake}") from None


def label_organism(study: Study, question: Question) -> Mapping[int, FeatureLabel]:
    """Return labels of an organism's highest ranked features, from the contexts of the world that activate them."""
    return {}
