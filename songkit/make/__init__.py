"""From words to a delivered song: takes in child processes, validated, scored, the best one mastered.

order     what is asked for, settled and checked before any work
takes     each seed found again or made, validated, judged
delivery  the best take mastered, and the files in their place
result    what came of it, as a value and as the manifest
ledger    a run under way, and the manifest after every step
generate  takes only            edit      parts of a recording made anew
run       the way through all of these, resumable
history   the runs of a folder, as their manifests tell
"""

from __future__ import annotations

from songkit.make.edit import edit_song, parse_segments
from songkit.make.generate import generate_takes
from songkit.make.order import Order, TakesOrder, settle
from songkit.make.rank import RankedTake, Ranking, rank_run
from songkit.make.result import DeliveredFile, RunResult, TakeResult, TakesResult
from songkit.make.run import MakeCheckError, make_song

__all__ = [
    "DeliveredFile",
    "MakeCheckError",
    "Order",
    "RankedTake",
    "Ranking",
    "RunResult",
    "TakeResult",
    "TakesOrder",
    "TakesResult",
    "edit_song",
    "generate_takes",
    "make_song",
    "parse_segments",
    "rank_run",
    "settle",
]
