"""One call over many files: every file is tried, a failure is kept beside the results and stops nothing.

each          in this process, one file after the other
each_apart    in child processes, several files at once; outcomes come in the order of the files all the same
master_each   `songkit.deliver.master_file` by either of them
analyze_each  `songkit.analysis.analyze_file` by either of them
"""

from __future__ import annotations

import base64
import pickle
import time
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from songkit.allocation import keep_freed_memory
from songkit.errors import QualityError, SongkitError
from songkit.progress import Overall, Progress, about, silent

if TYPE_CHECKING:
    from songkit.analysis import Analysis
    from songkit.chains import Chain
    from songkit.children import Failure
    from songkit.deliver import MasterResult, Order

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Outcome(Generic[T]):
    """What became of one file: a result, or the error that ended it, and how long that took."""

    path: Path
    result: T | None
    error: SongkitError | None
    seconds: float = 0.0


def each(paths: Iterable[Path], work: Callable[[Path], T]) -> Generator[Outcome[T], None, None]:
    """The outcome of `work` for each path, in order, as soon as it is there."""
    for path in paths:
        yield _outcome(path, work)


def each_apart(
    paths: Sequence[Path], address: str, settings: Mapping[str, Any], *, at_once: int, progress: Progress = silent
) -> Generator[Outcome[Any], None, None]:
    """The outcome of the function at `address` for each path, in order, `at_once` of them in processes beside this one.

    The function is called with a path, `progress` and the settings; these, its result and its errors are pickled on
    the way. A child that crashes is the outcome of its file, and another takes its place. Whoever stops iterating (an
    interrupt) ends all.
    """
    from songkit import children

    tasks = [
        children.Task(
            "songkit.batch:work_apart",
            {"call": _packed((address, path, dict(settings)))},
            path.name,
        )
        for path in paths
    ]
    waiting: dict[int, Outcome[Any]] = {}
    following = 0
    with closing(children.run(tasks, at_once=at_once, reuse=True, progress=progress)) as ended:
        for child in ended:
            if child.failure is None:
                waiting[child.index] = _unpacked(child.value()["outcome"])
            else:
                waiting[child.index] = Outcome(paths[child.index], None, _error(child.failure), child.seconds)
            while following in waiting:
                yield waiting.pop(following)
                following += 1


def work_apart(values: Mapping[str, Any], progress: Progress) -> dict[str, str]:
    """What a child of `each_apart` does."""
    keep_freed_memory()
    address, path, settings = _unpacked(values["call"])
    module, _, attribute = address.partition(":")
    work = getattr(import_module(module), attribute)
    return {"outcome": _packed(_outcome(path, lambda given: work(given, progress=progress, **settings)))}


def order_each(paths: Sequence[Path], chain: Chain | str, **settings: Any) -> Generator[Outcome[Order], None, None]:
    """The order of each path (see `songkit.deliver.order`), after a look at all: raises as `master_each` does."""
    from songkit.deliver import order

    settled = _settled(paths, chain, settings)
    return each(paths, lambda path: order(path, settled, **settings))


def master_each(
    paths: Sequence[Path], chain: Chain | str, *, jobs: int = 1, progress: Progress = silent, **settings: Any
) -> Generator[Outcome[MasterResult], None, None]:
    """Each path mastered as by `songkit.deliver.master_file`, `jobs` of them at the same time, outcomes in order.

    Of several files the whole is told of, too, as `Overall` does. Before work begins: raises ChainError for the chain,
    and OutputError where two of the files would become one.
    """
    from songkit.deliver import master_file

    settled = _settled(paths, chain, settings)
    if len(paths) == 1:
        return each(paths, lambda path: master_file(path, settled, progress=progress, **settings))
    overall = Overall(paths, progress)
    if jobs == 1:
        coming = each(paths, lambda path: master_file(path, settled, progress=about(overall, path.name), **settings))
    else:
        asked = {"chain": settled, **settings}
        coming = each_apart(paths, "songkit.deliver:master_file", asked, at_once=jobs, progress=overall)
    return _counted(coming, overall)


def _counted(coming: Generator[Outcome[T], None, None], overall: Overall) -> Generator[Outcome[T], None, None]:
    """The same outcomes; `overall` hears of each."""
    with closing(coming):
        for outcome in coming:
            overall.done(outcome.path)
            yield outcome


def analyze_each(
    paths: Sequence[Path], *, jobs: int = 1, progress: Progress = silent, **settings: Any
) -> Generator[Outcome[Analysis], None, None]:
    """Each path measured as by `songkit.analysis.analyze_file`, `jobs` of them at the same time, outcomes in order.

    Of several files the whole is told of, too, as `Overall` does, and the curves over time are left out: many results
    may have to wait for the first one.
    """
    from songkit.analysis import analyze_file

    if len(paths) == 1:
        return each(paths, lambda path: analyze_file(path, about(progress, path.name), **settings))
    overall, settings = Overall(paths, progress), {**settings, "curves": False}
    if jobs == 1:
        coming = each(paths, lambda path: analyze_file(path, about(overall, path.name), **settings))
    else:
        coming = each_apart(paths, "songkit.analysis:analyze_file", settings, at_once=jobs, progress=overall)
    return _counted(coming, overall)


@dataclass(frozen=True, slots=True)
class Failed:
    """A file that failed, by its reason alone: an error itself holds on to all that its work had open."""

    path: Path
    message: str
    exit_code: int
    is_quality: bool


class Tally:
    """What became of many files, and nothing of what was made of them, so that there may be thousands."""

    def __init__(self) -> None:
        self.files = 0
        self.failed: list[Failed] = []

    def add(self, outcome: Outcome[Any]) -> None:
        """One more file has ended."""
        self.files += 1
        if outcome.error is not None:
            is_quality = isinstance(outcome.error, QualityError)
            self.failed.append(Failed(outcome.path, outcome.error.message, outcome.error.exit_code, is_quality))

    @property
    def exit_code(self) -> int:
        """0 when all went well; a single file's own; of several 1 when any failed, 3 when only quality checks did."""
        if not self.failed:
            return 0
        if self.files == 1:
            return self.failed[0].exit_code
        return QualityError.exit_code if all(each.is_quality for each in self.failed) else 1


def exit_code(outcomes: Iterable[Outcome[T]]) -> int:
    """The exit code of all together, see `Tally.exit_code`."""
    tally = Tally()
    for outcome in outcomes:
        tally.add(outcome)
    return tally.exit_code


def _settled(paths: Sequence[Path], chain: Chain | str, settings: Mapping[str, Any]) -> Chain:
    """The chain, read once for all; refuses files that would share an output."""
    from songkit.chains import Chain
    from songkit.deliver import destinations, refuse_shared

    settled = Chain.load(chain) if isinstance(chain, str) else chain
    names = ("output", "output_dir", "stem", "platforms")
    where = {name: settings[name] for name in names if name in settings}
    refuse_shared((path, destinations(path, settled, **where)) for path in paths)
    return settled


def _outcome(path: Path, work: Callable[[Path], T]) -> Outcome[T]:
    began = time.monotonic()
    try:
        return Outcome(path, work(path), None, time.monotonic() - began)
    except SongkitError as error:
        return Outcome(path, None, error, time.monotonic() - began)


def _error(failure: Failure) -> SongkitError:
    """A child's failure as the error of its file; a bug of ours is raised, as it would be here."""
    error = failure.exception()
    if isinstance(error, SongkitError):
        return error
    raise error


def _packed(value: Any) -> str:
    return base64.b64encode(pickle.dumps(value)).decode("ascii")


def _unpacked(text: str) -> Any:
    """Both ends are this program: nothing else writes into the channel between them."""
    return pickle.loads(base64.b64decode(text))
