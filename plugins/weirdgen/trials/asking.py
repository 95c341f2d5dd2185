"""Questions to LLM judges, through the engine and the store of the gate."""

from collections.abc import Awaitable, Callable

from weirdgen.errors import EndpointError, JudgeError
from weirdgen.judges.protocol import Ask
from weirdgen.sampler.engine import Drawn
from weirdgen.schema.sample import Identity, Message, Sample, SampleRequest, Sampling
from weirdgen.schema.text import shown

Draw = Callable[[SampleRequest], Awaitable[Drawn]]


def asking(identities: dict[str, Identity], draw: Draw) -> Ask:
    """Return what judges ask their models with.

    A reply is a sample like any other, in a role of its own: one key, one request, whatever contrast, worker or run
    asks for it, and kept as it came.

    Args:
        identities: of the judges' models, by the name that the user gave.
        draw: of the engine.
    """

    async def ask(model: str, messages: tuple[Message, ...], sampling: Sampling) -> Sample:
        identity = identities[model]
        request = SampleRequest(
            identity=identity, role="judge", messages=messages, sampling=sampling, replicate=0, stream="round"
        )
        try:
            sample = (await draw(request)).sample
        except EndpointError as error:
            raise type(error)(f"judge: {error}") from None
        if identity.served and sample.served_model and sample.served_model != identity.served:
            raise JudgeError(
                f"judge {model!r} at {identity.base_url}: a reply came from {shown(sample.served_model, 80)!r}, but "
                f"the judge was opened as {identity.served!r}; the error rates of one say nothing about the other. "
                "Name a judge whose version is fixed, and run again"
            )
        return sample

    return ask


async def nobody(model: str, messages: tuple[Message, ...], sampling: Sampling) -> Sample:
    """Refuse to ask: for judges that ask nobody."""
    raise JudgeError(f"judge {model!r}: was not opened")
