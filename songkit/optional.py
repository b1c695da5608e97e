"""Libraries that not everybody has: imported when needed, with a clear line when they are not here."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from songkit.errors import MissingError


def need(module: str, extra: str) -> ModuleType:
    """The module, or MissingError that names the extra which brings it."""
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if error.name is not None and error.name != module.partition(".")[0]:
            raise
        raise MissingError(f"{module.partition('.')[0]} is not installed", f"pip install 'songkit[{extra}]'") from error
