"""How many answers a server gives in one response (`n`): the prompt is then billed once for all of them."""

from weirdgen.endpoints.client import ChatEndpoint
from weirdgen.endpoints.faults import Filtered, Retryable, TooLong
from weirdgen.endpoints.purity import WORDS
from weirdgen.errors import EndpointRefused
from weirdgen.schema.sample import Sampling

MOST = 8
"""Asked for at once: a response that is lost takes as many answers with it."""
_TOKENS = 32


async def find_choices(endpoint: ChatEndpoint) -> int:
    """Return how many answers to ask for at once: as many as came, 1 where a server refuses, ignores or merely copies.

    One that refuses so many (llama-server gives as many as it has slots) is asked for half, and so on. A model so sure
    of thirty words that all answers are alike is asked for one at a time as well, which costs only money.

    Raises:
        BudgetSpent: asking may cost more than is left.
    """
    try:
        replies = await endpoint.ask_all(WORDS, Sampling(max_tokens=_TOKENS), choices=MOST)
    except (EndpointRefused, Retryable, Filtered, TooLong):
        return 1
    said = {reply.text + reply.thoughts for reply in replies}
    return len(replies) if len(said) > 1 else 1
