"""What a gate may spend, and what each of its requests may cost."""

from collections.abc import Mapping, Sequence

from weirdgen.endpoints.faults import Retryable
from weirdgen.endpoints.prices import FREE, Price
from weirdgen.errors import EndpointError
from weirdgen.schema.sample import Message, SampleRequest, Usage
from weirdgen.store.accounts import Account, Amount, Charge

_MESSAGE_TOKENS = 20
"""Of a chat template around each message, at most."""


def worst_cost(price: Price, messages: Sequence[Message], max_tokens: int) -> float:
    """Return what a request costs at most, in US dollars: a token has at least a byte."""
    return price.of(sum(len(message.content.encode()) + _MESSAGE_TOKENS for message in messages), max_tokens)


class Budget:
    """Prices requests. An answer costs what its usage says, or the worst where a server tells none."""

    def __init__(self, account: Account, prices: Mapping[str, Price]) -> None:
        """Take an account.

        Args:
            account: who pays.
            prices: by name of the model as sent; those that are not there cost nothing.
        """
        self.account = account
        self._prices = prices

    def told(self, spent: Amount) -> str:
        """Return why a request was not sent, and what to do."""
        return (
            f"the budget is spent: {self.account.told(spent)}, and the next request may cost more than is left. What "
            "was completed is stored: run the same command with a higher --gate-budget or --gate-max-requests to go on"
        )

    def charge(self, request: SampleRequest, *further: SampleRequest) -> Charge:
        """Return what a request may cost at worst, with further choices of its response."""
        worst = self._worst(request) + sum(self._worst(one, prompt=False) for one in further)
        return Charge(self.account, Amount(worst, 1))

    def cost(self, request: SampleRequest, usage: Usage, requests: int = 1) -> Amount:
        """Return what an attempt cost that was answered.

        Args:
            request: that was sent.
            usage: that the answer tells.
            requests: that it took, those included in which the server refused a parameter; 0: the answer is a further
                choice of a response whose first one pays for the prompt.
        """
        price = self._price(request.identity.model)
        told = price.of(usage.prompt_tokens, usage.completion_tokens)
        return Amount(told if usage != Usage() else self._worst(request, prompt=requests > 0), requests)

    def lost(self, request: SampleRequest, fault: EndpointError, *, further: bool = False) -> Amount:
        """Return what a failed attempt cost: the worst, if an answer may have been made and got lost.

        Args:
            request: that was sent.
            fault: that came of it.
            further: it was for a further choice of a response.
        """
        billed = isinstance(fault, Retryable) and fault.billed
        worst = self._worst(request, prompt=not further) if billed else 0.0
        return Amount(worst, 0 if further else fault.requests)

    def _worst(self, request: SampleRequest, *, prompt: bool = True) -> float:
        messages = request.messages if prompt else ()
        return worst_cost(self._price(request.identity.model), messages, request.sampling.max_tokens)

    def _price(self, model: str) -> Price:
        return self._prices.get(model, FREE)
