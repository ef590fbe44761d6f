#!/usr/bin/env python3
"""tidy.py - the rules of the house that a compiler does not check.

Each rule is a function `rule(file) -> findings`; a finding is a line "file:line: what, and what is wanted".
Run by `meson test` (suite tidy). `tidy.py --self-test` plants a breach of every rule and expects each to be found.
"""
import pathlib
import re
import sys

BELOW_BROKER = {"core/base", "ring", "wire", "core"}
BROKER_ROOMS = {f"broker/{room}" for room in ("meet", "model", "translate", "upstream", "requests", "stats", "fanout")}

BELOW_TOOLS = BELOW_BROKER | {"broker", "cil"} | BROKER_ROOMS
SIMULATOR = [f"tools/simulator/{room}" for room in (
    "model", "load", "text", "messages", "server", "control", "scenario", "replay")]

# A folder may include what stands beside it here, folders or single files: the dependency order of the house.
MAY_INCLUDE = {
    "core/base": {"core/base"},
    "ring": {"core/base", "ring"},
    "wire": {"core/base", "wire"},
    "core": {"core/base", "ring", "core"},
    "broker/meet": BELOW_BROKER | {"broker/meet"},
    "broker/model": BELOW_BROKER | {"broker/meet", "broker/model"},
    "broker/translate": BELOW_BROKER | {"broker/meet", "broker/model", "broker/translate"},
    "broker/upstream": BELOW_BROKER | {"broker/meet", "broker/model", "broker/upstream"},
    "broker/stats": BELOW_BROKER | {"broker/stats"},
    "broker/requests": BELOW_BROKER | (BROKER_ROOMS - {"broker/fanout"}),
    "broker/fanout": BELOW_BROKER | {"broker/meet", "broker/model/object_id.hpp", "broker/fanout"},
    "broker": BELOW_BROKER | BROKER_ROOMS | {"broker"},
    "cil/detail/transport": {"core/base", "wire", "core", "cil/detail/transport"},
    "cil/detail/objects": {"core/base", "wire", "cil", "cil/detail/objects"},
    "cil/detail/engine": {"core/base", "wire", "core", "cil", "cil/detail/transport", "cil/detail/objects",
                          "cil/detail/engine"},
    "cil": {"core/base", "wire", "core", "cil", "cil/detail/objects", "cil/detail/engine"},
    "tools/program": {"wire", "tools/program"},
    "tools/wire": BELOW_TOOLS | {"tools/program", "tools/wire"},
    "tools/simulator/model": {"core/base", "core", "tools/simulator/model"},
    "tools/simulator/load": {"core/base", "core", "tools/simulator/model", "tools/simulator/load"},
    "tools/simulator/text": {"core/base", "wire", "tools/simulator/model", "tools/simulator/text"},
    "tools/simulator/messages": {"core/base", "wire", "tools/simulator/model", "tools/simulator/messages"},
    "tools/simulator/server": {"core/base", "core", "wire", "tools/simulator/model", "tools/simulator/messages",
                               "tools/simulator/server"},
    "tools/simulator/control": {"core/base", "core", "wire", "tools/simulator/model", "tools/simulator/text",
                                "tools/simulator/server", "tools/simulator/control"},
    "tools/simulator/scenario": {"core/base", "core", "wire", "tools/simulator/model", "tools/simulator/load",
                                 "tools/simulator/text", "tools/simulator/messages", "tools/simulator/server",
                                 "tools/simulator/scenario"},
    "tools/simulator/replay": {"core/base", "core", "wire", "tools/wire", "tools/simulator/text",
                               "tools/simulator/replay"},
    "tools/simulator": {"core/base", "core", "wire", "tools/program", "tools/wire", *SIMULATOR,
                        "tools/simulator"},
    "tools": BELOW_TOOLS | {"tools", "tools/program", "tools/wire", "tools/simulator", *SIMULATOR},
}
# The nouns' headers of cil/ are what programs compile against, and what the rooms of cil/detail/ see of them.
PUBLIC = re.compile(r"cil/\w+\.hpp$")
STOREYS = sorted(MAY_INCLUDE, key=len, reverse=True) + ["tests", "bench"]
COLUMNS_MAX = 100
PROSE_COLUMNS_MAX = 130
FUNCTION_LINES_MAX = 70
FILE_LINES_MAX = 600
CHECKS_PER_THOUSAND_LINES = {"core": 20, "broker": 20, "ring": 20, "wire": 10, "cil": 10}
HOT = ("ring", "wire", "core", "core/base")
COLD = ("core/name_lookup.hpp", "core/name_lookup.cpp")  # a lookup outlives whoever asked: nobody owns it alone

INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"')
CHECK = re.compile(r"\bCTI_D?CHECK\(|\bstatic_assert\(")
ATOMIC = re.compile(r"memory_order_|atomic_thread_fence")
EXPLAINS = re.compile(r"//.*(relaxed|acquire|release|seq_cst|fence|->|<-)", re.I)
CONTROL = re.compile(r"^\s*(\}?\s*else|if|for|while|switch|do|catch|try|namespace|class|struct|enum|union|extern)\b")


class File:
    """One source file: its path from the root, its lines, and the lines without comments and strings."""

    def __init__(self, path, text):
        self.path = path
        self.lines = text.split("\n")
        self.code = strip_comments(text).split("\n")
        self.storey = next((s for s in STOREYS if path.startswith(s + "/")), "")
        self.cpp = path.endswith((".cpp", ".hpp", ".h"))

    def at(self, index, what):
        return f"{self.path}:{index + 1}: {what}"


def strip_comments(text):
    """Blanks out comments and the insides of literals; keeps every newline, so that line numbers stay."""
    pattern = re.compile(
        r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|(?<![0-9A-Fa-f])\'(?:\\.|[^\'\\\n])\'', re.S)
    return pattern.sub(lambda m: re.sub(r"[^\n]", " ", m.group(0)), text)


def upward_includes(file):
    allowed = MAY_INCLUDE.get(file.storey)
    if not file.cpp or allowed is None:
        return
    for index, line in enumerate(file.lines):
        found = INCLUDE.match(line)
        if not found:
            continue
        target = next((s for s in STOREYS if found.group(1).startswith(s + "/")), None)
        if target is None:
            yield file.at(index, f'"{found.group(1)}" is not written from the root')
        elif target not in allowed and found.group(1) not in allowed:
            yield file.at(index, f"{file.storey} must not include {target} (upward or sideways)")
        elif PUBLIC.match(file.path) and target.startswith("cil/detail/"):
            yield file.at(index, f"a public header must not include {target}: it is not installed")


def undocumented_atomics(file):
    if not file.cpp or file.storey in ("tests", "bench"):
        return
    for index, line in enumerate(file.code):
        if ATOMIC.search(line) and not any(EXPLAINS.search(l) for l in file.lines[max(0, index - 4):index + 1]):
            yield file.at(index, "an atomic access without its reason: `relaxed: why` or `R0 -> A0: what is visible`")


def banned_words(file):
    if not file.cpp:
        return
    rules = [(re.compile(r"\bvolatile\b"), "volatile is for no one", True),
             (re.compile(r"\bshared_ptr\b"), "shared_ptr on the message path",
              file.storey in HOT and file.path not in COLD),
             (re.compile(r"\b(rand|srand|gettimeofday)\s*\("), "clock or random number touched directly", True),
             (re.compile(r"system_clock::now|steady_clock::now|random_device"),
              "clock or random number touched directly above the reactor", file.storey in ("ring", "wire", "broker")),
             (re.compile(r"sleep_for|\busleep\s*\(|\bsleep\s*\("), "a sleep in a test: wait for a condition instead",
              file.storey == "tests")]
    for index, line in enumerate(file.code):
        for pattern, why, applies in rules:
            if applies and pattern.search(line):
                yield file.at(index, why)


def unfinished(file):
    words = re.compile(r"\b(TO" + "DO|FIX" + "ME|XX" + "X|HA" + r"CK)\b(?!.*until)")
    for index, line in enumerate(file.lines):
        if words.search(line):
            yield file.at(index, "an unfinished place without the condition that ends it (`until ...`)")


def long_lines(file):
    """Code ends at column 100; a comment beside or above it may go on to 130."""
    for index, line in enumerate(file.lines):
        code = file.code[index].rstrip() if file.cpp and "//" in line else line
        if len(line) > PROSE_COLUMNS_MAX or file.cpp and len(code) > COLUMNS_MAX:
            yield file.at(index, f"{len(line)} columns")


def long_files(file):
    if len(file.lines) > FILE_LINES_MAX and "/golden/" not in file.path:
        yield file.at(0, f"{len(file.lines)} lines: look for the second idea in it (at most {FILE_LINES_MAX})")


def long_functions(file):
    """A body opened by a line with `)` that is no control statement, closed more than 70 lines below."""
    if not file.cpp:
        return
    stack = []
    statement = ""
    for index, line in enumerate(file.code):
        if line.lstrip().startswith("#"):
            continue
        for char in line:
            if char == "{":
                is_function = ")" in statement and not CONTROL.match(statement.strip())
                stack.append((index, is_function))
                statement = ""
            elif char == "}":
                if stack:
                    begin, is_function = stack.pop()
                    if is_function and index - begin > FUNCTION_LINES_MAX:
                        yield file.at(begin, f"a function of {index - begin} lines (at most {FUNCTION_LINES_MAX})")
                statement = ""
            elif char == ";" and statement.count("(") == statement.count(")"):
                statement = ""
            else:
                statement += char
        statement += " "


def files_introduce_themselves(file):
    if file.path.endswith(".hpp") and not re.match(r"// [\w./]+\.hpp - ", file.lines[0]):
        yield file.at(0, "the first line says what the file is: `// name.hpp - ...`")
    if file.path.endswith(".cpp") and not re.match(r"// \S", file.lines[0]):
        yield file.at(0, "the first line says what the file is: `// name.cpp - ...`")


def too_few_checks(files):
    """What must hold is written down as checks: so many per 1,000 lines, static_asserts counted."""
    for folder, wanted in CHECKS_PER_THOUSAND_LINES.items():
        own = [f for f in files if f.cpp and f.path.startswith(folder + "/")]
        lines = sum(len(f.lines) for f in own)
        checks = sum(bool(CHECK.search(line)) for f in own for line in f.code)
        if checks * 1000 < wanted * lines:
            yield f"{folder}/: {checks} checks in {lines} lines (at least {wanted} per 1,000)"


def dead_files(files, build_text):
    """Every .cpp is named in a meson.build; every header is included by somebody."""
    included = {m.group(1) for f in files if f.cpp for l in f.lines if (m := INCLUDE.match(l))}
    for file in files:
        name = file.path.rsplit("/", 1)[-1]
        if file.path.endswith(".cpp") and name not in build_text and "nocompile" not in file.path \
                and f"'{name[:-4]}'" not in build_text:
            yield file.at(0, "a dead file: no meson.build names it")
        if file.path.endswith(".hpp") and file.path not in included and name not in build_text:
            yield file.at(0, "a dead header: nobody includes it")


def circles(arrows):
    """The rooms' order itself: a chain of "may include" that comes back to where it began is no order.

    A room within cil/ sees the nouns' headers only (PUBLIC), which in their turn see none of its rooms: no way back.
    """
    arrows = {room: {to for to in targets if not (to == "cil" and room.startswith("cil/"))} for room, targets in arrows.items()}
    done = set()

    def walk(room, path):
        if room in path:
            yield f"tests/tidy.py: MAY_INCLUDE goes in a circle: {' -> '.join([*path[path.index(room):], room])}"
            return
        if room in done:
            return
        for target in sorted(arrows.get(room, set()) - {room}):
            yield from walk(target, [*path, room])
        done.add(room)

    for room in arrows:
        yield from walk(room, [])


RULES = [upward_includes, undocumented_atomics, banned_words, unfinished, long_lines, long_files,
         long_functions, files_introduce_themselves]


def shown_otherwise(readme, program):
    """The README shows the shortest useful program as it is, not as it was."""
    if program.strip() not in readme:
        yield "README.md: does not show tools/examples/screen_pop.cpp as it is"
    if len(program.splitlines()) > 25:
        yield "tools/examples/screen_pop.cpp: has more than 25 lines"


def read_tree(root):
    files, build_text = [], ""
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        if name.startswith((".", "build")) or not path.is_file():
            continue
        if path.name == "meson.build":
            build_text += path.read_text()
        if path.suffix in (".cpp", ".hpp", ".py"):
            files.append(File(name, path.read_text()))
    return files, build_text


def self_test():
    planted = {
        upward_includes: File("wire/a.hpp", '// a.hpp - x\n#include "ring/spsc_ring.hpp"\n'),
        undocumented_atomics: File("ring/a.cpp", "x.load(std::memory_order_" + "relaxed);\n"),
        banned_words: File("core/a.cpp", "vola" + "tile int x;\n"),
        unfinished: File("core/a.cpp", "// TO" + "DO later\n"),
        long_lines: File("core/a.cpp", "x" * 101),
        long_files: File("core/a.cpp", "\n" * 700),
        long_functions: File("core/a.cpp", "void f() {\n" + "  x();\n" * 80 + "}\n"),
        files_introduce_themselves: File("core/a.hpp", "#pragma once\n"),
    }
    sideways = File("broker/fanout/a.hpp", '// a.hpp - x\n#include "broker/model/masks.hpp"\n'
                                           '#include "broker/model/object_id.hpp"\n')
    missed = [rule.__name__ for rule, file in planted.items() if not list(rule(file))]
    missed += [] if len(list(upward_includes(sideways))) == 1 else ["upward_includes between rooms"]
    missed += [] if list(dead_files([File("core/a.cpp", "")], "")) else ["dead_files"]
    missed += [] if list(files_introduce_themselves(File("tests/a.cpp", "#include <string>\n"))) else ["sources"]
    missed += [] if list(too_few_checks([File("ring/a.cpp", "int x;\n" * 100)])) else ["too_few_checks"]
    enough = File("ring/a.cpp", "int x;\n" * 90 + "CTI_CHECK(x);\nstatic_assert(true);\n")
    missed += [] if not list(too_few_checks([enough])) else ["too_few_checks (false alarm)"]
    private = File("cil/a.hpp", '#include "cil/detail/objects/objects.hpp"\n')
    missed += [] if list(upward_includes(private)) else ["upward_includes (a public header)"]
    missed += [] if list(circles({"a": {"a", "b"}, "b": {"c"}, "c": {"a"}})) else ["circles"]
    missed += [] if not list(circles({"a": {"a"}, "b": {"a", "b"}})) else ["circles (false alarm)"]
    missed += [] if list(shown_otherwise("int x;", "int y;")) else ["shown_otherwise"]
    missed += [] if not list(shown_otherwise("see:\nint y;\n", "int y;\n")) else ["shown_otherwise (false alarm)"]
    quiet = File("core/a.cpp", "// a.cpp - x\nvoid f() {\n  if (x) {\n" + "    y();\n" * 30 + "  }\n}\n")
    missed += [f"{rule.__name__} (false alarm)" for rule in RULES if list(rule(quiet))]
    print("self-test: " + ("every planted breach was found" if not missed else f"missed {missed}"))
    return 1 if missed else 0


def main(arguments):
    if "--self-test" in arguments:
        return self_test()
    root = pathlib.Path(arguments[0] if arguments else ".").resolve()
    files, build_text = read_tree(root)
    findings = [finding for file in files for rule in RULES for finding in rule(file)]
    findings += dead_files(files, build_text)
    findings += too_few_checks(files)
    findings += circles(MAY_INCLUDE)
    findings += shown_otherwise((root / "README.md").read_text(), (root / "tools/examples/screen_pop.cpp").read_text())
    for folder in ("core", "ring", "wire", "broker", "cil", "bench", "tests", "tools"):
        if not (root / folder / "README.md").is_file():
            findings.append(f"{folder}/README.md: every top folder has a one-screen README")
    print("\n".join(findings) or f"{len(files)} files are tidy")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
