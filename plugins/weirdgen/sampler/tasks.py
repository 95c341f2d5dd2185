"""How an event loop that is about to end gets rid of what still runs on it."""

import asyncio
from typing import Any

_CANCEL_ROUNDS = 5


async def cancel_all(but: "asyncio.Task[Any] | None") -> None:
    """Cancel every task of the loop, and those that they start on their way out; the loop's runner cancels the rest."""
    for _ in range(_CANCEL_ROUNDS):
        tasks = [task for task in asyncio.all_tasks() if task is not but]
        if not tasks:
            return
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks, timeout=1.0)
