"""suite.py - the cases of the end-to-end suite: which servers, how many subscribers, which loads, in interleaved rounds.

Every measurement becomes one line of JSON as soon as it is there; tables are made from such lines (table.py), so that an
interrupted run keeps what it has, and runs can be added up.
"""
import json
import subprocess
import sys

import progress
import servers
from servers import EACH, FLOORS, ONE_THREAD, OURS, PEERS, Missing


class ClientDied(Exception):
    """The client has given up; the text says why."""


ANSWER_S = 120  # the longest that the client may think about one question


class Client:
    """fanout_client, asked line by line."""

    def __init__(self, build, protocol, message_bytes, topics, agents, script):
        command = [f"{build}/bench/fanout_client", protocol, str(message_bytes), str(topics), str(agents), script]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        preexec_fn=servers.die_with_parent)
        self.feed_port = self._answer()["feed_port"]

    def ask(self, *words):
        try:
            self.process.stdin.write(" ".join(str(word) for word in words) + "\n")
            self.process.stdin.flush()
        except OSError as error:
            raise ClientDied("the client has ended") from error
        return self._answer()

    def _answer(self):
        with servers.killed_after(self.process, ANSWER_S):
            line = self.process.stdout.readline()
        if not line:
            raise ClientDied(f"the client has ended without a word, or said none in {ANSWER_S} s")
        answer = json.loads(line)
        if "error" in answer:
            raise ClientDied(answer["error"])
        return answer

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


class Pair:
    """A server and the client that measures it; `with` ends both."""

    def __init__(self, suite, target, topics=0, agents=400, script="agents", log_mib=None):
        suite.start.log_mib = log_mib
        protocol, start = suite.start.target(target)
        self.target = target
        self.client = Client(suite.build, protocol, suite.message_bytes, topics, agents, script)
        self.server = None
        try:
            self.server = start(suite.message_bytes, self.client.feed_port)
            self.client.ask("serve", self.server.port, self.server.feed, self.server.pid)
        except BaseException:
            self.close()
            raise

    def close(self):
        self.client.stop()
        if self.server is not None:
            self.server.stop()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


ONE_THREAD_MAX = 1000   # subscribers up to which the server of one thread is measured too
STALL_MESSAGES = 20_000  # more than a log of 4 MiB and a channel's ring of 1 MiB hold


class Suite:
    def __init__(self, arguments, build, out):
        self.build, self.out = build, out
        self.rounds, self.seconds = arguments.rounds, arguments.seconds
        self.message_bytes = arguments.message_bytes
        self.targets = arguments.targets
        self.subscribers = arguments.subscribers
        self.modes = arguments.modes
        self.start = servers.Start(build, (arguments.ringsided or "").split(), arguments.before)
        self.ours = OURS + [t for t in ("ringside-before", "ringside-epoll")
                            if t in arguments.targets or t == "ringside-before" and arguments.before]
        self.absent = {}  # target: why
        self.failures = []
        self.planning = None  # seconds gathered while the cases are only counted
        self.progress = progress.Progress(0)

    def run(self, cases):
        """The cases, one after another; after each round a line says how far it is."""
        self.planning = 0.0
        for case in cases:
            getattr(self, f"case_{case.lower()}")()
        planned, self.planning = self.planning, None
        self.progress = progress.Progress(planned)
        self.say(f"{len(cases)} cases, {progress.duration(planned)} by the plan")
        for case in cases:
            work = getattr(self, f"case_{case.lower()}")
            self.say(f"case {case.upper()}: {work.__doc__}")
            work()

    # ---- what is written down ----

    def write(self, record):
        self.out.write(json.dumps(record) + "\n")
        self.out.flush()

    def say(self, text):
        print(text, file=sys.stderr, flush=True)

    def missing(self, target, why, fatal=True):
        if target not in self.absent:
            self.say(f"  {target}: {why}")
            self.write({"absent": target, "why": why})
        if fatal:
            self.absent[target] = why
        elif (target, why) not in self.failures:
            self.failures.append((target, why))

    def chosen(self, targets):
        return [t for t in targets if (not self.targets or t in self.targets) and t not in self.absent]

    # ---- how it is run ----

    def each(self, case, number, targets, topics, opened, work, seconds, script="agents", log_mib=None):
        """One size: each target in turn, another one first in each round. A target that fails costs its own row.

        `seconds` of measuring is what one target is thought to need in one round, besides starting and opening it.
        """
        targets = self.chosen(targets)
        planned = seconds + 1.0 + number / 4000
        if self.planning is not None:
            self.planning += planned * len(targets) * self.rounds
            return
        for turn in range(self.rounds):
            for target in targets[turn % len(targets):] + targets[:turn % len(targets)] if targets else []:
                if target not in self.absent:
                    self.one(case, number, target, turn, (topics, script, log_mib), opened, work)
                self.progress.finished(planned)
            self.say(f"case {case}, {number:,}, round {turn + 1} of {self.rounds}: {self.progress.text()}")

    def one(self, case, number, target, turn, start, opened, work):
        """One target of one round."""
        topics, script, log_mib = start
        try:
            with Pair(self, target, topics, topics or 400, script, log_mib) as pair:
                opened(pair)
                for result in work(pair):
                    result.update(case=case, target=target, subscribers=number, round=turn)
                    self.write(result)
                    self.tell(result)
        except Missing as why:
            self.missing(target, str(why))
        except ClientDied as why:
            self.missing(target, f"case {case}, {number} subscribers: {why}", fatal=False)

    def tell(self, result):
        if "memory" in result:
            self.say(f"  {result['target']}: {result['memory']} ({result['sessions']} of them): {result['bytes_each']:.0f} bytes")
        if "per_second" not in result:
            return
        million = max(result["deliveries"], 1) / 1e6
        late = f", p50 {result['p50_us'] / 1e3:.2f} p99 {result['p99_us'] / 1e3:.2f} ms" if result["late_samples"] else ""
        bad = result["lost"] + result["repeated"] + result["missing"]
        self.say(f"  {result['case']} {result['subscribers']:>6} {result['mode']:<9} {result['asked_per_second'] / 1e3:>4.0f}k "
                 f"{result['target']:<17} {result['per_second'] / 1e3:>8.0f} k/s, CPU {result['server_cpu'] / million:6.3f} "
                 f"s/M, client busy {result['client_cpu'] / result['seconds']:.2f}{late}" + (f"  LOST {bad:.0f}" if bad else ""))

    def wanted(self, mode):
        return not self.modes or mode in self.modes

    def planned(self, **modes):
        """Seconds of those of these modes that are wanted."""
        return sum(seconds for mode, seconds in modes.items() if self.wanted(mode))

    # ---- the cases ----

    def case_a(self):
        """Everyone gets every update."""
        for number in self.subscribers or [10, 100, 1000, 4000]:
            def opened(pair, number=number):
                pair.client.ask("open", number, "all")
                pair.client.ask("settle")

            def work(pair):
                if self.wanted("lockstep"):
                    yield pair.client.ask("lockstep", self.seconds * 0.7)
                for rate in (50_000, 200_000):
                    if self.wanted(f"rate{rate // 1000}"):
                        yield pair.client.ask("rate", rate, self.seconds)
                if self.wanted("saturated"):
                    # Who sends each message by itself gathers nothing, and would only take long to come to an end.
                    yield pair.client.ask("saturated", self.seconds, 32 if pair.target in EACH + ["mosquitto"] else 1024)
            each = self.seconds
            small = ONE_THREAD if number <= ONE_THREAD_MAX else []
            self.each("A", number, self.ours + small + PEERS + FLOORS, 0, opened, work,
                      self.planned(lockstep=each * 0.7, rate50=each, rate200=each, saturated=each))

    def case_b(self):
        """Selective: each update for five of all."""
        for number in self.subscribers or [2000, 10000]:
            topics = number // 5

            def opened(pair, number=number):
                pair.client.ask("open", number, "topic")
                pair.client.ask("settle")

            def work(pair, topics=topics):
                if self.wanted("rate50"):
                    yield pair.client.ask("rate", 50_000, self.seconds)
                if self.wanted("saturated"):
                    # An agent is never owed more than a few kilobytes: that is what the window is for, not for a queue.
                    yield pair.client.ask("saturated", self.seconds, min(512, 16 * topics))
            self.each("B", number, self.ours + PEERS + EACH, topics, opened, work,
                      self.planned(rate50=self.seconds, saturated=self.seconds))

    def case_c(self):
        """Mixed: agents, supervisors of 50 agents each, monitors, all at 20 times the vendor's reference load."""
        agents = (self.subscribers or [2000])[0]
        supervisors, monitors = max(agents // 40, 1), max(agents // 20, 1)
        team = min(50, agents)

        def opened(pair):
            pair.client.ask("open", agents, "topic")
            pair.client.ask("open", supervisors, "supervisor", team)
            pair.client.ask("open", monitors, "all")
            pair.client.ask("settle")

        def work(pair):
            # 30 calls per agent and hour, 20 times that; 11 messages of the CTI Server per call.
            for times in (1, 20):
                result = pair.client.ask("messages", agents * 30 / 3600 * 11 * times, self.seconds)
                yield {**result, "load": f"{times} x reference"}
        self.each("C", agents + supervisors + monitors, self.ours, agents, opened, work,
                  2 * self.seconds, "calls")

    def case_s(self):
        """Supervisors: the calls of 2,000 agents, first without anybody who watches, then with 200 who watch 50 agents each."""
        agents = (self.subscribers or [2000])[0]
        supervisors, team = max(agents // 10, 1), min(50, agents)

        def opened(pair):
            pair.client.ask("open", agents, "topic")
            pair.client.ask("settle")

        def work(pair):
            rate = agents * 30 / 3600 * 11 * 20
            yield {**pair.client.ask("messages", rate, self.seconds * 3), "load": "20 x reference"}
            pair.client.ask("open", supervisors, "watch", team)
            pair.client.ask("settle")
            yield {**pair.client.ask("messages", rate, self.seconds * 3), "load": "20 x reference, watched"}
        self.each("S", agents + supervisors, self.ours, agents, opened, work, 6 * self.seconds + 2, "calls")

    def case_e(self):
        """Some stop reading: what the others notice, and what each costs."""
        for number in self.subscribers or [1000]:
            for percent in (1, 10):
                def opened(pair, number=number):
                    pair.client.ask("open", number, "all")
                    pair.client.ask("settle")

                def work(pair, percent=percent, number=number):
                    # The log and the rings are written all over first, so that what grows later is the sessions.
                    pair.client.ask("stall", 0, STALL_MESSAGES)
                    yield {**pair.client.ask("rate", 50_000, self.seconds * 2), "load": f"{percent} %, before"}
                    before = pair.server.resident_bytes()
                    stalled = pair.client.ask("stall", 100 // percent, STALL_MESSAGES)["stalled"]
                    yield {**pair.client.ask("rate", 50_000, self.seconds * 2), "load": f"{percent} % stalled"}
                    grown = (pair.server.resident_bytes() - before) / max(stalled, 1)
                    yield {"memory": f"a stalled session, {percent} %", "bytes_each": grown, "sessions": stalled}
                self.each("E", number, self.ours, 0, opened, work, 4 * self.seconds + 2, log_mib=4)

    def case_m(self):
        """Memory of sessions that are told nothing."""
        for kind, number in (("all", (self.subscribers or [8000])[0]), ("topic", (self.subscribers or [15000])[0])):
            def opened(pair):
                pass

            def work(pair, kind=kind, number=number):
                before = pair.server.resident_bytes()
                pair.client.ask("open", number, kind)
                grown = (pair.server.resident_bytes() - before) / number
                what = "monitor" if kind == "all" else "agent"
                yield {"memory": f"an idle {what} session", "bytes_each": grown, "sessions": number}
            targets = [t for t in ("ringside", "ringside-epoll") if not self.targets or t in self.targets]
            self.each("M", number, targets, (number + 4) // 5 if kind == "topic" else 0, opened, work, 1.0)

    def close(self):
        self.start.close()
