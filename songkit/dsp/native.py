"""Kernels that load without a compiler: numba compiles each once, later processes map the machine code.

Bringing numba up costs half a second in every process, also when everything is in its cache. What it compiled is
therefore kept as an object file of a few kilobytes, and loading that takes llvmlite alone (40 ms).

    @native("int64(const float32[:,:], float64[:], int64)")
    def _kernel(block, state, first): ...

Arrays are C-contiguous; `const` ones are not written to. Kernels allocate nothing and raise nothing: what they need to
write comes in as an array, division by zero gives what IEEE 754 says, and calls let other threads run. A kernel may
call functions marked `@inlined` of its own module.

An object is found by a hash of the function's code, of all constants that it refers to, of the processor and of the
versions of numba and llvmlite. It lies beside the bytecode of this room, in `NUMBA_CACHE_DIR` where that is set, or in
the user's cache folder where the first cannot be written to.
"""

from __future__ import annotations

import ctypes
import os
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from importlib.metadata import version
from pathlib import Path
from threading import Lock
from types import CodeType
from typing import Any, Generic, ParamSpec, TypeVar

import numpy as np
import numpy.typing as npt

from songkit.progress import preparing

P = ParamSpec("P")
R = TypeVar("R")

# Multiply and add in one instruction with one rounding: recursions wait for it only half as long.
FUSED = frozenset({"contract"})

_BYTE: Any = ctypes.c_char
_SCALARS: dict[str, Any] = {"int64": ctypes.c_int64, "float64": ctypes.c_double}
_TYPE = re.compile(r"(const )?(\w+)(?:\[([:,]+)\])?")
_DIGEST_BYTES = 16
_lock = Lock()


@dataclass(frozen=True, slots=True)
class ArgumentType:
    """A parameter: an array of that many dimensions, or a number (0 dimensions)."""

    name: str
    dimensions: int
    constant: bool

    @classmethod
    def parse(cls, text: str) -> ArgumentType:
        found = _TYPE.fullmatch(text.strip())
        if found is None:
            raise TypeError(f"{text!r} is no type of a kernel")
        return cls(found[2], found[3].count(":") if found[3] else 0, found[1] is not None)

    @property
    def c_types(self) -> list[Any]:
        # numba's flat form of an array: owner, parent, items, item size, data, then shape and strides
        if self.dimensions:
            return (
                [ctypes.c_void_p] * 2
                + [ctypes.c_ssize_t] * 2
                + [ctypes.c_void_p]
                + [ctypes.c_ssize_t] * (2 * self.dimensions)
            )
        return [_SCALARS[self.name]]


class Kernel(Generic[R]):
    """A compiled function; the first call loads it, and compiles it where this machine has not done so yet."""

    def __init__(self, function: Callable[..., R], signature: str, fastmath: frozenset[str]) -> None:
        result, _, arguments = signature.partition("(")
        self.function = function
        self.fastmath = fastmath
        self.result = None if result == "void" else result
        self.types = [ArgumentType.parse(text) for text in re.split(r",(?![:\]])", arguments.rstrip(")"))]
        self._dtypes = [np.dtype(each.name) for each in self.types]
        self._call: Any = None

    def __call__(self, *args: Any) -> R:
        if self._call is None:
            with _lock:
                self._call = self._call or _load(self)
        flat: list[Any] = []
        for value, kind, dtype in zip(args, self.types, self._dtypes, strict=True):
            if not kind.dimensions:
                flat.append(value)
            elif isinstance(value, Fixed):
                flat += value.flat(kind, dtype)
            else:
                flat += _flat(value, kind, dtype)
        out = _SCALARS[self.result or "int64"]()
        failure = ctypes.c_void_p()
        if self._call(ctypes.byref(out), ctypes.byref(failure), *flat):
            raise RuntimeError(f"{self.function.__qualname__} failed")
        return out.value if self.result else None  # type: ignore[return-value]


@dataclass(frozen=True, slots=True)
class Inlined(Generic[P, R]):
    """A function that kernels of its module may call, and nobody else."""

    function: Callable[P, R]

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        return self.function(*args, **kwargs)


class Fixed:
    """An array that a kernel is called with again and again, looked at only once; it keeps its place and shape."""

    def __init__(self, array: npt.NDArray[Any]) -> None:
        self.array = array
        self._kind: ArgumentType | None = None
        self._flat: tuple[Any, ...] = ()

    def flat(self, kind: ArgumentType, dtype: np.dtype[Any]) -> tuple[Any, ...]:
        """The array as numba's arguments."""
        if self._kind is not kind:
            self._flat, self._kind = _flat(self.array, kind, dtype), kind
        return self._flat


def native(signature: str, fastmath: frozenset[str] = frozenset()) -> Callable[[Callable[..., R]], Kernel[R]]:
    """A decorator: the function as a kernel of that signature; `fastmath` names what LLVM may assume."""
    return lambda function: Kernel(function, signature, fastmath)


inlined = Inlined


def _flat(array: Any, kind: ArgumentType, dtype: np.dtype[Any]) -> tuple[Any, ...]:
    """An array as numba's arguments. Machine code trusts them, so they are checked here."""
    if array.dtype != dtype or array.ndim != kind.dimensions or not array.flags.c_contiguous:
        raise TypeError(f"{array.dtype} array of shape {array.shape} where {kind} belongs")
    if not (kind.constant or array.flags.writeable):
        raise TypeError(f"a read-only array where {kind} is written to")
    # `array.ctypes` takes twice as long, and there are thousands of calls.
    writable = array.flags.writeable and array.size
    place = ctypes.addressof(_BYTE.from_buffer(array)) if writable else array.ctypes.data
    return (None, None, array.size, array.itemsize, place, *array.shape, *array.strides)


def _load(kernel: Kernel[Any]) -> Any:
    name = f"{kernel.function.__module__.rpartition('.')[2]}.{kernel.function.__name__}-{_key(kernel)}.o"
    code = next(filter(None, map(_checked, _kept(name))), None)
    if code is None:
        with preparing(kernel.function.__module__.rpartition(".")[2]):
            from songkit.dsp.compiler import compiled

            code = compiled(kernel)
        _keep(name, _digest(code) + code)
    symbol, _, object_file = code.partition(b"\0")
    c_types = [c_type for kind in kernel.types for c_type in kind.c_types]
    prototype = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, ctypes.c_void_p, *c_types)
    return prototype(_address(object_file, symbol.decode()))


def _key(kernel: Kernel[Any]) -> str:
    _, processor = _engine()
    parts = (_meaning(kernel.function), [str(kind) for kind in kernel.types], sorted(kernel.fastmath), processor)
    return blake2b(repr((parts, kernel.result, _versions())).encode(), digest_size=12).hexdigest()


@cache
def _versions() -> tuple[str, ...]:
    return version("numba"), version("llvmlite"), np.__version__


def _meaning(function: Any) -> tuple[Any, ...]:
    """All that the machine code depends on: bytecode, and what its names stand for."""
    code: CodeType = function.__code__
    names = {name: function.__globals__[name] for name in code.co_names if name in function.__globals__}
    meant = {
        name: _meaning(value.function) if isinstance(value, Inlined) else repr(value)
        for name, value in names.items()
        if isinstance(value, Inlined | int | float | tuple | np.generic)
    }
    return code.co_code, code.co_consts, code.co_names, sorted(meant.items())


@cache
def _engine() -> tuple[Any, str]:
    """LLVM's loader, and the name of this processor with all that it can do."""
    import llvmlite.binding as llvm

    with suppress(RuntimeError):  # newer versions do it by themselves, and say so
        llvm.initialize()
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    machine = llvm.Target.from_default_triple().create_target_machine()
    features = llvm.get_host_cpu_features().flatten()
    return llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine), f"{llvm.get_host_cpu_name()} {features}"


def _address(object_file: bytes, symbol: str) -> int:
    from llvmlite.binding.object_file import ObjectFileRef

    engine, _ = _engine()
    engine.add_object_file(ObjectFileRef.from_data(object_file))
    engine.finalize_object()
    return int(engine.get_function_address(symbol))


def _folders() -> Iterator[Path]:
    chosen = os.environ.get("NUMBA_CACHE_DIR")
    yield Path(chosen) / "songkit" if chosen else Path(__file__).parent / "__pycache__"
    yield Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "songkit"


def _kept(name: str) -> Iterator[bytes]:
    for folder in _folders():
        with suppress(OSError):
            yield (folder / name).read_bytes()


def _digest(code: bytes) -> bytes:
    return blake2b(code, digest_size=_DIGEST_BYTES).digest()


def _checked(kept: bytes) -> bytes | None:
    """The code behind its digest; None where the file is damaged."""
    digest, code = kept[:_DIGEST_BYTES], kept[_DIGEST_BYTES:]
    return code if digest == _digest(code) else None


def _keep(name: str, code: bytes) -> None:
    """Whole or not at all; where no folder can be written to, the next process compiles again."""
    for folder in _folders():
        with suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(dir=folder)
            with os.fdopen(handle, "wb") as file:
                file.write(code)
            Path(temporary).replace(folder / name)
            return
