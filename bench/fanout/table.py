"""table.py - the lines of JSON of one or more runs as Markdown: medians, ratios with their spread, and the goals beside them."""
import json
import statistics

from servers import FLOORS, ONE_THREAD, OURS, PEERS
from verdict import spread, verdict

NAMES = {"ringside": "Ringside", "floor-epoll-each": "epoll, own sends", "floor-epoll": "epoll, coalesced",
         "ringside-epoll": "Ringside on epoll", "ringside-one-thread": "Ringside, one thread",
         "ringside-before": "Ringside before",
         "floor-uring-each": "io_uring, own sends", "floor-uring": "io_uring, coalesced"}


def read(files):
    """(records, machines, absences), in the order of the files."""
    records, machines, absent = [], [], {}
    run = 0
    for path in files:
        with open(path, encoding="utf-8") as lines:
            for line in lines:
                record = json.loads(line)
                if "machine" in record:
                    machines.append(record["machine"])
                    run += 1
                elif "absent" in record:
                    absent[record["absent"]] = record["why"]
                else:
                    records.append({**record, "run": run})
    return records, machines, absent


def load_of(record):
    if "load" in record:
        return record["load"]
    return f"rate{record['asked_per_second'] / 1000:.0f}" if record["mode"] == "rate" else record["mode"]


def medians(records):
    """{(case, subscribers, load): {target: {figure: median over the rounds}}}"""
    gathered = {}
    for record in records:
        if "per_second" not in record:
            continue
        key = (record["case"], record["subscribers"], load_of(record))
        gathered.setdefault(key, {}).setdefault(record["target"], []).append(record)
    result = {}
    for key, targets in gathered.items():
        for target, rounds in targets.items():
            figures = {
                "per_second": [r["per_second"] for r in rounds],
                "cpu": [r["server_cpu"] / max(r["deliveries"], 1) * 1e6 for r in rounds],
                "p50": [r["p50_us"] / 1e3 for r in rounds], "p99": [r["p99_us"] / 1e3 for r in rounds],
                "p999": [r["p999_us"] / 1e3 for r in rounds], "busy": [r["server_cpu"] / r["seconds"] for r in rounds]}
            summary = {name: statistics.median(values) for name, values in figures.items()}
            pairs = [(r["run"], r["round"]) for r in rounds]
            summary["each"] = {name: dict(zip(pairs, values)) for name, values in figures.items()}
            summary["rounds"] = len(rounds)
            summary["bad"] = sum(r["lost"] + r["repeated"] + r["missing"] for r in rounds)
            result.setdefault(key, {})[target] = summary
    return result


def best(targets, names, figure, highest):
    """(name, value) of the best of `names` in one figure; nothing when none was measured."""
    there = [(name, targets[name][figure]) for name in names if name in targets]
    return (max if highest else min)(there, key=lambda pair: pair[1]) if there else None


def paired(ours, other, figure):
    """Spread over the rounds of ours / other, both of the same round: what disturbs a round disturbs both. To the hundredth."""
    mine, theirs = ours["each"][figure], other["each"][figure]
    return spread([round(mine[pair] / theirs[pair], 2) for pair in mine if theirs.get(pair, 0) > 0])


def ratio(ours, targets, names, figure, highest):
    """Of ours to the best of `names`, as text."""
    other = best(targets, names, figure, highest)
    measured = paired(ours, targets[other[0]], figure) if other else None
    return f"{measured.text()} ({NAMES.get(other[0], other[0])})" if measured else "-"


LOADS = {"saturated": "as fast as it goes", "lockstep": "one at a time"}
CASES = {"A": "everyone gets all", "B": "each to its 5", "C": "mixed", "E": "some stop reading", "S": "supervisors"}


def title(key):
    case, number, load = key
    text = load[4:] + " k deliveries/s" if load.startswith("rate") else load
    return f"{case}, {number:,}: " + LOADS.get(load, text)


def order(key):
    case, number, load = key
    return case, number, ["saturated", "lockstep"].index(load) if load in LOADS else 2, load.zfill(20)


def each_of_ours(key, targets):
    """(what, figures) of Ringside, and of Ringside in one thread where that was measured."""
    for name, more in ((OURS[0], ""), (ONE_THREAD[0], ", in one thread")):
        if name in targets:
            yield title(key) + more, targets[name]


def rate_text(value):
    return f"{value / 1e6:.2f} M/s" if value >= 1e6 else f"{value / 1e3:.0f} k/s"


def summary_rows(results):
    yield "| case, subscribers: load | Ringside | / best peer | / best floor | CPU s per million | / best floor | p50, p99 ms " \
          "| best peer's p50, p99 |"
    yield "|---|---|---|---|---|---|---|---|"
    for key in sorted(results, key=order):
        targets = results[key]
        open_loop = key[2] not in LOADS
        peer50, peer99 = best(targets, PEERS, "p50", False), best(targets, PEERS, "p99", False)
        theirs = f"{peer50[1]:.2f}, {peer99[1]:.2f} ({peer99[0]})" if open_loop and peer99 else ""
        for what, ours in each_of_ours(key, targets):
            late = f"{ours['p50']:.2f}, {ours['p99']:.2f}" if open_loop else ""
            speed = [ratio(ours, targets, names, "per_second", True) if not open_loop else "" for names in (PEERS, FLOORS)]
            floors = holding(targets, FLOORS, ours) if open_loop else FLOORS
            yield (f"| {what} | {rate_text(ours['per_second'])} | {speed[0]} | {speed[1]} | {ours['cpu']:.3f} "
                   f"| {ratio(ours, targets, floors, 'cpu', False)} | {late} | {theirs} |")


def all_rows(results):
    yield "| case, subscribers: load | target | deliveries | CPU s per million | p50 ms | p99 ms | p99.9 ms | lost | rounds |"
    yield "|---|---|---|---|---|---|---|---|---|"
    for key in sorted(results, key=order):
        for target, one in results[key].items():
            late = [f"{one[p]:.2f}" if key[2] not in LOADS else "" for p in ("p50", "p99", "p999")]
            yield (f"| {title(key)} | {NAMES.get(target, target)} | {rate_text(one['per_second'])} | {one['cpu']:.3f} | "
                   f"{' | '.join(late)} | {one['bad']:.0f} | {one['rounds']} |")


def holding(targets, names, ours):
    """Of `names` those that keep up with the rate asked for: who does not is not cheap, but late."""
    return [name for name in names if name in targets and targets[name]["per_second"] >= 0.97 * ours["per_second"]]


def goals(results, records):
    """(what, measured, wanted, verdict) of each goal that these results can say something about."""
    for key in sorted(results, key=order):
        case, number, load = key
        targets = results[key]
        ours = targets.get(OURS[0])
        if ours is None:
            continue
        what = title(key)
        for name, one in each_of_ours(key, targets):
            yield from rate_goals(key, name, targets, one)
        if load.startswith("rate") and (case, number) in (("A", 1000), ("B", 10000)):
            yield from late_goals(case, what, targets, ours)
        if case == "C" and load.startswith("20 "):
            late = spread(ours["each"]["p99"].values())
            yield f"{what}, p99", f"{late.text()} ms", "at most 10 ms", verdict(late, at_most=10)
        if case == "S" and load.endswith("watched"):
            late, before = spread(ours["each"]["p99"].values()), results.get((case, number, "20 x reference"), {}).get(OURS[0])
            yield f"{what}, p99", f"{late.text()} ms", "at most 10 ms", verdict(late, at_most=10)
            measured = paired(ours, before, "busy") if before else None
            if measured:
                yield f"{what}, CPU / not watched", measured.text(), "at most 1.15", verdict(measured, at_most=1.15)
        if case == "E" and load.endswith("stalled"):
            percent = load.split()[0]
            before = results.get((case, number, f"{percent} %, before"), {}).get(OURS[0])
            measured, wanted = paired(ours, before, "p99") if before else None, 1.10 if percent == "1" else 1.25
            if measured:
                yield f"{what}, p99 / before", measured.text(), f"at most {wanted}", verdict(measured, at_most=wanted)
    for (what, target, sessions), values in memory(records).items():
        if "stalled" in what and sessions < 100:
            continue  # what grows once, whoever stalls, is too large a part of a few
        wanted, each = 65536 if "stalled" in what else 4096, spread(values)
        yield (f"memory of {what}, of {sessions:,}, {NAMES.get(target, target)}", f"{each.text(0)} B", f"at most {wanted:,} B",
               verdict(each, at_most=wanted))


def rate_goals(key, what, targets, ours):
    """Deliveries a second beside the best peer and the best floor."""
    case, number, load = key
    least = {("A", "saturated"): ({10: 1.0, 100: 1.0, 1000: 1.5, 4000: 2.0}.get(number), 1.0), ("A", "lockstep"): (1.0, 0.95),
             ("B", "saturated"): (1.2 if number == 10000 else None, 0.95 if number == 10000 else None)}
    for names, name, wanted in zip((PEERS, FLOORS), ("best peer", "best floor"), least.get((case, load), (None, None))):
        other = best(targets, names, "per_second", True)
        measured = paired(ours, targets[other[0]], "per_second") if other and wanted else None
        if measured:
            beside = f"{measured.text()} ({NAMES.get(other[0], other[0])})"
            yield f"{what}, / {name}", beside, f"at least {wanted}", verdict(measured, at_least=wanted)


def late_goals(case, what, targets, ours):
    """Lateness and CPU at a fixed rate."""
    for figure in ("p50", "p99") if case == "A" else ("p99",):
        theirs = best(targets, PEERS, figure, False)
        measured = paired(ours, targets[theirs[0]], figure) if theirs else None
        if measured:
            beside = f"{measured.text()} ({NAMES.get(theirs[0], theirs[0])})"
            yield f"{what}, {figure} / best peer's", beside, "at most 1.0", verdict(measured, at_most=1.0)
    cheapest = best(targets, holding(targets, FLOORS, ours), "cpu", False)
    measured = paired(ours, targets[cheapest[0]], "cpu") if cheapest and case == "A" else None
    if measured:
        beside = f"{measured.text()} ({NAMES[cheapest[0]]})"
        yield f"{what}, CPU / best floor", beside, "at most 1.05", verdict(measured, at_most=1.05)


def goal_rows(results, records):
    rows = list(goals(results, records))
    if rows:
        yield from ("| goal | measured [spread over the rounds] | wanted | |", "|---|---|---|---|")
    for what, measured, wanted, judged in rows:
        yield f"| {what} | {measured} | {wanted} | {judged} |"


def memory(records):
    gathered = {}
    for record in records:
        if "memory" in record:
            gathered.setdefault((record["memory"], record["target"], record["sessions"]), []).append(record["bytes_each"])
    return gathered


def memory_rows(records):
    """Bytes of user memory per session, medians."""
    gathered = memory(records)
    if gathered:
        yield from ("| user memory of | target | sessions | bytes each |", "|---|---|---|---|")
    for (what, target, sessions), values in gathered.items():
        yield f"| {what} | {NAMES.get(target, target)} | {sessions:,} | {statistics.median(values):,.0f} |"


def markdown(files):
    records, machines, absent = read(files)
    results = medians(records)
    lines = [*summary_rows(results), "", *memory_rows(records), "", *goal_rows(results, records), ""]
    if machines:
        one = machines[-1]
        lines.append(f"{one['cpu']}, {one['cpus']} CPUs, Linux {one['kernel']}, {one['compiler']}, commit {one['commit']}, "
                     f"{one['date']}, load average at the start {one['load']:.1f}; `{one['command']}`")
    for target, why in absent.items():
        lines.append(f"- {NAMES.get(target, target)}: {why}")
    lines += ["- D, TLS: not measured, the server has no TLS yet.", "", *all_rows(results)]
    return "\n".join(lines)
