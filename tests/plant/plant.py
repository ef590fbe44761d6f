#!/usr/bin/env python3
"""plant.py - plants bugs into a copy of the house and says which net catches which.

Usage: plant.py [--check] [--list] [--first] [--untried] [--copy DIR] [--jobs N] [--timeout S] [--nets a,b] [name-part ...]
All bugs (plants.py) go into one copy of the tree at once, each asleep until RINGSIDE_PLANT names it: one build serves them
all, and the product never sees any of it. --check only asks whether each text stands in its file exactly once; it is a
test, so the list cannot rot unseen. The result stands in README.md; it takes some minutes and is run by hand. Names choose
plants by a part of their name or by the beginning of their file. --first: the first net that catches a bug will do. --untried:
only those that have no row in README.md yet.
PLANT_MESON: further options for meson setup.
"""
import argparse
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import time
import zlib

from plants import PLANTS

ROOT = pathlib.Path(__file__).resolve().parents[2]

# net -> program, arguments, environment ($HERE: the copy); the cheap ones first
NETS = {
    "meet": ("tests/unit/broker/meet_test", [], {}),
    "requests": ("tests/unit/broker/requests_test", [], {}),
    "side": ("tests/unit/broker/fanout_side_test", [], {}),
    "fanout memory": ("tests/unit/broker/fanout_memory_test", [], {}),
    "watch memory": ("tests/unit/broker/watch_memory_test", [], {}),
    "watches": ("tests/property/watch_property_test", [], {}),
    "line": ("tests/unit/broker/line_test", [], {}),
    "line memory": ("tests/unit/broker/line_memory_test", [], {}),
    "fanout": ("tests/unit/broker/fanout_test", [], {"MALLOC_PERTURB_": "0"}),
    "time": ("tests/unit/core/log_test", ["--gtest_filter=Watchdog*:OwnClock*:LogFile*"], {}),
    "core": ("tests/unit/core/core_test",
             ["--gtest_filter=*TimerWheel*:*IoConformance*:*IoTrouble*:*M1_OutOfDescriptors*"], {}),
    "cil": ("tests/unit/cil/cil_test", [], {}),
    "property": ("tests/property/line_truth_test", [], {"RINGSIDE_SCENARIOS": "$HERE/tools/simulator/scenarios"}),
    "model": ("tests/model/ring_model", ["--gtest_filter=*/Meet*"], {}),
    "sim": ("tests/sim/first_call_sim", [], {"RINGSIDE_SEEDS": "1-100"}),
    "fuzz": ("tests/fuzz/cil_fuzz_replay", ["$HERE/tests/fuzz/corpus/cil_fuzz"], {}),
}
# beginning of the file -> its nets; the longest beginning counts
NETS_OF = {
    "broker/": ["line", "line memory", "property", "sim"],
    "broker/line_core_asks.cpp": ["requests", "watch memory", "watches", "line", "line memory", "property", "sim"],
    "broker/model/buttons.cpp": ["requests", "line", "property", "sim"],
    "broker/model/state_askers.hpp": ["requests", "line", "line memory", "property", "sim"],
    "broker/fanout/": ["side", "fanout", "fanout memory", "sim"],
    "broker/fanout/subscription.hpp": ["watches", "fanout", "fanout memory", "sim"],
    "broker/meet/": ["meet", "line", "fanout", "model", "sim"],
    "broker/requests/": ["requests", "watch memory", "watches", "line", "line memory", "sim"],
    "core/": ["time", "core"],
    "core/base/": ["line", "fanout"],
    "cil/": ["cil", "fuzz", "sim"],
}
# Goes into the copy only, never into a build of ours.
PLANTED = """// planted.hpp - which planted bug is awake.
#pragma once

#include <cstdlib>

inline bool planted(int number) {
  static const int awake = [] {
    const char* const text = std::getenv("RINGSIDE_PLANT");
    return text == nullptr ? 0 : std::atoi(text);
  }();
  return awake == number;
}
"""

ENDS = re.compile(r"^\[  FAILED  \] (\S+)", re.M)
RUNS = re.compile(r"^\[ RUN      \] (\S+)", re.M)


def number_of(name):
    """Its own, whatever else is planted: a new plant makes nothing else be compiled again."""
    return zlib.crc32(name.encode()) & 0x7FFFFFFF


def woken(plants):
    """The text that stands in the copy instead of the one that these plants share."""
    _, _, kind, before, _ = plants[0]
    if kind == "expr":
        others = "".join(f"planted({number_of(name)}) ? static_cast<decltype({before})>({after}) : "
                         for name, _, _, _, after in plants)
        return f"({others}({before}))"
    name, _, _, _, after = plants[0]
    if kind == "stmt":
        end = "\n" if "//" in before else " "  # a comment must not swallow the brace
        return f"{{ if (planted({number_of(name)})) {{ {after} }} else {{ {before}{end}}} }}"
    return after.replace("$P", f"planted({number_of(name)})")


def places(chosen):
    """{file: {text: its plants}}."""
    found = {}
    for plant in chosen:
        found.setdefault(plant[1], {}).setdefault(plant[3], []).append(plant)
    return found


def check(root):
    wrong = []
    for name, file, kind, before, after in PLANTS:
        path = root / file
        count = path.read_text().count(before) if path.exists() else 0
        if count != 1:
            wrong.append(f"{file}: \"{name}\": its text stands there {count} times, not once")
        if kind not in ("expr", "stmt", "raw") or (kind == "raw") != ("$P" in after):
            wrong.append(f"\"{name}\": an expr, a stmt, or a raw with a $P")
    if len({number_of(plant[0]) for plant in PLANTS}) != len(PLANTS):
        wrong.append("two plants have one name, or one number")
    for file, texts in places(PLANTS).items():
        for text, plants in texts.items():
            if len(plants) > 1 and any(plant[2] != "expr" for plant in plants):
                wrong.append(f"{file}: \"{plants[0][0]}\" and \"{plants[1][0]}\" stand in one place")
            if any(text in other for other in texts if other != text):
                wrong.append(f"{file}: \"{plants[0][0]}\" stands inside another plant")
    return wrong


def put(there, text):
    """Written only when it is different: what has not changed is not compiled again."""
    there.parent.mkdir(parents=True, exist_ok=True)
    if not there.exists() or there.read_bytes() != text:
        there.write_bytes(text)


def make_copy(copy):
    planted = places(PLANTS)
    command = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    for name in names.split("\0"):
        here = ROOT / name
        if name in planted or not here.is_file():
            continue
        put(copy / name, here.read_bytes())
        (copy / name).chmod(here.stat().st_mode)
    put(copy / "planted.hpp", PLANTED.encode())
    for file, texts in planted.items():
        text = (ROOT / file).read_text()
        for before, plants in texts.items():
            text = text.replace(before, woken(plants))
        include, once = '#include "planted.hpp"\n', "#pragma once\n"
        text = text.replace(once, once + include, 1) if once in text else include + text
        put(copy / file, text.encode())


def build(copy, nets, jobs):
    if not (copy / "build").exists():
        options = os.environ.get("PLANT_MESON", "").split()
        subprocess.run(["meson", "setup", "build", *options], cwd=copy, check=True, stdout=subprocess.DEVNULL)
    command = ["ninja", "-C", "build", "-k0", f"-j{jobs}", *(NETS[net][0] for net in nets)]
    subprocess.run(command, cwd=copy, check=True)


def run(copy, net, number, timeout):
    """Nothing, or the first test that noticed."""
    program, arguments, environment = NETS[net]
    here = {name: value.replace("$HERE", str(copy)) for name, value in environment.items()}
    command = [str(copy / "build" / program), *(argument.replace("$HERE", str(copy)) for argument in arguments)]
    if net != "fuzz":
        command.append("--gtest_fail_fast")
    try:
        done = subprocess.run(command, cwd=copy, env={**os.environ, **here, "RINGSIDE_PLANT": str(number)},
                              capture_output=True, text=True, errors="replace", timeout=timeout)
    except subprocess.TimeoutExpired as late:
        runs = RUNS.findall((late.stdout or b"").decode(errors="replace"))
        return (runs[-1] if runs else net) + " (hangs)"
    if done.returncode == 0:
        return None
    failed, runs = ENDS.findall(done.stdout), RUNS.findall(done.stdout)
    if failed:
        return failed[0].rstrip(",")
    return runs[-1] + " (ends the program)" if runs else "caught"


def nets_of(plant, allowed):
    longest = max((start for start in NETS_OF if plant[1].startswith(start)), key=len)
    return [net for net in NETS if net in NETS_OF[longest] and net in allowed]


def row(plant, caught):
    file = plant[1].removeprefix("broker/")
    cells = "; ".join(net if test in (net, "caught") else f"{net}: {test}" for net, test in caught.items())
    return f"| {plant[0]} | {file} | {cells or '**nobody**'} |"


def look_at_all(copy, chosen, nets, limits, asked):
    def look(plant):
        caught = {}
        for net in nets[plant[0]]:
            test = run(copy, net, number_of(plant[0]), limits[net])
            if test:
                caught[net] = test
            if test and asked.first:
                break
        return plant, caught
    missed = []
    with concurrent.futures.ThreadPoolExecutor(asked.jobs) as pool:
        for plant, caught in pool.map(look, chosen):
            print(row(plant, caught), flush=True)
            if not caught:
                missed.append(plant[0])
    return missed


def arguments():
    options = argparse.ArgumentParser()
    options.add_argument("--check", action="store_true")
    options.add_argument("--list", action="store_true")
    options.add_argument("--first", action="store_true")
    options.add_argument("--untried", action="store_true")
    options.add_argument("--copy", default="/tmp/ringside-plant")
    options.add_argument("--jobs", type=int, default=2)
    options.add_argument("--nets", default=",".join(NETS))
    options.add_argument("--timeout", type=int, default=120)
    options.add_argument("names", nargs="*")
    return options.parse_args()


def selected(asked):
    told = pathlib.Path(__file__).with_name("README.md").read_text() if asked.untried else ""
    return [plant for plant in PLANTS if f"| {plant[0]} | " not in told and
            (not asked.names or any(part in plant[0] or plant[1].startswith(part) for part in asked.names))]


def main():
    asked = arguments()
    wrong = check(ROOT)
    chosen = selected(asked)
    if asked.list:
        print("\n".join(f"{plant[1]}: {plant[0]}" for plant in chosen))
    if wrong or asked.check or asked.list:
        print("\n".join(wrong) or f"{len(PLANTS)} plants stand where they should")
        return 1 if wrong else 0
    copy = pathlib.Path(asked.copy)
    nets = {plant[0]: nets_of(plant, asked.nets.split(",")) for plant in chosen}
    used = [net for net in NETS if any(net in its for its in nets.values())]
    make_copy(copy)
    build(copy, used, asked.jobs)
    limits = {}
    for net in used:
        began = time.monotonic()
        noticed = run(copy, net, 0, asked.timeout)
        if noticed:
            print(f"{net} fails with no bug awake: {noticed}")
            return 2
        limits[net] = min(asked.timeout, 20 + 5 * (time.monotonic() - began))
    print("| bug | where | caught by |\n|---|---|---|", flush=True)
    began = time.monotonic()
    missed = look_at_all(copy, chosen, nets, limits, asked)
    print(f"\n{len(chosen) - len(missed)} of {len(chosen)} caught in {time.monotonic() - began:.0f} s of running")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
