"""From a kernel's Python to its object file, by numba; loaded only where a kernel is not compiled yet."""

from __future__ import annotations

import gc
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from types import FunctionType
from typing import Any

import numba
from numba.core import codegen, compiler, compiler_lock, registry

from songkit.dsp.native import ArgumentType, Inlined, Kernel

# What a kernel may call beside its own code: the C library's memory and mathematics, which every process has.
_EXTERNAL = {
    "memcpy",
    "memset",
    "memmove",
    "exp",
    "log",
    "log10",
    "pow",
    "sin",
    "cos",
    "tan",
    "tanh",
    "fmod",
    "round",
    "sqrt",
}
_DECLARED = re.compile(r"^declare .*?@\"?([\w.$]+)\"?\(", re.MULTILINE)

_numba: Any = numba
_compiler: Any = compiler  # its flags are made at run time: no type checker knows them
_target: Any = registry.cpu_target


class _Library(codegen.JITCodeLibrary):
    """Code that is not optimised before all of it is there.

    numba by itself optimises every function that a kernel calls and makes machine code of it, only to have it inlined
    and all done again.
    """

    def _optimize_functions(self, ll_module: Any) -> None:
        ll_module.data_layout = self._codegen._data_layout

    def _optimize_final_module(self) -> None:
        pass

    def _finalize_specific(self) -> None:
        pass

    def get_pointer_to_function(self, name: str) -> int:
        """None: nothing of this runs in this form."""
        return 0

    def machine_code(self) -> bytes:
        """The object file of this function with all that it calls."""
        usual: Any = super()
        usual._ensure_finalized()
        usual._optimize_functions(self._final_module)
        usual._optimize_final_module()
        return bytes(self._codegen._tm.emit_object(self._final_module))


class _Codegen(codegen.JITCPUCodegen):
    _library_class = _Library

    def _add_module(self, module: Any) -> None:
        pass

    def set_env(self, env_name: str, env: Any) -> None:
        """Kernels have nothing to do with Python's objects."""


def compiled(kernel: Kernel[Any]) -> bytes:
    """The symbol's name, a zero byte, and the object file. Raises TypeError for a kernel that cannot stand alone."""
    flags = _compiler.Flags()
    flags.no_cpython_wrapper = flags.no_cfunc_wrapper = True
    flags.error_model = "numpy"
    flags.fastmath = set(kernel.fastmath) or False
    _refresh()
    with _lean():
        made = _compiler.compile_extra(
            _target.typing_context,
            _target.target_context,
            _for_numba(kernel.function, kernel.fastmath),
            [_numba_type(kind) for kind in kernel.types],
            getattr(_numba.types, kernel.result or "void"),
            flags,
            {},
        )
        code: bytes = made.library.machine_code()
    called = _DECLARED.findall(made.library.get_llvm_str())
    if foreign := {name for name in called if not name.startswith("llvm.")} - _EXTERNAL:
        raise TypeError(f"{kernel.function.__qualname__} needs {', '.join(sorted(foreign))}: a kernel stands alone")
    symbol: str = made.fndesc.llvm_func_name
    return symbol.encode() + b"\0" + code


@contextmanager
def _lean() -> Iterator[None]:
    """Within the block numba's functions become `_Library`, and nobody looks for garbage among a million nodes."""
    context, collects = _target.target_context, gc.isenabled()
    usual = context._internal_codegen
    gc.disable()
    with compiler_lock.global_compiler_lock:
        context._internal_codegen = _codegen()
        try:
            yield
        finally:
            context._internal_codegen = usual
            if collects:
                gc.enable()


@cache
def _refresh() -> None:
    """What numba knows of numpy's and Python's functions."""
    _target.typing_context.refresh()
    _target.target_context.refresh()


@cache
def _codegen() -> Any:
    make: Any = _Codegen  # numba has no types
    return make("kernels")


def _numba_type(kind: ArgumentType) -> Any:
    scalar = getattr(_numba.types, kind.name)
    return _numba.types.Array(scalar, kind.dimensions, "C", readonly=kind.constant) if kind.dimensions else scalar


def _for_numba(function: Any, fastmath: frozenset[str]) -> Any:
    """The function with every `Inlined` that it calls as a function of numba's."""
    bare = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    jitted = _numba.njit(fastmath=set(fastmath) or False, error_model="numpy", **bare)
    names = function.__globals__.items()
    meant = {
        name: jitted(_for_numba(value.function, fastmath))
        if isinstance(value, Inlined) and name in function.__code__.co_names
        else value
        for name, value in names
    }
    return FunctionType(function.__code__, meant, function.__name__, function.__defaults__)
