"""Damaged inputs by the thousand, in processes that are watched.

    python -m tests.fuzzing --seed 7 --inputs 20000 --shards 2 --keep failing/
    python -m tests.fuzzing --seed 7 --only 1234

Input number N of a seed is always the same. One that fails is kept as a file together with what was wrong.
"""

from __future__ import annotations

import argparse
import multiprocessing
import pickle
import resource
import signal
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from random import Random

from tests.fuzz_judge import judge
from tests.fuzz_material import Kind, Material, everything
from tests.fuzz_mutations import mutated

SHARES: dict[Kind, int] = {"audio": 70, "lyrics": 12, "chain": 11, "profile": 2, "baseline": 1, "run": 4}
"""How many in a hundred inputs are of each kind."""

HANG_SECONDS = 10.0
START_SECONDS = 120.0
MOST_RESIDENT_BYTES = 96 << 20
"""What one input may add to the memory of the process, for a moment; the inputs have some kilobytes."""
MOST_ADDRESS_BYTES = 6 << 30
MOST_CHILD_BYTES = 200 << 20
"""What ffmpeg may take."""


@dataclass(frozen=True, slots=True)
class Failure:
    """An input that was not answered as it should be; `how` says how it was made."""

    index: int
    how: str
    reason: str

    def __str__(self) -> str:
        return f"input {self.index} ({self.how}): {self.reason}"


@dataclass(slots=True)
class Figures:
    """What came of a run: counts by `kind answer`, failures, the slowest input and the largest addition to memory."""

    answers: Counter[str] = field(default_factory=Counter)
    failures: list[Failure] = field(default_factory=list)
    slowest_seconds: float = 0.0
    slowest_index: int = -1
    most_resident_bytes: int = 0
    child_bytes: int = 0
    cpu_seconds: float = 0.0

    @property
    def inputs(self) -> int:
        return sum(self.answers.values())

    def add(self, other: Figures) -> None:
        self.answers += other.answers
        self.failures += other.failures
        if other.slowest_seconds > self.slowest_seconds:
            self.slowest_seconds, self.slowest_index = other.slowest_seconds, other.slowest_index
        self.most_resident_bytes = max(self.most_resident_bytes, other.most_resident_bytes)
        self.child_bytes = max(self.child_bytes, other.child_bytes)
        self.cpu_seconds += other.cpu_seconds

    def lines(self) -> Iterator[str]:
        yield f"{self.inputs} inputs, {len(self.failures)} failed, {self.cpu_seconds:.0f} s of CPU"
        yield ", ".join(f"{answer} {count}" for answer, count in sorted(self.answers.items()))
        yield (
            f"slowest {self.slowest_seconds:.2f} s (input {self.slowest_index}), at most"
            f" {self.most_resident_bytes / 2**20:.0f} MiB more memory,"
            f" a child at most {self.child_bytes / 2**20:.0f} MiB"
        )
        yield from map(str, self.failures)


def made(seed: int, index: int, materials: list[Material]) -> tuple[Material, str, bytes]:
    """Input `index` of a seed: what it was made from, how, and its bytes."""
    chance = Random(f"{seed}/{index}")
    kind = chance.choices(list(SHARES), list(SHARES.values()))[0]
    others = [material for material in materials if material.kind == kind]
    material = chance.choice(others)
    how, data = mutated(material, others, chance)
    return material, how, data


def hunt(seed: int, inputs: int, shards: int = 1, keep: Path | None = None) -> Figures:
    """Judges that many inputs in `shards` processes; one that crashes or hangs is replaced, its input is a failure."""
    context = multiprocessing.get_context("spawn")
    total = Figures()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        materials = everything(folder / "materials")
        (folder / "materials.pickle").write_bytes(pickle.dumps(materials))
        shares = [_Shard(context, seed, range(shard, inputs, shards), folder) for shard in range(shards)]
        while any(shard.running for shard in shares):
            wait([shard.connection for shard in shares if shard.running], timeout=0.5)
            for shard in shares:
                shard.hear(total)
    total.failures.sort(key=lambda failure: failure.index)
    if keep is not None and total.failures:
        _kept(keep, seed, total.failures, materials)
    return total


class _Shard:
    """A process at work on its share of the inputs, and who comes after it when it dies."""

    def __init__(self, context: multiprocessing.context.SpawnContext, seed: int, share: range, folder: Path) -> None:
        self._context, self._seed, self._folder = context, seed, folder
        self._left = share
        self.running = True
        self._begin()

    def _begin(self) -> None:
        self.connection, theirs = self._context.Pipe(duplex=False)
        arguments = (theirs, self._seed, self._left, self._folder)
        self._process: BaseProcess = self._context.Process(target=_work, args=arguments, daemon=True)
        self._process.start()
        theirs.close()
        self._at: int | None = None
        self._until = time.monotonic() + START_SECONDS

    def hear(self, total: Figures) -> None:
        """Takes what the process has said; gives up on it when it says nothing for too long."""
        if not self.running:
            return None
        try:
            while self.connection.poll():
                said = self.connection.recv()
                if said is None:
                    return self._end()
                if isinstance(said, Figures):
                    total.add(said)
                    continue
                self._at, self._until = said, time.monotonic() + HANG_SECONDS
        except (EOFError, OSError):
            self._process.join()
            return self._lost(total, _died(self._process.exitcode))
        if time.monotonic() > self._until:
            self._process.kill()
            self._lost(total, f"no answer within {HANG_SECONDS:.0f} s")
        return None

    def _lost(self, total: Figures, reason: str) -> None:
        self._end()
        if self._at is None:
            raise RuntimeError(f"a process of the fuzzing did not start: {reason}")
        total.failures.append(Failure(self._at, "", reason))
        total.answers["process lost"] += 1
        self._left = self._left[self._left.index(self._at) + 1 :]
        if self._left:
            self.running = True
            self._begin()

    def _end(self) -> None:
        self.running = False
        self.connection.close()
        self._process.join()


def _died(code: int | None) -> str:
    return f"the process was ended by {signal.Signals(-code).name}" if code and code < 0 else f"it ended with {code}"


def _work(connection: Connection, seed: int, share: range, folder: Path) -> None:
    """A process of the hunt: says which input comes next, and at the end what it found."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_ADDRESS_BYTES, MOST_ADDRESS_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    materials = pickle.loads((folder / "materials.pickle").read_bytes())
    with tempfile.TemporaryDirectory(dir=folder) as place:
        for material in materials:  # what is loaded and compiled once is not counted for the first input
            judge(material, material.data, Path(place))
        for index in share:
            connection.send(index)
            figures, before = Figures(), _cpu_seconds()
            _one(seed, index, materials, Path(place), figures)
            figures.cpu_seconds = _cpu_seconds() - before
            connection.send(figures)
    connection.send(None)


def _cpu_seconds() -> float:
    return time.process_time() + sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])


def _one(seed: int, index: int, materials: list[Material], place: Path, figures: Figures) -> None:
    material, how, data = made(seed, index, materials)
    how = f"{material.name}: {how}"
    _forget_peak()
    before, started = _peak_bytes(), time.monotonic()
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("error", category=RuntimeWarning, module="songkit")
            answer, wrong = judge(material, data, place)
    except Exception as error:  # noqa: BLE001 (whatever is no SongkitError is what is looked for)
        answer, wrong = "failed", "".join(traceback.format_exception_only(error)).strip() + _where(error)
    seconds, more = time.monotonic() - started, _peak_bytes() - before
    figures.answers[f"{material.kind} {answer}"] += 1
    if seconds > figures.slowest_seconds:
        figures.slowest_seconds, figures.slowest_index = seconds, index
    figures.most_resident_bytes = max(figures.most_resident_bytes, more)
    child = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    if not wrong and more > MOST_RESIDENT_BYTES:
        wrong = f"{more / 2**20:.0f} MiB more memory"
    if not wrong and child > MOST_CHILD_BYTES:
        wrong = f"a child of {child / 2**20:.0f} MiB"
    figures.child_bytes = max(figures.child_bytes, child)
    if wrong:
        figures.failures.append(Failure(index, how, wrong))


def _where(error: BaseException) -> str:
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f" at {Path(frame.filename).name}:{frame.lineno}"


def _forget_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5")


def _peak_bytes() -> int:
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


def _kept(folder: Path, seed: int, failures: list[Failure], materials: list[Material]) -> None:
    """Each failing input as a file, and beside it what was wrong and how to judge it again."""
    folder.mkdir(parents=True, exist_ok=True)
    for failure in failures:
        material, how, data = made(seed, failure.index, materials)
        path = folder / f"{seed}-{failure.index}-{material.name.replace('/', '-')}"
        path.write_bytes(data)
        again = f"python -m tests.fuzzing --seed {seed} --only {failure.index}"
        path.with_name(path.name + ".txt").write_text(f"{how}\n{failure.reason}\n{again}\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--inputs", type=int, default=20_000)
    parser.add_argument("--shards", type=int, default=1)
    parser.add_argument("--only", type=int, help="judge this one input, with its traceback")
    parser.add_argument("--keep", type=Path, default=None, help="folder for inputs that fail")
    asked = parser.parse_args()
    if asked.only is None:
        print("\n".join(hunt(asked.seed, asked.inputs, asked.shards, asked.keep).lines()))
        return
    with tempfile.TemporaryDirectory() as scratch:
        materials = everything(Path(scratch) / "materials")
        material, how, data = made(asked.seed, asked.only, materials)
        print(f"{material.name}: {how}, {len(data)} bytes")
        (Path(scratch) / "place").mkdir()
        print(*judge(material, data, Path(scratch) / "place"))


if __name__ == "__main__":
    main()
