"""progress.py - how far a run is, and how much time is left, from what its parts were thought to cost.

Each part is given the seconds that it should take; what they really took corrects the estimate as the run goes on. A part whose
real cost is not known beforehand (a build, a program that ends when it likes) is guessed: the correction sees to the rest.
"""
import time


def duration(seconds):
    """"45 s", "12 min", "1 h 05 min"."""
    seconds = max(0, round(seconds))
    if seconds < 90:
        return f"{seconds} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


class Progress:
    def __init__(self, planned, now=time.monotonic):
        """`planned`: seconds of all parts together."""
        self.now = now
        self.planned, self.done = planned, 0.0
        self.began = now()

    def finished(self, planned):
        """A part that was thought to take so long is over."""
        self.done += planned

    def left(self):
        """Seconds; before anything is done it is the plan."""
        rest = max(self.planned - self.done, 0.0)
        return rest * (self.now() - self.began) / self.done if self.done > 0 else rest

    def text(self):
        share = 1.0 if self.planned <= 0 else min(self.done / self.planned, 1.0)
        return f"{share:3.0%} done, {duration(self.left())} left"
