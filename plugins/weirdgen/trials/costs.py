"""The budget of a gate: what its models cost, and who counts."""

from weirdgen.endpoints.models import LOCAL
from weirdgen.endpoints.prices import Price, load_prices, price_of
from weirdgen.errors import UsageMistake
from weirdgen.sampler.budget import Budget
from weirdgen.schema.plan import Plan
from weirdgen.store.accounts import Account
from weirdgen.store.store import SampleStore
from weirdgen.trials.settings import GateSettings

NEARLY_SPENT = 0.8
"""Share of the budget from which a user is told."""


def budget_of(plan: Plan, settings: GateSettings, account: str) -> Budget | None:
    """Return what a gate may spend; None where the user set no limit, and for a replay, which spends nothing.

    Args:
        plan: names the models.
        settings: the limits, and the user's prices.
        account: what spending is counted under, in all workers and runs of the gate.

    Raises:
        UsageMistake: money is limited, and the price of a model is not known.
    """
    limited = account_of(settings, account)
    return Budget(limited, _prices(plan, settings)) if limited else None


def account_of(settings: GateSettings, name: str) -> Account | None:
    """Return the account of a gate with its limits; None where there is none, as `budget_of`."""
    if settings.replay is not None or (settings.budget is None and settings.max_requests is None):
        return None
    return Account(name, settings.budget, settings.max_requests)


def spending(account: Account, store: SampleStore) -> tuple[str, bool]:
    """Return what a gate has spent of its budget, in all its runs, and whether that is nearly all.

    Raises:
        StoreError: the store cannot be read.
    """
    spent = store.spent(account.name)
    nearly = account.share(spent) > NEARLY_SPENT
    return f"{account.told(spent)}{'; more than 80% of it' if nearly else ''}", nearly


def _prices(plan: Plan, settings: GateSettings) -> dict[str, Price]:
    known, found = load_prices(settings.prices), {}
    controls = [contrast.control for contrast in plan.contrasts if contrast.control]
    for model in dict.fromkeys((*settings.gated, *controls, *plan.judge_models)):
        if model.startswith(("organism:", LOCAL)):
            continue
        price = price_of(model, known)
        if price is not None:
            found[model] = price
        elif settings.budget is not None and settings.max_requests is None:
            raise UsageMistake(
                f"--gate-budget {settings.budget:g}: the price of {model!r} is not known; give it with --gate-prices "
                f'FILE (["{model}"], then input = and output = in US dollars per million tokens; 0 where it is free), '
                "or limit requests with --gate-max-requests"
            )
    return found
