"""What is asked for, settled and checked before a sample is touched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from songkit.atomic import check_output
from songkit.blocks import info_of
from songkit.chains import Chain, plan
from songkit.errors import OutputError
from songkit.files import FileSource, open_source
from songkit.master.processor import Processor
from songkit.targets import Target


@dataclass(frozen=True, slots=True)
class Order:
    """Everything that is decided before a sample is touched; `plan` and `--dry-run` end here."""

    source: FileSource
    chain: Chain
    outputs: tuple[tuple[Path, Target], ...]
    force: bool = False

    @property
    def asked_lufs(self) -> float | None:
        return _last_value(self.chain.working_steps, "target_lufs")

    @property
    def asked_ceiling_dbtp(self) -> float | None:
        return _last_value(self.chain.working_steps, "ceiling_dbtp")

    def to_dict(self) -> dict[str, Any]:
        """Plain values for strict JSON: what would be read, done and written."""
        return {
            "source": str(self.source.info.path),
            "chain": {"name": self.chain.name, "hash": self.chain.hash},
            "plan": plan(self.chain.working_steps, info_of(self.source), mix=self.chain.mix, latency=True).to_dict(),
            "outputs": [{"path": str(path), "target": target.model_dump(mode="json")} for path, target in self.outputs],
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
    force: bool = False,
) -> Order:
    """Opens the source, settles the chain and the outputs, and checks all that needs no processing.

    `output` replaces the chain's deliver list by that one file (its folder must exist); `output_dir` keeps the list
    and is made where missing; `stem` names its files instead of the source's own stem. Raises InputError, ChainError,
    OutputError.
    """
    settled = Chain.load(chain) if isinstance(chain, str) else chain
    if target_lufs is not None or ceiling_dbtp is not None:
        settled = settled.with_loudness(target_lufs=target_lufs, ceiling_dbtp=ceiling_dbtp)
    source = open_source(Path(path))
    if output is not None:
        outputs: tuple[tuple[Path, Target], ...] = ((Path(output), Target.for_path(output)),)
    else:
        folder = source.info.path.parent if output_dir is None else Path(output_dir)
        outputs = tuple(_output_paths(folder, stem or source.info.path.stem, settled.deliver or (Target(),)).items())
    for target_path, target in outputs:
        if target_path.exists() and target_path.samefile(source.info.path):
            raise OutputError(f"{target_path} is the source itself", "choose another name with -o")
        if output_dir is None or target_path.parent.is_dir():
            check_output(target_path, force=force)
        target.format_for(source.format)
    return Order(source, settled, outputs, force)


def _last_value(steps: Sequence[Processor], field: str) -> float | None:
    values = [getattr(step, field, None) for step in steps if not step.bypass]
    return next((value for value in reversed(values) if value is not None), None)


def _output_paths(folder: Path, stem: str, targets: Sequence[Target]) -> dict[Path, Target]:
    """`<stem>.master.<suffix>` for each entry of the deliver list."""
    paths: dict[Path, Target] = {}
    for target in targets:
        path = folder / f"{stem}.master{target.suffix}"
        if path in paths:  # two entries of one format: the later ones say how they differ
            path = folder / f"{stem}.master-{_label(target)}{target.suffix}"
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
    )
    return "-".join(str(part) for part in parts if part) or "source"
