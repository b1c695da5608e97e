"""The recipe: YAML to a Chain, a Chain to a plan of passes, a plan to sound. The stock chains lie here as YAML.

chain = Chain.load("radio")                 a value: steps, deliver, checks
plan(chain.working_steps, info).lines()     what a run would do
render_chain(chain, source).blocks()        the run, in blocks
run(chain, audio)                           the same, for a signal in memory
"""

from __future__ import annotations

from songkit.chains.chain import Bounds, Chain, split_tail, step_name
from songkit.chains.contents import contents
from songkit.chains.figures import FIGURES, Figure
from songkit.chains.linting import Lint, lint
from songkit.chains.loader import stock_names
from songkit.chains.planner import plan
from songkit.chains.plans import Plan
from songkit.chains.runner import Rendered, render, render_chain, run
from songkit.chains.vocabulary import schema

__all__ = [
    "FIGURES",
    "Bounds",
    "Chain",
    "Figure",
    "Lint",
    "Plan",
    "Rendered",
    "contents",
    "lint",
    "plan",
    "render",
    "render_chain",
    "run",
    "schema",
    "split_tail",
    "step_name",
    "stock_names",
]
