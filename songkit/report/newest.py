"""Which file stands for the newest run: what it delivered first, or else its winning take."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from songkit import runs
from songkit.errors import UsageError

HINT = "name a file, or make a song first with `songkit make`"


def newest_file(root: Path = runs.DEFAULT_ROOT) -> Path:
    """The file of the newest run under `root`. Raises UsageError where there is no run, or none with a winner yet."""
    folder = runs.newest(root)
    if folder is None:
        raise UsageError(f"no file was named, and there is no run in {root}/", HINT)
    delivered = [path for path in runs.delivered_files(folder) if path.is_file()]
    if delivered:
        return delivered[0]
    take = _winning_take(folder)
    if take is None or not take.is_file():
        raise UsageError(f"no file was named, and the newest run, {folder}, has no winner yet", HINT)
    return take


def _winning_take(folder: Path) -> Path | None:
    """The audio of the take that the manifest names as the winner."""
    try:
        manifest: dict[str, Any] = json.loads((folder / runs.MANIFEST).read_text(encoding="utf-8"))
        winner = manifest["winner"]
        takes = [take for take in manifest["takes"] if take["seed"] == winner and take["audio"]]
        return folder / takes[0]["audio"] if takes else None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{folder / runs.MANIFEST} cannot be understood: {error}", HINT) from None
