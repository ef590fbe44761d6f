"""table.py - the lines of JSON of one or more runs as Markdown: medians, ratios, and the goals beside them."""
import json
import statistics

from servers import FLOORS, OURS, PEERS

NAMES = {"ringside": "Ringside", "floor-epoll-each": "epoll, own sends", "floor-epoll": "epoll, coalesced",
         "ringside-epoll": "Ringside on epoll", "ringside-before": "Ringside before",
         "floor-uring-each": "io_uring, own sends", "floor-uring": "io_uring, coalesced"}


def read(files):
    """(records, machines, absences), in the order of the files."""
    records, machines, absent = [], [], {}
    for path in files:
        with open(path, encoding="utf-8") as lines:
            for line in lines:
                record = json.loads(line)
                if "machine" in record:
                    machines.append(record["machine"])
                elif "absent" in record:
                    absent[record["absent"]] = record["why"]
                else:
                    records.append(record)
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
                "p999": [r["p999_us"] / 1e3 for r in rounds]}
            summary = {name: statistics.median(values) for name, values in figures.items()}
            summary["rounds"] = len(rounds)
            summary["bad"] = sum(r["lost"] + r["repeated"] + r["missing"] for r in rounds)
            result.setdefault(key, {})[target] = summary
    return result


def best(targets, names, figure, highest):
    """(name, value) of the best of `names` in one figure; nothing when none was measured."""
    there = [(name, targets[name][figure]) for name in names if name in targets]
    return (max if highest else min)(there, key=lambda pair: pair[1]) if there else None


def ratio(ours, other):
    return f"{ours / other[1]:.2f} ({NAMES.get(other[0], other[0])})" if other and other[1] > 0 else "-"


LOADS = {"saturated": "as fast as it goes", "lockstep": "one at a time"}
CASES = {"A": "everyone gets all", "B": "each to its 5", "C": "mixed", "E": "some stop reading"}


def title(key):
    case, number, load = key
    text = load[4:] + " k deliveries/s" if load.startswith("rate") else load
    return f"{case}, {number:,}: " + LOADS.get(load, text)


def order(key):
    case, number, load = key
    return case, number, ["saturated", "lockstep"].index(load) if load in LOADS else 2, load.zfill(20)


def rate_text(value):
    return f"{value / 1e6:.2f} M/s" if value >= 1e6 else f"{value / 1e3:.0f} k/s"


def summary_rows(results):
    yield "| case, subscribers: load | Ringside | / best peer | / best floor | CPU s per million | / best floor | p50, p99 ms " \
          "| best peer's p50, p99 |"
    yield "|---|---|---|---|---|---|---|---|"
    for key in sorted(results, key=order):
        targets = results[key]
        if OURS[0] not in targets:
            continue
        ours = targets[OURS[0]]
        open_loop = key[2] not in LOADS
        late = f"{ours['p50']:.2f}, {ours['p99']:.2f}" if open_loop else ""
        peer50, peer99 = best(targets, PEERS, "p50", False), best(targets, PEERS, "p99", False)
        theirs = f"{peer50[1]:.2f}, {peer99[1]:.2f} ({peer99[0]})" if open_loop and peer99 else ""
        speed = [ratio(ours["per_second"], best(targets, names, "per_second", True)) if not open_loop else ""
                 for names in (PEERS, FLOORS)]
        yield (f"| {title(key)} | {rate_text(ours['per_second'])} | {speed[0]} | {speed[1]} | {ours['cpu']:.3f} "
               f"| {ratio(ours['cpu'], best(targets, FLOORS, 'cpu', False))} | {late} | {theirs} |")


def all_rows(results):
    yield "| case, subscribers: load | target | deliveries | CPU s per million | p50 ms | p99 ms | p99.9 ms | lost | rounds |"
    yield "|---|---|---|---|---|---|---|---|---|"
    for key in sorted(results, key=order):
        for target, one in results[key].items():
            late = [f"{one[p]:.2f}" if key[2] not in LOADS else "" for p in ("p50", "p99", "p999")]
            yield (f"| {title(key)} | {NAMES.get(target, target)} | {rate_text(one['per_second'])} | {one['cpu']:.3f} | "
                   f"{' | '.join(late)} | {one['bad']:.0f} | {one['rounds']} |")


def memory_rows(records):
    """Bytes of user memory per session, medians."""
    gathered = {}
    for record in records:
        if "memory" in record:
            key = (record["memory"], record["target"], record["sessions"])
            gathered.setdefault(key, []).append(record["bytes_each"])
    if gathered:
        yield from ("| user memory of | target | sessions | bytes each |", "|---|---|---|---|")
    for (what, target, sessions), values in gathered.items():
        yield f"| {what} | {NAMES.get(target, target)} | {sessions:,} | {statistics.median(values):,.0f} |"


def markdown(files):
    records, machines, absent = read(files)
    results = medians(records)
    lines = list(summary_rows(results)) + [""] + list(memory_rows(records)) + [""]
    if machines:
        one = machines[-1]
        lines.append(f"{one['cpu']}, {one['cpus']} CPUs, Linux {one['kernel']}, {one['compiler']}, commit {one['commit']}, "
                     f"{one['date']}, load average at the start {one['load']:.1f}; `{one['command']}`")
    for target, why in absent.items():
        lines.append(f"- {NAMES.get(target, target)}: {why}")
    lines += ["- D, TLS: not measured, the server has no TLS yet.", "", *all_rows(results)]
    return "\n".join(lines)
