"""Run folders: what was made is found again by the key of what it was made from, and nothing is overwritten.

    runs/harbour-lights-3f2a9c/
      manifest.json         the request and where the run stands; written whole at every step
      seed-3/take.wav       a take under its seed's name, with its side files
      seed-3/take.json      its key, its sha256, what the generator says of it
      song/                 the delivered files, as a whole or not at all, with delivery.json
      .work/                what is being made; what is left there by an interrupted run may be used again
      old-1/                what stood in the way of this run and was set aside
      .lock                 held while a process works here

A folder gets its name only when everything in it is on the disk: whatever the moment of a `kill -9`, `seed-3` is there
with all it needs, or not at all.

keys    what a thing was made from, as a name        names  how folders are called, and which one is the newest
folder  an open run                                  takes  what lies under a seed's name
locks   one process at a time, in a folder or on an output
"""

from __future__ import annotations

from songkit.runs.folder import Run, open_run
from songkit.runs.keys import content_key, content_sha256, engine_versions, file_sha256
from songkit.runs.locks import locked_outputs
from songkit.runs.names import (
    DEFAULT_ROOT,
    DELIVERY,
    MANIFEST,
    SONG,
    TAKE,
    delivered_files,
    name_for,
    newest,
    read_record,
    slug,
)
from songkit.runs.takes import KeptTake

__all__ = [
    "DEFAULT_ROOT",
    "DELIVERY",
    "MANIFEST",
    "SONG",
    "TAKE",
    "KeptTake",
    "Run",
    "content_key",
    "content_sha256",
    "delivered_files",
    "engine_versions",
    "file_sha256",
    "locked_outputs",
    "name_for",
    "newest",
    "open_run",
    "read_record",
    "slug",
]
