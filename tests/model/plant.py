#!/usr/bin/env python3
"""plant.py - plants one bug at a time into a copy of ring/ or broker/meet/ and says which net catches it.

Each bug is one replacement of text in one file; a text that is not there exactly once is an error (--check, a test), so
the list cannot rot unseen. With --orders the bugs are not a list: every acquire, release and fence found in the source is
weakened, one at a time. Nets: unit, model (every order, store buffers), views (every order, C++'s release and acquire),
property, tsan (real threads, clang, several runs). It takes some minutes, so it is run by hand:
`python3 tests/model/plant.py [--orders] [--model ...] [name-part ...]`; the result stands in README.md. What runs with the
tests is cheaper: cases_test.cpp weakens each order in one program, without compiling anything again.
"""
import concurrent.futures
import pathlib
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
TSAN_RUNS = 10
FLAGS = ["-std=c++20", "-w", "-D_GNU_SOURCE"]
CPU_S_MAX = 60  # a good run takes a few seconds of CPU
HANGS_AFTER_S = 240

# name, file, what stands there, what a tired programmer might have written
BUGS = [
    ("ring: one slot too many", "spsc_ring.hpp",
     "<= mask_ + 1);\n    return mask_ + 1 -", "<= mask_ + 1);\n    return mask_ + 2 -"),
    ("ring: an array beyond the end", "spsc_ring.hpp",
     "items.data() + first, count - first, producer_slots_);", "items.data(), count - first, producer_slots_);"),
    ("ring: stage shows the item", "spsc_ring.hpp",
     "    ++staged_;\n    return true;", "    ++staged_;\n    publish();\n    return true;"),
    ("ring: position before item", "spsc_ring.hpp",
     "    producer_slots_[staged_ & mask_] = std::move(item);\n    ++staged_;\n    return true;\n",
     "    tail_.store(staged_ + 1, std::memory_order_release);\n"
     "    producer_slots_[staged_ & mask_] = std::move(item);\n    ++staged_;\n    return true;\n"),
    ("ring: slots given back first", "spsc_ring.hpp",
     "    const std::uint64_t at = taken_ & consumer_mask_;",
     "    head_.store(taken_ + count, std::memory_order_release);\n    const std::uint64_t at = taken_ & consumer_mask_;"),
    ("ring: foreign head never re-read", "spsc_ring.hpp",
     "    head_seen_ = head_.load(std::memory_order_acquire);", "    (void)head_.load(std::memory_order_acquire);"),
    ("bytes: padding not counted", "spsc_bytes.hpp",
     "      if (staged_ + padding + need - head_seen_ > capacity_) return nullptr;",
     "      if (staged_ + need - head_seen_ > capacity_) return nullptr;"),
    ("bytes: padding header forgotten", "spsc_bytes.hpp",
     "    if (padding_ != 0) put_header(static_cast<std::uint32_t>(padding_ - kHeaderBytes), kPadding);",
     "    if (padding_ != 0) staged_ += padding_;"),
    ("bytes: given back before read", "spsc_bytes.hpp",
     "      take(record);\n      taken_ += stride(record.size());",
     "      taken_ += stride(record.size());\n      head_.store(taken_, std::memory_order_release);\n      take(record);"),
    ("doorbell: no fence for the sleeper", "doorbell.hpp",
     "    sleeping_.store(1, std::memory_order_relaxed);\n    FenceOf<Atom>::full();",
     "    sleeping_.store(1, std::memory_order_relaxed);"),
    ("doorbell: no fence for the producer", "doorbell.hpp",
     "    FenceOf<Atom>::full();\n    // relaxed: the fence above orders it after the publication.\n", ""),
    ("doorbell: bell cleared without asking", "doorbell.hpp",
     "    if (sleeping_.exchange(0, std::memory_order_relaxed) == 0) return false;\n    wake();",
     "    sleeping_.store(0, std::memory_order_relaxed);\n"
     "    if (sleeping_.load(std::memory_order_relaxed) == 0) return false;\n    wake();"),
    ("seqlock: no odd number", "seqlock.hpp",
     "    sequence_.store(before + 1, std::memory_order_relaxed);", ""),
    ("seqlock: no second look", "seqlock.hpp",
     "    if (sequence_.load(std::memory_order_relaxed) != before) return std::nullopt;", ""),
    ("gate: no fence for the reader", "log_gate.hpp",
     "    FenceOf<Atom>::full();\n    // relaxed: the fence above orders it after the announcement",
     "    // relaxed: the fence above orders it after the announcement"),
    ("gate: head looked at before announcing", "log_gate.hpp",
     "    if (position < head) {\n      if (shown_ != before) show(before);\n      return false;\n    }\n", ""),
    ("gate: hold shown one segment late", "log_gate.hpp",
     "    if ((segment << segment_shift_) < before) show(segment << segment_shift_);",
     "    if ((segment << segment_shift_) < before) show((segment + 1) << segment_shift_);"),
    ("gate: cover reaches down too far", "log_gate.hpp",
     "    if (holds_ != 0 && position >= safe_from_) return", "    if (holds_ != 0) return"),
    ("gate: refused hold not withdrawn", "log_gate.hpp",
     "      if (shown_ != before) show(before);\n", ""),
    ("gate: rises while something is held", "log_gate.hpp",
     "    if (--count > 0) return;", "    if (--count > 0 && occupied_ == 0) return;"),
    ("log: no fence for the writer", "event_log_impl.hpp", "  FenceOf<Atom>::full();\n", ""),
    ("log: gates looked at before head is raised", "event_log_impl.hpp",
     "  if (want > reserved_) {\n    reserved_ = want;",
     "  Position early = std::max(reserved_, want);\n"
     "  for (const Gate& gate : gates_) early = std::min(early, gate.lowest());\n"
     "  cleared_ = std::max(cleared_, early);\n  if (want > reserved_) {\n    reserved_ = want;"),
    ("log: gates forgotten", "event_log_impl.hpp",
     "  for (const Gate& gate : gates_) lowest = std::min(lowest, gate.lowest());\n", ""),
    ("log: only the first gate", "event_log_impl.hpp",
     "  for (const Gate& gate : gates_) lowest = std::min(lowest, gate.lowest());\n",
     "  if (!gates_.empty()) lowest = std::min(lowest, gates_[0].lowest());\n"),
    ("log: room one chunk too much", "event_log_impl.hpp",
     "  limit_ = cleared_ + capacity();", "  limit_ = cleared_ + chunk_ + capacity();"),
    ("log: unpublished bytes given up", "event_log_impl.hpp", "  if (must > published_) return false;\n", ""),
    ("log: commit shows the record", "event_log.hpp",
     "    staged_ += bytes;\n    claimed_ = 0;", "    staged_ += bytes;\n    publish();\n    claimed_ = 0;"),
    ("log: range cut inside a record", "event_log_impl.hpp",
     "    if (to + length - from > limit) break;\n    to += length;",
     "    if (to - from > limit) break;\n    to += length;"),
    ("log: jump in sequences not indexed", "event_log.hpp",
     "if (sequence != next_sequence_ || staged_ >= index_next_)", "if (staged_ >= index_next_)"),
    ("log: index published after tail", "event_log.hpp",
     "    published_ = staged_;\n    // R0 -> A0: the records are complete.\n"
     "    tail_.store(staged_, std::memory_order_release);",
     ""),
    ("log: overwritten index entry not noticed", "event_log_impl.hpp",
     "  if (claimed > oldest + index_mask_ + 1) return std::nullopt;\n", ""),
    ("meet: bell before the records are shown", "broker/meet/turn.hpp", "bool records = publish();", "bool records = true;"),
    ("meet: bell for records only", "broker/meet/turn.hpp", "if (told || records)", "if (records)"),
    ("meet: bell for tells only", "broker/meet/turn.hpp", "if (told || records)", "if (told)"),
    ("meet: any tell keeps awake", "broker/meet/tell_lane.hpp",
     "return head != nullptr && head->after_log_position <= read;", "return head != nullptr;"),
    ("meet: tell taken before its records", "broker/meet/tell_lane.hpp",
     "      if (follow(after) < after) break;", "      (void)follow(after);"),
    ("meet: slot given back before the tell is out", "broker/meet/tell_lane.hpp",
     "      T tell = std::move(*head);\n      ring_.pop();", "      ring_.pop();\n      T tell = std::move(*head);"),
    ("meet: image leaves out the spill", "broker/meet/log_writer.hpp",
     "return log_.next_position() + waiting();", "return log_.next_position();"),
    ("meet: a record overtakes the spill", "broker/meet/log_writer.hpp",
     "    if (blocked()) return scratch_;  // behind what waits already\n", ""),
    ("meet: a record of the spill is left out", "broker/meet/log_writer.hpp",
     "      spill_at_ += bytes;", "      spill_at_ = spill_.size();"),
    ("meet: a tell overtakes the backlog", "broker/meet/tell_out.hpp",
     "if (backlog_.empty() && lane_.has_room())", "if (lane_.has_room())"),
    ("meet: the backlog waits for ever", "broker/meet/tell_out.hpp",
     "while (!backlog_.empty() && lane_.has_room())", "while (!backlog_.empty() && backlog_.size() > 1 && lane_.has_room())"),
    ("meet: lost without a cut", "broker/meet/tell_out.hpp",
     "    if (cuts_.emplace(tell.to.session_number, tell.to).second) ++counters_.cuts;\n", ""),
    ("meet: a cut overtakes the backlog", "broker/meet/tell_out.hpp",
     "while (backlog_.empty() && !cuts_.empty() && lane_.has_room())", "while (!cuts_.empty() && lane_.has_room())"),
]
# The replacement above that moves a line to another place.
SECOND = {
    "meet: bell before the records are shown": (
        "broker/meet/turn.hpp", "    if (told || records) wake(reactor);\n  }\n",
        "    if (told || records) wake(reactor);\n  }\n  (void)publish();\n"),
    "log: index published after tail": (
        "event_log.hpp", "    if (index_published_ != index_count_) {",
        "    published_ = staged_;\n    tail_.store(staged_, std::memory_order_release);\n"
        "    if (index_published_ != index_count_) {"),
}

RING = ["ring/event_log.cpp", "ring/mirrored_memory.cpp"]
MODEL = ["ring/mirrored_memory.cpp"] + ["tests/model/%s.cpp" % n for n in (
    "cases_test", "doorbell_model", "event_log_model", "meet_model", "seqlock_model", "spsc_bytes_model", "spsc_ring_model")]
ONLY = {"model": "*HoldsWithStoreBuffers*", "views": "*HoldsUnderViews*"}
NETS = {
    "unit": (["g++", "-O1"], RING + ["tests/unit/ring/%s_test.cpp" % n for n in (
        "doorbell", "event_log", "log_gate", "seqlock", "spsc_bytes", "spsc_ring")], 1),
    "model": (["g++", "-O1"], MODEL, 1),
    "views": (["g++", "-O1"], MODEL, 1),
    "property": (["g++", "-O1"], RING + ["tests/property/ring_property.cpp"], 1),
    "tsan": (["clang++-14", "-O1", "-fsanitize=thread"], RING + ["tests/unit/ring/ring_threads_test.cpp"], TSAN_RUNS),
}


def orders():
    """Every order in ring/ that could be weaker, as a bug: (name, file, line number, the line weakened)."""
    found = []
    for path in sorted((ROOT / "ring").glob("*.?pp")):
        if path.name == "fence.hpp":
            continue
        for number, line in enumerate(path.read_text().split("\n"), 1):
            code = line.split("//")[0]
            weak = re.sub(r"memory_order_(acquire|release|acq_rel|seq_cst)", "memory_order_relaxed", code)
            weak = re.sub(r"FenceOf<Atom>::full\(\)", "std::atomic_thread_fence(std::memory_order_acq_rel)", weak)
            weak = re.sub(r"FenceOf<Atom>::(acquire|release)\(\);", "", weak)
            if weak != code:
                found.append((f"{path.name}:{number} `{code.strip()[:60]}`", path.name, number, weak))
    return found


def plant(folder, bug):
    if isinstance(bug[2], int):  # of orders()
        path = folder / "ring" / bug[1]
        lines = path.read_text().split("\n")
        lines[bug[2] - 1] = bug[3]
        return path.write_text("\n".join(lines))
    name, file, old, new = bug
    for path, before, after in [(file, old, new)] + ([SECOND[name]] if name in SECOND else []):
        planted = folder / (path if "/" in path else "ring/" + path)
        text = planted.read_text()
        if text.count(before) != 1:
            raise SystemExit(f"{name}: the text to replace stands {text.count(before)} times in {path}")
        planted.write_text(text.replace(before, after))


def limit_cpu():
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S_MAX, CPU_S_MAX + 1))


def precompile(folder):
    """GoogleTest's header once per compiler and flags: it is most of what each file costs."""
    for compiler, _, _ in NETS.values():
        name = folder / "-".join(compiler).replace("+", "x")
        if name.exists():
            continue
        name.mkdir()
        (name / "pre.hpp").write_text("#include <gtest/gtest.h>\n")
        suffix = "gch" if compiler[0] == "g++" else "pch"
        subprocess.run(compiler + FLAGS + ["-x", "c++-header", str(name / "pre.hpp"), "-o", str(name / f"pre.hpp.{suffix}")],
                       check=True)


def pre_included(compiler, headers):
    name = headers / "-".join(compiler).replace("+", "x")
    return ["-include", str(name / "pre.hpp")]


def run_net(folder, net, headers):
    """-> 'caught', 'n/m' runs, 'hangs' (the time-out catches it), '-' (passed) or 'does not build'."""
    compiler, sources, runs = NETS[net]
    program = folder / net
    build = subprocess.run(
        compiler + FLAGS + pre_included(compiler, headers) + [
            "-I.", f'-DRING_FOLDER="{folder}/ring"', "-o", str(program), *sources,
            "-lgtest", "-lgtest_main", "-lpthread"], cwd=folder,
        capture_output=True, text=True)
    if build.returncode != 0:
        return "does not build: " + build.stderr.split("\n")[0]
    caught = 0
    for _ in range(runs):
        try:
            done = subprocess.run(
                [program, "--gtest_fail_fast", "--gtest_brief=1", "--gtest_filter=" + ONLY.get(net, "*")], cwd=folder,
                timeout=HANGS_AFTER_S, capture_output=True, preexec_fn=limit_cpu)
        except subprocess.TimeoutExpired:
            return "hangs"
        if done.returncode in (-signal.SIGXCPU, -signal.SIGKILL):
            return "hangs"
        caught += done.returncode != 0
    return "-" if caught == 0 else "caught" if runs == 1 else f"{caught}/{runs}"


def try_bug(bug, headers):
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for part in ("core/base", "ring", "broker/meet", "tests/model", "tests/property", "tests/unit/ring"):
            shutil.copytree(ROOT / part, folder / part)
        shutil.copy(ROOT / "core/random.hpp", folder / "core/random.hpp")
        if bug is not None:
            plant(folder, bug)
        return {net: run_net(folder, net, headers) for net in NETS}


def check():
    """Whether every bug can still be planted: its text stands exactly once."""
    for bug in BUGS:
        with tempfile.TemporaryDirectory() as name:
            for part in ("ring", "broker/meet"):
                shutil.copytree(ROOT / part, pathlib.Path(name) / part)
            plant(pathlib.Path(name), bug)
    print(f"{len(BUGS)} bugs can be planted, {len(orders())} orders weakened")


def main():
    if "--check" in sys.argv[1:]:
        return check()
    nets = [a[2:] for a in sys.argv[1:] if a[2:] in NETS]
    for net in list(NETS):
        if nets and net not in nets:
            del NETS[net]
    parts = [a for a in sys.argv[1:] if not a.startswith("--")]
    wanted = [b for b in (orders() if "--orders" in sys.argv[1:] else BUGS) if not parts or any(part in b[0] for part in parts)]
    print("| planted bug | " + " | ".join(NETS) + " |\n|---|" + "---|" * len(NETS), flush=True)
    missed = 0
    with tempfile.TemporaryDirectory() as kept, concurrent.futures.ThreadPoolExecutor(2) as pool:
        headers = pathlib.Path(kept)
        precompile(headers)
        results = pool.map(lambda bug: try_bug(bug, headers), [None] + wanted)
        for name, result in zip(["(none)"] + [b[0] for b in wanted], results):
            print(f"| {name} | " + " | ".join(result.values()) + " |", flush=True)
            missed += name != "(none)" and set(result.values()) == {"-"}
    print(f"\n{len(wanted)} planted, {len(wanted) - missed} caught by at least one net")


if __name__ == "__main__":
    main()
