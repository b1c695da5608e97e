"""Takes and masters made again in a temporary folder, each of them once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from pydantic import ValidationError

from songkit import runs
from songkit.chains import Chain, contents, step_name
from songkit.deliver import Order, Papers, album_papers, carry_out, carry_out_album, papers_for
from songkit.errors import InputError, MissingError, NoValidTakeError
from songkit.files import open_source
from songkit.generate.contract import Request
from songkit.make.ledger import Ledger
from songkit.make.order import TakesOrder, settle_takes
from songkit.make.signing import take_record
from songkit.progress import Progress
from songkit.provenance import Record, SourceFile
from songkit.reproduce.compared import Rebuilt
from songkit.reproduce.records import Wanted
from songkit.targets import Target

# Steps that load programs or pickles: a record is no reason to run what it names.
LOADING = ("vst3", "stems")


class Workshop:
    """Where things are made again; `given` are the files that the user names as sources."""

    def __init__(self, folder: Path, given: Sequence[Path], progress: Progress) -> None:
        self._folder, self._given, self._progress = folder, given, progress
        self._takes: dict[tuple[str, bool], Rebuilt] = {}
        self._count = 0

    def make(self, wanted: Wanted, near: Path) -> Rebuilt:
        """The file made again. Sources are looked for among those given, then in `near` and around it."""
        record = wanted.record
        if record.made == "take":
            return self._take(record, told=wanted.told)
        if record.album:
            return self._track(wanted, near)
        return self._master(wanted, near)

    def _take(self, record: Record, *, told: bool) -> Rebuilt:
        """A take by its generator, in a run of its own. Raises MissingError where the generator cannot run here."""
        known = (record.key, told)
        if known not in self._takes or not record.key:
            order = _takes_order(record, self._new_folder(), told=told)
            with runs.open_run(order.folder, order.run_from) as run:
                ledger = Ledger(order, run, self._progress)
                ledger.make_takes(None)
            [made] = ledger.takes
            if made.take is None:
                raise NoValidTakeError(f"seed {made.seed} could not be made again: {made.reasons[0]}")
            self._takes[known] = Rebuilt(made.take.audio, take_record(order, made.seed, made.take.facts))
        return self._takes[known]

    def _master(self, wanted: Wanted, near: Path) -> Rebuilt:
        record = wanted.record
        order = self._order(wanted, _source_of(record), near)
        papers, notes = papers_for(order, record.extra_tags, told=wanted.told)
        result = carry_out(order, _as_it_was(papers, record), notes, self._progress)
        return Rebuilt(result.outputs[0].path, result.outputs[0].record)

    def _track(self, wanted: Wanted, near: Path) -> Rebuilt:
        """A track with the rest of its album, which decides how loud it is."""
        record = wanted.record
        orders = [self._order(wanted, source, near) for source in record.album]
        papers = album_papers(orders, record.extra_tags, told=wanted.told)
        papers[record.track] = _as_it_was(papers[record.track], record)
        [made] = carry_out_album(orders, papers, self._progress).tracks[record.track].outputs
        return Rebuilt(made.path, made.record)

    def _order(self, wanted: Wanted, source: SourceFile, near: Path) -> Order:
        chain, target = self._chain(wanted.record), _target_of(wanted.record)
        output = self._new_folder() / wanted.path.name
        return Order(open_source(self._found(source, near, told=wanted.told)), chain, ((output, target),))

    def _chain(self, record: Record) -> Chain:
        """The chain of the record, when all that it refers to is here as it was. Raises MissingError."""
        used = record.chain
        try:
            chain = None if used is None else Chain.model_validate(used.settings)
        except ValidationError as error:
            raise InputError(f"this songkit does not know the chain: {error.errors()[0]['msg']}") from None
        if used is None or chain is None or chain.hash != used.hash:
            raise InputError("the chain in the record is not the one that its hash names")
        given = {each.resolve() for each in self._given}
        for step in chain.working_steps:
            for path in step.files if step_name(step) in LOADING else ():
                if Path(path).resolve() not in given:
                    raise MissingError(
                        f"the chain loads {path}, which a file is no reason to trust", f"if you do: --source {path}"
                    )
        for path, sha256 in used.files.items():
            if not Path(path).exists():
                raise MissingError(f"{path}, which the chain refers to, is not here (SHA-256 {sha256})")
        for path, sha256 in contents(chain).items():
            if used.files.get(path) != sha256:
                raise MissingError(f"{path} is not what the chain referred to (SHA-256 {used.files.get(path)})")
        return chain

    def _found(self, source: SourceFile, near: Path, *, told: bool) -> Path:
        """The source's bytes, wherever they are; made again where they are a take or a master themselves."""
        for path in self._given:
            if path.is_file() and runs.file_sha256(path) == source.sha256:
                return path
        record = source.record
        if record is not None and record.made == "take":
            return self._take(record, told=told).path
        for path in _places(source.name, near):
            if path.is_file() and runs.file_sha256(path) == source.sha256:
                return path
        if record is not None:
            return self.make(Wanted(near / Path(source.name).name, record, told=told), near).path
        raise MissingError(f"{source.name} is not here (SHA-256 {source.sha256})", "say where it is with --source FILE")

    def _new_folder(self) -> Path:
        self._count += 1
        folder = self._folder / str(self._count)
        folder.mkdir()
        return folder


def _takes_order(record: Record, folder: Path, *, told: bool) -> TakesOrder:
    origin = record.generated
    try:
        request = None if origin is None else Request.from_dict(origin.request)
        seed = -1 if origin is None else int(origin.seed)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"the request in the record cannot be understood: {error}") from None
    if origin is None or request is None:
        raise InputError("the record of the take does not say what was asked for")
    return settle_takes(
        lyrics=request.lyrics,
        style=request.style,
        seconds=request.seconds,
        seeds=[seed],
        generator=origin.name,
        output_dir=folder / "run",
        options=request.options,
        title=record.extra_tags.get("title"),
        provenance=told,
    )


def _source_of(record: Record) -> SourceFile:
    if record.source is None:
        raise InputError("the record does not say what the file was made from")
    return record.source


def _target_of(record: Record) -> Target:
    try:
        return Target.model_validate(record.target)
    except ValidationError as error:
        raise InputError(f"the target in the record cannot be understood: {error.errors()[0]['msg']}") from None


def _as_it_was(papers: Papers, record: Record) -> Papers:
    """With the source by its old name, and as it told where it came from then."""
    made = papers.draft.source
    if made is None or record.source is None or made.sha256 != record.source.sha256:
        return papers
    return papers.with_source(record.source)


def _places(name: str, near: Path) -> Iterator[Path]:
    plain = Path(name).name  # a record names a file, not a way to it
    for folder in (near, near.parent, Path()):
        yield folder / plain
