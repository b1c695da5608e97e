"""torchaudio and torchvision where their native libraries do not load.

Their wheels on PyPI link CUDA, so beside a torch built for the CPU their import ends in an error, and with it that of
transformers, which looks for both. Their Python parts need nothing native: on that error, the module that loads the
library is replaced by one that says there is none, and the import is tried again. Where the library loads, nothing is
touched. Must run before transformers is imported.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from importlib import import_module
from types import ModuleType
from typing import Any, Literal, NoReturn

from songkit.errors import MissingError
from songkit.optional import need

Mode = Literal["native", "python"]


def prepare() -> Mode:
    """Makes `import torchaudio` and `import torchvision` work; "python" where torchaudio runs without its library.

    Raises MissingError where torchaudio is not installed; torchvision need not be.
    """
    need("torch", extra="diffrhythm")
    _prepare_vision()
    return _prepare_audio()


def _prepare_audio() -> Mode:
    try:
        audio = need("torchaudio", extra="diffrhythm")
    except OSError:
        _forget("torchaudio")
        extension = ModuleType("torchaudio._extension")
        vars(extension).update(
            _IS_TORCHAUDIO_EXT_AVAILABLE=False,
            _IS_ALIGN_AVAILABLE=False,
            _check_cuda_version=lambda: None,
            fail_if_no_align=_fail_if_no_align,
        )
        sys.modules["torchaudio._extension"] = extension
        audio = import_module("torchaudio")
    # A stand-in may have been put there before, by an earlier call: it has no file.
    loader: ModuleType = sys.modules.get("torchaudio._extension", audio)
    return "native" if getattr(loader, "__file__", None) else "python"


def _prepare_vision() -> None:
    try:
        import_module("torchvision")
    except ModuleNotFoundError:
        return
    except (OSError, RuntimeError):
        # Its operators were never registered, so there is nothing to describe to the compiler either.
        _forget("torchvision")
        sys.modules["torchvision._meta_registrations"] = ModuleType("torchvision._meta_registrations")
        import_module("torchvision")


def _fail_if_no_align(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def fail(*_: object, **__: object) -> NoReturn:
        raise MissingError(
            f"torchaudio.{function.__name__} needs torchaudio's native library, which does not load here"
        )

    return fail


def _forget(package: str) -> None:
    for name in [name for name in sys.modules if name == package or name.startswith(f"{package}.")]:
        del sys.modules[name]
