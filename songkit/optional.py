"""Libraries that not everybody has: imported when needed, with a clear line when they are not here."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

from songkit.errors import MissingError


def need(module: str, extra: str) -> ModuleType:
    """The module, or MissingError that names the extra which brings it."""
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if error.name is not None and error.name != module.partition(".")[0]:
            raise
        raise _missing(module, extra) from error


def require(module: str, extra: str) -> None:
    """Raises what `need` would raise where the library is not installed; the module itself is not imported."""
    package = module.partition(".")[0]
    if find_spec(package) is None or find_spec(module) is None:
        raise _missing(module, extra)


def _missing(module: str, extra: str) -> MissingError:
    return MissingError(f"{module.partition('.')[0]} is not installed", f"pip install 'songkit[{extra}]'")
