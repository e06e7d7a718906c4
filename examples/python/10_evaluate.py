"""What the router would have chosen for prompts with known outcomes, beside every constant router. Runs offline.

The first argument is a CSV file with the columns `prompt`, `m:NAME` (outcome, 0 to 1) and `cost:NAME` (US dollars) of
every model, the second a strategy. Without arguments it reads a small made-up table.
"""

import sys
from pathlib import Path

import clawrouters

table = sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parents[1] / "evaluation" / "table.csv"
strategy = sys.argv[2] if len(sys.argv) > 2 else "balanced"
told = clawrouters.evaluate(table, strategy)
print(f"{told.prompts} prompts")
for point in [told.chosen, *told.singles, told.oracle]:
    print(f"{point.name:<12} quality {point.quality:.3f}  ${point.cost:.6f}")
print(f"saved {told.saved_against_best:.0%} of what {told.best_single.name} alone costs")
if told.saved_against_zero is not None:
    print(f"saved {told.saved_against_zero:.0%} against the best blind mix of the same quality")
print(f"quality over all budgets: {told.aiq:.3f}, of blind mixes {told.zero_aiq:.3f}")
for kind, figures in told.kinds.items():
    print(f"  {kind}: {figures['prompts']:.0f} prompts, quality {figures['quality']:.3f}, ${figures['cost']:.6f}")
