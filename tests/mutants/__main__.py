"""`python -m tests.mutants [AREA…] [--sample N]`: prints the changes that no test notices, area by area.

It takes a processor for minutes to hours: about four seconds for each change. `--sample` tries a random part of each
area; the same `--seed` tries the same part.
"""

import argparse
import random
from pathlib import Path

from tests.mutants.areas import AREAS, Area
from tests.mutants.changes import Mutant, mutants
from tests.mutants.trial import is_noticed, warm_up

ROOT = Path(__file__).parents[2]
JUDGED = Path(__file__).with_name("judged.txt")
GOAL = 92  # percent


def judged() -> dict[str, str]:
    """Return the mutants that need no test, each with the reason."""
    lines = [line for line in JUDGED.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    return {name: reason for name, _, reason in (line.rpartition(" | ") for line in lines)}


def of_area(area: Area, sample: int | None, seed: int) -> list[Mutant]:
    results = [each for file in area.files for each in mutants(file, (ROOT / file).read_text(encoding="utf-8"))]
    if sample is None or sample >= len(results):
        return results
    return sorted(random.Random(seed).sample(results, sample), key=lambda each: (each.file, each.line))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("areas", nargs="*", help=f"areas to try, by default all: {', '.join(AREAS)}")
    parser.add_argument("--sample", type=int, help="most changes to try in each area")
    parser.add_argument("--seed", type=int, default=1, help="seed of the sample")
    arguments = parser.parse_args()
    if unknown := set(arguments.areas) - set(AREAS):
        parser.error(f"there is no area {', '.join(sorted(unknown))}: choose from {', '.join(AREAS)}")
    warm_up()
    reasons, names = judged(), arguments.areas or list(AREAS)
    tried = {name: of_area(AREAS[name], arguments.sample, arguments.seed) for name in names}
    below = [name for name in names if not _try(name, AREAS[name], tried[name], reasons)]
    if below:
        raise SystemExit(f"Less than {GOAL} % noticed in: {', '.join(below)}")


def _try(name: str, area: Area, tried: list[Mutant], reasons: dict[str, str]) -> bool:
    """Try the mutants of an area, print the survivors and return True if the goal is met."""
    if is_noticed(None, area.tests, ROOT):
        raise SystemExit(f"The tests of {name} fail without a change: repair them first.")
    survivors = []
    for mutant in tried:
        if mutant.name not in reasons and not is_noticed(mutant, area.tests, ROOT):
            survivors.append(mutant)
            print(f"  {mutant.file}:{mutant.line}  {mutant.name.partition(' | ')[2]}", flush=True)
    equal = sum(mutant.name in reasons for mutant in tried)
    counted = len(tried) - equal
    percent = 100 * (counted - len(survivors)) / max(counted, 1)
    print(f"{name}: {percent:.0f} % of {counted} changes noticed ({equal} judged equal in effect)", flush=True)
    return percent >= GOAL


if __name__ == "__main__":
    main()
