#!/usr/bin/env python3
"""smoke_test.py BUILD - the fan-out suite at sizes that say nothing: nothing may be lost, doubled or left running.

Asserts no time. Runs ringsided and the floors only; the peers have no place in a test. Also: a server that dies in mid-run,
one that does not start and one that is not there cost their own rows, and the table still comes.
"""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import servers
import suite
import table


def arguments(**changed):
    return argparse.Namespace(**{"rounds": 1, "seconds": 0.05, "message_bytes": 264, "targets": [], "subscribers": [20],
                                 "modes": [], "ringsided": None, "before": None, **changed})


def check(condition, what):
    if not condition:
        sys.exit(f"smoke_test: {what}")


def run(build, path, cases, **changed):
    """The suite's records of some cases."""
    said = []
    with open(path, "w", encoding="utf-8") as out:
        tried = suite.Suite(arguments(**changed), build, out)
        tried.say = said.append
        try:
            tried.run(cases)
        finally:
            tried.close()
    rounds = [line for line in said if "round 1 of 1" in line]
    check(rounds and "100% done, 0 s left" in rounds[-1], f"the last round does not end the plan: {rounds}")
    return [json.loads(line) for line in path.read_text().splitlines()], tried


def nothing_is_missing(build, path):
    targets = servers.OURS + servers.ONE_THREAD + servers.FLOORS
    records, tried = run(build, path, "abcems", targets=targets)
    check(not tried.absent and not tried.failures, f"some did not run: {tried.absent} {tried.failures}")
    measured = [r for r in records if "per_second" in r]
    check({r["target"] for r in measured} == set(targets), "not every target was measured")
    for record in measured:
        check(record["deliveries"] > 0, f"nothing was delivered: {record}")
        check(record["lost"] + record["repeated"] + record["missing"] == 0, f"messages are missing or doubled: {record}")
    text = table.markdown([path])
    check("one at a time, in one thread" in text and "B, 20" in text, "the table lacks rows")


def others_go_on(build, path):
    """Three that fail, each in its own way, in front of one that does not."""
    class Planted(servers.Start):
        def target(self, name):
            if name == "redis":  # dies once the client has come to it
                return "floor", self.dying
            if name == "nats":
                return "nats", lambda size, feed: self._server("absent", [servers.find("no-such-program")])
            if name == "mosquitto":
                return "mqtt", lambda size, feed: self._ready(self._server("false", ["/bin/false"]))
            return super().target(name)

        def dying(self, size, _):
            server = self.floor(size, "epoll", "coalesced")
            server.process.kill()
            return server

    before = servers.Start
    servers.Start = Planted
    try:
        records, tried = run(build, path, "a", targets=["redis", "nats", "mosquitto", "floor-epoll"])
    finally:
        servers.Start = before
    check("not installed" in tried.absent.get("nats", ""), f"not said that it is not installed: {tried.absent}")
    check("did not start" in tried.absent.get("mosquitto", ""), f"not said that it did not start: {tried.absent}")
    check(any(target == "redis" for target, _ in tried.failures), f"not said that it died: {tried.failures}")
    check(any(r.get("target") == "floor-epoll" for r in records), "the rest of the table did not come")
    text = table.markdown([path])
    check("no-such-program is not installed" in text, "the table does not say what is missing")


def refuses(folder):
    """What the command line must not take, and files that are not results."""
    program = pathlib.Path(__file__).resolve().parent.parent.parent / "tools" / "bench"
    junk = folder / "junk"
    junk.write_bytes(bytes(range(256)))
    for words in (["fanout", "--subscribers", "0"], ["fanout", "--rounds", "-1"], ["fanout", "--seconds", "0"],
                  ["fanout", "--case", "Z"], ["table", str(junk)], ["table", str(folder / "missing")]):
        done = subprocess.run([sys.executable, str(program), *words], capture_output=True, text=True, timeout=60, check=False)
        check(done.returncode != 0, f"{words} was taken: {done.stdout}")
        check("Traceback" not in done.stderr, f"{words}: {done.stderr}")


def children():
    mine = pathlib.Path("/proc/self/task").glob("*/children")
    return [word for file in mine for word in file.read_text().split()]


def main():
    build = sys.argv[1]
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "smoke.jsonl"
        nothing_is_missing(build, path)
        others_go_on(build, path)
        refuses(pathlib.Path(folder))
    check(not children(), f"left running: {children()}")
    print("the suite ran; nothing was lost, doubled or left running")


if __name__ == "__main__":
    main()
