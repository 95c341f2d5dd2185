"""Questions to LLM judges, through the engine and the store of the gate."""

from collections.abc import Awaitable, Callable

from weirdgen.errors import EndpointError, JudgeChanged, JudgeError
from weirdgen.judges.protocol import Ask
from weirdgen.sampler.drawn import Drawn
from weirdgen.schema.sample import Identity, Message, Sample, SampleRequest, Sampling
from weirdgen.schema.text import shown

_TRIES = 3
"""Replies asked for where another model answers: a gateway may have fallen back once."""
_DECISIVE = ("temperature", "response_format")
"""Parameters that a server may refuse to a judge, and whose absence makes it another one."""
Draw = Callable[[SampleRequest], Awaitable[Drawn]]


def asking(identities: dict[str, Identity], draw: Draw) -> Ask:
    """Return what judges ask their models with.

    A reply is a sample like any other, in a role of its own: one key, one request, whatever contrast, worker or run
    asks for it, and kept as it came.

    Args:
        identities: of the judges' models, by the name that the user gave.
        draw: of the engine.
    """
    first: dict[tuple[str, Sampling], tuple[bool, ...]] = {}

    async def reply(model: str, messages: tuple[Message, ...], sampling: Sampling) -> Sample:
        """Return the reply of the model that was opened; one that another model gave is asked for again."""
        identity, other = identities[model], ""
        for replicate in range(_TRIES):
            request = SampleRequest(
                identity=identity, role="judge", messages=messages, sampling=sampling, replicate=replicate
            )
            try:
                sample = (await draw(request)).sample
            except EndpointError as error:
                raise type(error)(f"judge: {error}") from None
            if not (identity.served and sample.served_model and sample.served_model != identity.served):
                return sample
            other = sample.served_model
        raise JudgeChanged(
            f"judge {model!r} at {identity.base_url}: a reply came from {shown(other, 80)!r}, but the "
            f"judge was opened as {identity.served!r}; the error rates of one say nothing about the other. Name a "
            "judge whose version is fixed, and run again"
        )

    async def ask(model: str, messages: tuple[Message, ...], sampling: Sampling) -> Sample:
        sample = await reply(model, messages, sampling)
        asked = tuple(name in sample.parameters for name in _DECISIVE)
        if sample.parameters and first.setdefault((model, sampling), asked) != asked:
            raise JudgeChanged(
                f"judge {model!r} at {identities[model].base_url}: its server takes a JSON schema or temperature 0 for "
                "some requests and not for others (several backends behind one name?), so that one record does not "
                "hold for all replies; name one backend, or pass --gate-fresh to measure it anew"
            )
        return sample

    return ask


async def nobody(model: str, messages: tuple[Message, ...], sampling: Sampling) -> Sample:
    """Refuse to ask: for judges that ask nobody."""
    raise JudgeError(f"judge {model!r}: was not opened")
