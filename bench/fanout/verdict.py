"""verdict.py - what several rounds say of one figure: its median, how far it wanders, and whether a goal is met.

Why      on a shared machine one and the same case came out at 0.76 and at 1.17 of a peer in two runs. A median alone hides that:
         a goal that lies within what the rounds wandered over is neither met nor missed.
Spread   the rounds that hold the true median nine times out of ten, whatever its distribution (a sign test): all of up to seven
         rounds, and all but the outermost of more. Fewer than five rounds cannot promise as much; theirs is all of them.
"""
import math
import statistics
from dataclasses import dataclass

ROUNDS_MIN = 3  # fewer decide nothing
CONFIDENCE = 0.9

MET, MISSED, UNDECIDED = "met", "**missed**", "not decided"


@dataclass(frozen=True)
class Spread:
    low: float
    median: float
    high: float
    rounds: int

    def text(self, digits=2):
        """"0.97 [0.91 .. 1.04]"; one round has no spread to show."""
        middle = f"{self.median:,.{digits}f}"
        return middle if self.rounds < 2 else f"{middle} [{self.low:,.{digits}f} .. {self.high:,.{digits}f}]"


def outside(rounds, dropped):
    """How likely the true median lies outside of what is left when so many of the lowest, and of the highest, are dropped."""
    return 2 * sum(math.comb(rounds, below) for below in range(dropped + 1)) / 2 ** rounds


def left_out(rounds):
    """How many of the lowest, and of the highest, may be dropped."""
    dropped = 0
    while dropped + 1 < rounds / 2 and outside(rounds, dropped + 1) <= 1 - CONFIDENCE:
        dropped += 1
    return dropped


def spread(values):
    """Of one figure over its rounds; nothing when there is no round."""
    ordered = sorted(values)
    if not ordered:
        return None
    outer = left_out(len(ordered))
    inner = ordered[outer:len(ordered) - outer]
    return Spread(inner[0], statistics.median(ordered), inner[-1], len(ordered))


def verdict(measured, at_least=None, at_most=None):
    """Met or missed where the whole spread lies on one side of the goal; else not decided."""
    if measured.rounds < ROUNDS_MIN:
        return UNDECIDED
    if at_least is not None:
        good, bad = measured.low >= at_least, measured.high < at_least
    else:
        good, bad = measured.high <= at_most, measured.low > at_most
    return MET if good else MISSED if bad else UNDECIDED
