#!/usr/bin/env python3
"""verdict_test.py - spreads and verdicts over made-up rounds, and the time that is left of a made-up run."""
import json
import pathlib
import tempfile
import unittest

import progress
import table
import verdict


class Spreads(unittest.TestCase):
    def test_up_to_seven_rounds_count_all_of_them(self):
        for rounds in range(1, 8):
            self.assertEqual(verdict.left_out(rounds), 0, rounds)

    def test_more_rounds_leave_the_outermost_out(self):
        self.assertEqual(verdict.left_out(8), 1)
        self.assertEqual(verdict.left_out(11), 2)
        held = verdict.spread([9, 1, 5, 5, 5, 5, 5, 100])
        self.assertEqual((held.low, held.median, held.high), (5, 5, 9))

    def test_what_is_left_out_leaves_nine_in_ten(self):
        self.assertAlmostEqual(verdict.outside(5, 0), 1 / 16)  # all five on one side: 2 in 32
        for rounds in range(5, 60):
            outer = verdict.left_out(rounds)
            self.assertLessEqual(verdict.outside(rounds, outer), 0.1)
            self.assertGreater(verdict.outside(rounds, outer + 1), 0.1)

    def test_nothing_has_no_spread_and_one_round_shows_none(self):
        self.assertIsNone(verdict.spread([]))
        self.assertEqual(verdict.spread([1.5]).text(), "1.50")
        self.assertEqual(verdict.spread([1.5, 1.25]).text(), "1.38 [1.25 .. 1.50]")


class Verdicts(unittest.TestCase):
    def test_a_goal_inside_the_spread_is_not_decided(self):
        self.assertEqual(verdict.verdict(verdict.spread([0.76, 1.17, 1.1]), at_least=1.0), verdict.UNDECIDED)
        self.assertEqual(verdict.verdict(verdict.spread([0.9, 1.2, 1.0]), at_most=1.0), verdict.UNDECIDED)

    def test_a_spread_on_one_side_decides(self):
        above, below = verdict.spread([1.0, 1.2, 1.1]), verdict.spread([0.7, 0.8, 0.9])
        self.assertEqual(verdict.verdict(above, at_least=1.0), verdict.MET)  # the goal itself is met
        self.assertEqual(verdict.verdict(below, at_least=1.0), verdict.MISSED)
        self.assertEqual(verdict.verdict(verdict.spread([1.01, 1.2, 1.1]), at_most=1.0), verdict.MISSED)
        self.assertEqual(verdict.verdict(verdict.spread([1.0, 0.8, 0.9]), at_most=1.0), verdict.MET)

    def test_two_rounds_decide_nothing(self):
        self.assertEqual(verdict.verdict(verdict.spread([5.0, 5.0]), at_least=1.0), verdict.UNDECIDED)


class Tables(unittest.TestCase):
    """A ratio in the table is of the same round, has its spread beside it, and a goal that straddles it is not decided."""

    def rows(self, ours, theirs):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "made-up.jsonl"
            with open(path, "w", encoding="utf-8") as out:
                for target, rates in (("ringside", ours), ("redis", theirs)):
                    for turn, rate in enumerate(rates):
                        out.write(json.dumps({
                            "case": "A", "target": target, "subscribers": 10, "round": turn, "mode": "lockstep",
                            "asked_per_second": 0, "seconds": 1, "deliveries": 1000, "per_second": rate, "server_cpu": 0.1,
                            "client_cpu": 0.1, "late_samples": 0, "p50_us": 0, "p99_us": 0, "p999_us": 0, "lost": 0,
                            "repeated": 0, "missing": 0}) + "\n")
            return table.markdown([path])

    def test_a_straddling_ratio_is_shown_with_its_spread_and_left_open(self):
        text = self.rows([76, 117, 110], [100, 100, 100])
        self.assertIn("1.10 [0.76 .. 1.17] (redis)", text)
        self.assertRegex(text, r"/ best peer \| 1\.10 \[0\.76 \.\. 1\.17\] \(redis\) \| at least 1\.0 \| not decided \|")

    def test_a_clear_ratio_is_decided(self):
        self.assertRegex(self.rows([150, 160, 140], [100, 100, 100]), r"at least 1\.0 \| met \|")
        self.assertRegex(self.rows([50, 60, 40], [100, 100, 100]), r"at least 1\.0 \| \*\*missed\*\* \|")

    def test_rounds_are_compared_with_themselves(self):
        # Both sides of a bad round are slow: the ratio does not notice.
        self.assertIn("1.20 [1.20 .. 1.20]", self.rows([120, 12, 60], [100, 10, 50]))


class Lefts(unittest.TestCase):
    def test_the_plan_is_corrected_by_what_parts_really_took(self):
        clock = [0.0]
        run = progress.Progress(100, now=lambda: clock[0])
        self.assertEqual(run.left(), 100)
        clock[0] = 20.0
        run.finished(10)  # twice as long as planned
        self.assertAlmostEqual(run.left(), 180)
        self.assertEqual(run.text(), "10% done, 3 min left")
        run.finished(90)
        self.assertEqual(run.left(), 0)

    def test_a_run_of_nothing_is_over(self):
        self.assertEqual(progress.Progress(0).text(), "100% done, 0 s left")

    def test_durations_read_like_people_say_them(self):
        said = [progress.duration(seconds) for seconds in (0.4, 89, 90, 3599, 3900)]
        self.assertEqual(said, ["0 s", "89 s", "2 min", "1 h 00 min", "1 h 05 min"])


if __name__ == "__main__":
    unittest.main()
