"""How many sequences run together: as many as memory seems to hold, halved when they were too many."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from weirdgen.errors import WeirdgenError

Item = TypeVar("Item")
Result = TypeVar("Result")
#: Of the memory that is free, which is asked for once and may be needed by others.
_SHARE = 0.7
#: What torch says where it has no error of its own for it.
_SIGNS = ("out of memory", "can't allocate memory", "CUBLAS_STATUS_ALLOC_FAILED")


class Rows:
    """The number of sequences in a batch: a power of two, which never grows again."""

    def __init__(self, most: int) -> None:
        """Begin with the most; at least 1, a power of two."""
        self.most = most

    def fitting(self, bytes_each: int, free: int | None) -> int:
        """Return how many sequences of a size may run together: at least 1.

        Args:
            bytes_each: that one sequence takes, at least 1.
            free: bytes of memory; None: unknown.
        """
        rows = self.most
        while free is not None and rows > 1 and rows * bytes_each > _SHARE * free:
            rows //= 2
        return rows

    def halve(self, from_rows: int) -> None:
        """Remember that so many rows did not fit.

        Raises:
            WeirdgenError: one did not fit.
        """
        if from_rows <= 1:
            raise WeirdgenError(
                "out of memory with one sequence: free the device, take a larger one, or ask for shorter answers"
            )
        self.most = min(self.most, from_rows // 2)


def in_batches(
    items: Sequence[Item],
    rows: Rows,
    fitting: Callable[[], int],
    run: Callable[[Sequence[Item], int], Sequence[Result]],
) -> list[Result]:
    """Run items in batches, in order, and again in smaller ones where memory did not suffice.

    Args:
        items: any number.
        rows: remembers what did not fit.
        fitting: how many to run at once.
        run: is given a batch and how many rows it is to be filled up to; returns one result for each item.

    Raises:
        WeirdgenError: memory does not suffice for one.
    """
    results: list[Result] = []
    while len(results) < len(items):
        count = fitting()
        try:
            results += run(items[len(results) : len(results) + count], count)
        except Exception as error:
            if not out_of_memory(error):
                raise
            rows.halve(count)
            release()
    return results


def out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory did not suffice, on whichever device."""
    import torch

    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return isinstance(error, RuntimeError) and any(sign in str(error) for sign in _SIGNS)


def release() -> None:
    """Give back what torch keeps of a batch that failed."""
    import torch

    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def free_bytes(device: Any) -> int | None:
    """Return the free memory of a torch device; None: it does not say."""
    import torch

    if device.type == "cuda":
        kept = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return int(torch.cuda.mem_get_info(device)[0]) + int(kept)
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))
    except (OSError, StopIteration):
        return None
