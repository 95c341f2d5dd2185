"""scipy at its first call: its import takes half a second, and listing tests calls none of it."""

import importlib
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scipy import optimize, special
else:

    class _Later(ModuleType):
        """A module that is imported when something of it is asked for."""

        def __getattr__(self, name: str) -> Any:
            return getattr(importlib.import_module(self.__name__), name)

    optimize, special = _Later("scipy.optimize"), _Later("scipy.special")

__all__ = ["optimize", "special"]
