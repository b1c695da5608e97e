"""What is asked for, settled and checked before a sample is touched."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path
from typing import Any

from songkit.atomic import check_folder, check_output
from songkit.blocks import SourceInfo, info_of
from songkit.chains import Chain, Plan, plan, split_tail
from songkit.deliver.asked import Asked
from songkit.errors import OutputError, UsageError
from songkit.ffmpeg import executable
from songkit.files import FileSource, open_source
from songkit.master.conversion import conversion
from songkit.master.processor import Processor
from songkit.targets import Target


@dataclass(frozen=True, slots=True)
class Order:
    """Everything that is decided before a sample is touched; `plan` and `--dry-run` end here."""

    source: FileSource
    chain: Chain
    outputs: tuple[tuple[Path, Target], ...]
    force: bool = False
    skip_existing: bool = False
    """Whether outputs that are done already are left alone, and others by their names moved aside."""
    programme: SourceInfo | None = None
    """What the steps work on where that is more than the source: all tracks of an album."""

    def planned(self) -> Plan:
        """The passes of the chain over the programme."""
        info = self.programme or info_of(self.source)
        return plan(self.chain.working_steps, info, mix=self.chain.mix, latency=True)

    @property
    def asked_lufs(self) -> float | None:
        return Asked.of(self.chain).lufs

    @property
    def asked_ceiling_dbtp(self) -> float | None:
        return Asked.of(self.chain).ceiling_dbtp

    def asked_of(self, target: Target) -> Asked:
        """What one of the outputs must keep: what it asks for itself, and the chain's where it does not."""
        return Asked.of(chain_for(self.chain, target))

    def to_dict(self) -> dict[str, Any]:
        """Plain values for strict JSON: what would be read, done and written."""
        outputs = [
            {"path": str(path), "target": target.model_dump(mode="json"), "asked": asdict(self.asked_of(target))}
            for path, target in self.outputs
        ]
        return {
            "source": str(self.source.info.path),
            "chain": {"name": self.chain.name, "hash": self.chain.hash},
            "plan": self.planned().to_dict(),
            "outputs": outputs,
        }


def order(
    path: Path | str,
    chain: Chain | str = "streaming",
    *,
    output: Path | str | None = None,
    output_dir: Path | str | None = None,
    stem: str | None = None,
    target_lufs: float | None = None,
    ceiling_dbtp: float | None = None,
    platforms: Sequence[str] = (),
    force: bool = False,
    skip_existing: bool = False,
) -> Order:
    """Opens the source, settles the chain and the outputs, and checks all that needs no processing.

    `output` replaces the chain's deliver list by that one file (its folder must exist); `output_dir` keeps the list
    and is made where missing; `stem` names its files instead of the source's own stem. `platforms` delivers the list
    once for each, at its loudness and ceiling. Raises InputError, ChainError, OutputError, UsageError, MissingError.
    """
    asked = opened(
        path,
        chain,
        output=output,
        output_dir=output_dir,
        stem=stem,
        target_lufs=target_lufs,
        ceiling_dbtp=ceiling_dbtp,
        platforms=platforms,
        force=force,
        skip_existing=skip_existing,
    )
    refuse_misfits(asked.chain, info_of(asked.source), [target for _, target in asked.outputs])
    return asked


def opened(
    path: Path | str,
    chain: Chain | str,
    *,
    output: Path | str | None = None,
    output_dir: Path | str | None = None,
    stem: str | None = None,
    target_lufs: float | None = None,
    ceiling_dbtp: float | None = None,
    platforms: Sequence[str] = (),
    force: bool = False,
    skip_existing: bool = False,
) -> Order:
    """As `order`, without asking whether the steps fit the signal: those of an album work on all its tracks at once."""
    settled = settle(chain, target_lufs=target_lufs, ceiling_dbtp=ceiling_dbtp, platforms=platforms)
    source = open_source(Path(path))
    outputs = destinations(path, settled, output=output, output_dir=output_dir, stem=stem, platforms=platforms)
    if output_dir is not None:
        check_folder(Path(output_dir))
    for target_path, _ in outputs:
        if target_path.exists() and target_path.samefile(source.info.path):
            raise OutputError(f"{target_path} is the source itself", "choose another name with -o")
        if output_dir is None or target_path.parent.is_dir():
            check_output(target_path, force=force or skip_existing)
    return Order(source, settled, outputs, force, skip_existing)


def refuse_misfits(chain: Chain, info: SourceInfo, targets: Iterable[Target]) -> None:
    """Plans the way to every target, so that what cannot run is said before anything does.

    Raises ChainError for a step that does not fit the signal where it stands, MissingError where ffmpeg is needed for
    an encoder and is not there.
    """
    planned: tuple[tuple[Processor, ...], Plan] | None = None
    for target in targets:
        head, tail = split_tail(chain_for(chain, target).working_steps)
        if planned is None or planned[0] != head:
            planned = head, plan(head, info, mix=chain.mix if head else 1.0)
        given = planned[1].info_out
        converted = conversion(given.format, target.format_for(given.format).format)
        plan((*converted, *tail), given, first_step=len(head) + 1 - len(converted))
        if not target.container.depths:
            executable()


def settle(
    chain: Chain | str, *, target_lufs: float | None, ceiling_dbtp: float | None, platforms: Sequence[str]
) -> Chain:
    """The chain at the loudness that was asked for. Raises ChainError, and UsageError where two say how loud."""
    settled = Chain.load(chain) if isinstance(chain, str) else chain
    if target_lufs is None and ceiling_dbtp is None:
        return settled
    if platforms:
        raise UsageError(
            f"{', '.join(platforms)}: a platform brings its own loudness and ceiling",
            "leave out --target-lufs and --true-peak, or --platform",
        )
    return settled.with_loudness(target_lufs=target_lufs, ceiling_dbtp=ceiling_dbtp)


def destinations(
    path: Path | str,
    chain: Chain,
    *,
    output: Path | str | None = None,
    output_dir: Path | str | None = None,
    stem: str | None = None,
    platforms: Sequence[str] = (),
) -> tuple[tuple[Path, Target], ...]:
    """The files that a source will become, in the chain's order; nothing is opened."""
    source = Path(path)
    if output is not None:
        if len(platforms) > 1:
            raise UsageError("-o names one file, but there are several platforms", "use --output-dir")
        return tuple((Path(output), target) for target in _per_platform([Target.for_path(output)], platforms))
    folder = source.parent if output_dir is None else Path(output_dir)
    targets = list(_per_platform(chain.deliver or (Target(),), platforms))
    return tuple(_output_paths(folder, stem or source.stem, targets).items())


def refuse_shared(sources: Iterable[tuple[Path, Iterable[tuple[Path, Target]]]]) -> None:
    """Raises OutputError where two sources would become one file, with the names of both."""
    owners: dict[Path, Path] = {}
    for source, outputs in sources:
        for path, _ in outputs:
            place = path.parent.resolve() / path.name
            if place in owners:
                both = f"{owners[place]} and {source}" if owners[place] != source else f"{source}, given twice,"
                raise OutputError(f"{both} would both be written to {path}", "rename one, or use another --output-dir")
            owners[place] = source


def chain_for(chain: Chain, target: Target) -> Chain:
    """The chain at the loudness and ceiling that this target asks for itself."""
    return chain.with_loudness(target_lufs=target.target_lufs, ceiling_dbtp=target.ceiling_dbtp)


def _per_platform(targets: Iterable[Target], platforms: Sequence[str]) -> Iterator[Target]:
    if not platforms:
        yield from targets
    for name, target in product(dict.fromkeys(platforms), targets):
        yield target.for_platform(name)


def _output_paths(folder: Path, stem: str, targets: Sequence[Target]) -> dict[Path, Target]:
    """`<stem>.master.<suffix>` for each entry of the deliver list, with `-<platform>` where there is one."""
    paths: dict[Path, Target] = {}
    for target in targets:
        named = f"{stem}.master-{target.platform}" if target.platform else f"{stem}.master"
        path = folder / f"{named}{target.suffix}"
        if path in paths:  # two entries of one format: the later ones say how they differ
            path = folder / f"{named}-{_label(target)}{target.suffix}"
        if path in paths:
            raise OutputError(f"{path} would be written twice", "the chain's deliver list names the same target twice")
        paths[path] = target
    return paths


def _label(target: Target) -> str:
    """What tells a target from another of the same format, as part of a file name."""
    parts = (
        target.bit_depth and (f"{target.bit_depth}bit" if isinstance(target.bit_depth, int) else target.bit_depth),
        target.sample_rate and f"{target.sample_rate}hz",
        target.bitrate_kbps and f"{target.bitrate_kbps}kbps",
        None if target.target_lufs is None or target.platform else f"{target.target_lufs:g}lufs",
    )
    return "-".join(str(part) for part in parts if part) or "source"
