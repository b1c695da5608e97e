"""The winner mastered and delivered into the run's `song` folder, which appears with all files in it or not at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from songkit.errors import QualityError
from songkit.make.order import Order
from songkit.make.result import DeliveredFile, TakeResult
from songkit.make.signing import comment, take_record, titles
from songkit.progress import Progress
from songkit.runs import Run, content_key, slug

if TYPE_CHECKING:
    from songkit.deliver import Delivered, MasterResult

Deliver = Callable[..., "MasterResult"]
"""`songkit.deliver.master_file`, or what a caller puts in its place."""


def found_again(
    order: Order, run: Run, winner: TakeResult, *, force: bool
) -> tuple[tuple[DeliveredFile, ...], tuple[str, ...]] | None:
    """The files that an earlier run delivered from the same take and chain, with their warnings; None without them.

    Other files in their place are set aside with `force`; without, OutputError.
    """
    record = run.delivery(_key(order, winner), force=force)
    if record is None:
        return None
    return tuple(_file(run, entry) for entry in record["files"]), tuple(record["warnings"])


def deliver(
    order: Order, run: Run, winner: TakeResult, master: Deliver | None, progress: Progress
) -> tuple[tuple[DeliveredFile, ...], tuple[str, ...], MasterResult]:
    """Masters the winner, and moves what was delivered to its place; failed checks are in the files' records.

    `master` None is `songkit.deliver.master_file`. Raises what that raises, but QualityError only where no file was
    delivered.
    """
    from songkit.deliver import master_file

    staged = run.fresh_work("song")
    if winner.take is None:
        raise ValueError("a winner has a take")
    try:
        result = (master or master_file)(
            winner.take.audio,
            order.chain,
            output_dir=staged,
            stem=slug(order.title),
            tags=_tags(order, winner),
            provenance=order.provenance,
            source_record=take_record(order, winner.seed, winner.take.facts),
            progress=progress,
        )
    except QualityError as error:
        delivered: MasterResult | None = getattr(error, "result", None)
        if delivered is None:
            run.discard(staged)
            raise
        result = delivered
    except BaseException:
        run.discard(staged)
        raise
    entries = [_entry(output) for output in result.outputs]
    run.deliver(staged, {"key": _key(order, winner), "files": entries, "warnings": list(result.warnings)})
    return tuple(_file(run, entry) for entry in entries), result.warnings, result


def _key(order: Order, winner: TakeResult) -> str:
    """Of all that the delivered files depend on: the take, the chain with what it refers to, the engines, the tags."""
    from songkit.chains import contents
    from songkit.deliver import versions_for
    from songkit.targets import Target

    values = {
        "take": winner.sha256,
        "chain": order.chain.hash,
        "files": sorted(contents(order.chain).values()),
        "versions": [versions_for(order.chain, target) for target in order.chain.deliver or (Target(),)],
        "tags": _tags(order, winner),
        "provenance": order.provenance,
    }
    return content_key(values)


def _entry(output: Delivered) -> dict[str, Any]:
    record = output.to_dict()
    del record["path"]  # the staged one; the file is found by its name
    failed = [str(check) for check in output.checks if not check.passed]
    return {"name": output.path.name, **record, "failed_checks": failed}


def _file(run: Run, entry: Mapping[str, Any]) -> DeliveredFile:
    record = {name: value for name, value in entry.items() if name not in ("name", "sha256")}
    return DeliveredFile(run.song / entry["name"], entry["sha256"], record)


def _tags(order: Order, winner: TakeResult) -> dict[str, str]:
    """What the delivered files say of the song to people."""
    tags = titles(order)
    return tags | {"comment": comment(order, winner.seed, order.chain.name)} if order.provenance else tags
