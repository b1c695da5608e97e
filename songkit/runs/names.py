"""What things are called in a folder of runs, and where to look for them."""

from __future__ import annotations

import json
import re
import unicodedata
from pathlib import Path
from typing import Any

from songkit.errors import OutputError

DEFAULT_ROOT = Path("runs")
MANIFEST, TAKE, SONG, DELIVERY = "manifest.json", "take.json", "song", "delivery.json"
ASIDE = "old-"
WORK, LOCK = ".work", ".lock"
SHORT_KEY = 6


def name_for(title: str, key: str) -> str:
    """A folder name from a title (a lyric sheet's stem, the style) and the key: `harbour-lights-3f2a9c`."""
    return f"{slug(title)}-{key[:SHORT_KEY]}"


def slug(title: str) -> str:
    """A title as a file name: letters and digits of any script, at most 40, `song` where there are none."""
    plain = unicodedata.normalize("NFKC", title).lower()
    return "-".join(re.findall(r"\w+", plain))[:40].strip("-_") or "song"


def newest(root: Path = DEFAULT_ROOT) -> Path | None:
    """The run folder under `root` whose manifest was written last, None where there is none."""
    manifests = [path for path in root.glob(f"*/{MANIFEST}") if path.is_file()]
    return max(manifests, key=lambda path: (path.stat().st_mtime_ns, path)).parent if manifests else None


def delivered_files(folder: Path) -> list[Path]:
    """The delivered files of a run, in the order of its chain's deliver list; empty where it was not finished.

    Raises OutputError when the record of them cannot be understood.
    """
    path = folder / SONG / DELIVERY
    record = read_record(path)
    if record is None:
        return []
    entries = record.get("files")
    names = [entry.get("name") for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else [None]
    if not all(isinstance(name, str) and Path(name).name == name for name in names):
        raise OutputError(f"{path} is not what songkit wrote", "move it away, or choose another folder with -o")
    return [path.parent / str(name) for name in names]


def read_record(path: Path) -> dict[str, Any] | None:
    """A JSON file that songkit wrote, None where there is none. Raises OutputError when it cannot be understood."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, RecursionError) as error:
        raise OutputError(f"{path} cannot be read: {error}", "move it away, or choose another folder with -o") from None
    if not isinstance(values, dict):
        raise OutputError(f"{path} is not what songkit wrote", "move it away, or choose another folder with -o")
    return values
