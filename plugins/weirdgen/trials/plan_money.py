"""What planned contrasts may cost in money, before anything is sent."""

from collections.abc import Iterable, Mapping

from weirdgen.catalog.prompts import prompt
from weirdgen.endpoints.models import LOCAL
from weirdgen.endpoints.prices import FREE, Price, load_prices, price_of
from weirdgen.sampler.budget import worst_cost
from weirdgen.trials.arms import sampling_of
from weirdgen.trials.planning import Task
from weirdgen.trials.settings import GateSettings


class Tariff:
    """The dearest request of each contrast: the longest prompt of its dearest model, answered at full length."""

    def __init__(self, tasks: Iterable[Task], settings: GateSettings) -> None:
        """Look up the prices of all that is asked.

        Raises:
            CatalogError: the user's prices cannot be read.
        """
        asked = [model for task in tasks for model in (task.planned.model, task.planned.control) if model]
        known = load_prices(settings.prices)
        prices = {model: FREE if _free(model) else price_of(model, known) for model in dict.fromkeys(asked)}
        self.unknown = tuple(model for model, price in prices.items() if price is None)
        """Models without a price: nothing can be said of the money."""
        self.free = all(price == FREE for price in prices.values())
        self._prices: Mapping[str, Price] = {model: price for model, price in prices.items() if price is not None}

    def dearest_request(self, task: Task) -> float:
        """Return what a request of a contrast costs at most, in US dollars. Only where no price is unknown."""
        tokens = sampling_of(task.probe, task.contrast).max_tokens
        return max(
            worst_cost(
                self._prices[task.planned.control if arm.of_control else task.planned.model],
                prompt(task.probe, cell.condition, cell.question, cell.first),
                tokens,
            )
            for arm in task.arms
            for cell in arm.cells
        )


def _free(model: str) -> bool:
    return model.startswith(("organism:", LOCAL))
