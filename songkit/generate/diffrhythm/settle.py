"""Nothing left open before work begins: device, precision, threads, steps, and by which weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from songkit import children
from songkit.children import Task
from songkit.errors import InputError, UsageError
from songkit.generate.contract import Request
from songkit.generate.diffrhythm import library, room
from songkit.generate.diffrhythm.identity import identities
from songkit.generate.diffrhythm.options import STEPS, Options, Settled, read
from songkit.generate.diffrhythm.shape import frames_of, shape_beside
from songkit.progress import Progress
from songkit.runs import engine_versions, file_sha256

if TYPE_CHECKING:
    from songkit.generate.diffrhythm.precision import Place

ENGINES = ("torch", "muq", "transformers", "phonemizer", "espeakng-loader", "jieba", "pypinyin")
SETTLED = {"steps", "device", "precision", "threads", "batch", "models", "reference", "style_audio"}
UNNAMED_STYLE = "pop"
"""What an empty style asks for: the model knows no song without one."""


def settle(request: Request, at_once: int) -> Request:
    """The request with every option settled. A child looks at the machine, because torch stays out of this process.

    Takes that are made at the same time share the threads. Raises UsageError for options that cannot be, MissingError
    for a device or weights that are not here.
    """
    options = read(request.options)
    _check_segments(options, request.seconds)
    words = request.style or ("" if options.style_audio else UNNAMED_STYLE)
    shared = {"seconds": request.seconds, "style": words, "threads": max(1, children.cores() // at_once)}
    values = {"options": options.model_dump(mode="json"), **shared}
    (outcome,) = children.run([Task(f"{__name__}:look", values, "diffrhythm")])
    return replace(request, style=words, options=dict(outcome.value()))


def look(values: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    """The work of the child: the settled options, as plain values."""
    from songkit.generate.diffrhythm import style
    from songkit.generate.diffrhythm.precision import choose_place

    options = read(values["options"])
    models = None if options.models is None else options.models.absolute()
    parts = library.needed(values["seconds"])
    if library.find("mandarin", models) is not None:
        parts = (*parts, "mandarin")
    weights = identities(parts, models, progress)
    place = choose_place(options.device, options.precision)
    reference = options.reference and options.reference.absolute()
    recordings = tuple(path.absolute() for path in options.style_audio)
    settled = Settled(
        **options.model_dump(exclude=SETTLED),
        steps=options.steps or STEPS[options.quality],
        device=place.device.type,
        precision=place.precision.name,
        threads=options.threads or values["threads"],
        batch=options.batch or batch_for(options, values["seconds"], place),
        models=models,
        reference=reference,
        style_audio=recordings,
        style=style.parse(values["style"], recordings, options.style_mix).made_from(),
        place=str(place),
        weights=weights,
        reference_sha256=_sha256(reference),
        engines=engine_versions(*ENGINES),
    )
    return settled.model_dump(mode="json")


def batch_for(options: Options, seconds: float, place: Place) -> int:
    """As many seeds as a GPU holds; a processor gains nothing from more than one."""
    if place.device.type != "cuda" or not options.goes_together:
        return 1
    import torch

    weights = library.locate(library.network(seconds), options.models)
    frames = frames_of(seconds, shape_beside(weights, seconds).max_frames)
    whole = torch.cuda.get_device_properties(place.device).total_memory
    return room.seeds_that_fit(whole, frames, place.precision.heavy.itemsize)


def _check_segments(options: Options, seconds: float) -> None:
    for start, _ in options.segments:
        if start >= seconds:
            raise UsageError(f"segments: {start:g} s lies after the end of the song ({seconds:g} s)")


def _sha256(path: Path | None) -> str:
    if path is None:
        return ""
    try:
        return file_sha256(path)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}") from error
