"""Work in child processes, several at once, ended for certain: `run` gives tasks to children and yields how they ended.

task      what a child does: a function by its address, and plain values for it
child     the life of the process
parent    starts children, hears them, ends them
failure   why one gave no result
"""

from __future__ import annotations

from songkit.children.failure import ChildBugError, Failure
from songkit.children.parent import Outcome, cores, run
from songkit.children.task import Task

__all__ = ["ChildBugError", "Failure", "Outcome", "Task", "cores", "run"]
