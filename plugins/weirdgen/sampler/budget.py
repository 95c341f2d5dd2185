"""What a gate may spend, and what each of its requests may cost."""

from collections.abc import Mapping, Sequence

from weirdgen.endpoints.faults import Retryable
from weirdgen.endpoints.prices import FREE, Price
from weirdgen.schema.sample import Sample, SampleRequest, Usage
from weirdgen.store.accounts import Account, Amount, Charge

_MESSAGE_TOKENS = 20
"""Of a chat template around each message, at most."""


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

    def charge(self, request: SampleRequest) -> Charge:
        """Return what a request may cost at worst."""
        return Charge(self.account, Amount(self._worst(request), 1))

    def cost(self, request: SampleRequest, sample: Sample | None, faults: Sequence[Retryable]) -> Amount:
        """Return what a request cost that ended.

        Args:
            request: that was sent.
            sample: that came of it; None: none did.
            faults: of its failed attempts; those that ran into a time-out may have been billed.
        """
        lost = self._worst(request) * sum(fault.timed_out for fault in faults)
        if sample is None:
            return Amount(lost, len(faults))
        told = self.of_usage(request.identity.model, sample.usage)
        return Amount(lost + (told if sample.usage != Usage() else self._worst(request)), len(faults) + 1)

    def of_usage(self, model: str, usage: Usage) -> float:
        """Return what tokens of a model cost, in US dollars."""
        return self._price(model).of(usage.prompt_tokens, usage.completion_tokens)

    def _worst(self, request: SampleRequest) -> float:
        # A token has at least a byte.
        prompt = sum(len(message.content.encode()) + _MESSAGE_TOKENS for message in request.messages)
        return self._price(request.identity.model).of(prompt, request.sampling.max_tokens)

    def _price(self, model: str) -> Price:
        return self._prices.get(model, FREE)
