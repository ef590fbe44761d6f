#!/usr/bin/env python3
"""coverage.py - which lines and branches of the GED-188 decoders the committed corpus reaches.

Usage: tests/coverage.py [--build FOLDER] [--show]      FOLDER: default build-coverage; made and built when missing
Needs  g++ and gcov of the same version; a build of some minutes.
Runs   the corpus of tests/fuzz/corpus/ged188_fuzz once through ged188_fuzz_replay, built with --coverage and -O0.
Counts a branch of a line as reached when any instance of it was; what only an exception takes is left out.
Exit   0 when all of the generated decoders (wire/ged188/*.hpp: the views) is reached, else 1; --show lists what is not.
"""
import argparse
import json
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGET = 'tests/fuzz/ged188_fuzz_replay'
HAND_WRITTEN = ('ged188_view.hpp', 'ged188_view.cpp', 'ged188_floating.hpp', 'ged188_floating.cpp', 'ged188_strict.cpp',
                'ged188_rules.cpp', 'ged188_fields.cpp', 'ged188_table.cpp', 'mhdr.hpp')


class File:
    def __init__(self):
        self.lines = defaultdict(int)     # line: times
        self.branches = defaultdict(int)  # (line, how many on it, which): times

    def add(self, line):
        number = line['line_number']
        self.lines[number] += line['count']
        branches = [b for b in line['branches'] if not b['throw']]
        for i, branch in enumerate(branches):
            self.branches[number, len(branches), i] += branch['count']

    def missing(self):
        return sorted({n for n, times in self.lines.items() if not times} |
                      {key[0] for key, times in self.branches.items() if not times})


def build(folder):
    if not (folder / 'build.ninja').exists():
        subprocess.run(['meson', 'setup', folder, '-Db_coverage=true', '-Doptimization=0', '-Dwerror=false',
                        '-Dbenchmarks=disabled'], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    subprocess.run(['ninja', '-C', folder, TARGET], check=True, stdout=subprocess.DEVNULL)


def run(folder):
    for old in folder.rglob('*.gcda'):
        old.unlink()
    subprocess.run([folder / TARGET, ROOT / 'tests/fuzz/corpus/ged188_fuzz'], check=True, stdout=subprocess.DEVNULL)
    data = [str(path) for path in folder.rglob('*.gcda')]
    files = defaultdict(File)
    with tempfile.TemporaryDirectory() as scratch:
        for path in data:
            out = subprocess.run(['gcov', '--branch-probabilities', '--json-format', '--stdout', path], cwd=scratch,
                                 check=True, capture_output=True, text=True).stdout
            for part in filter(None, out.splitlines()):
                for file in json.loads(part)['files']:
                    path = (folder / file['file']).resolve()
                    for line in file['lines'] if path.is_relative_to(ROOT) else []:
                        files[path].add(line)
    return files


def percent(reached, all_):
    return f'{reached} of {all_}' + ('' if reached == all_ else f' ({100 * reached / all_:.1f} %)')


def report(title, files, show):
    """True: everything reached."""
    lines = [times for file in files.values() for times in file.lines.values()]
    branches = [times for file in files.values() for times in file.branches.values()]
    print(f'{title}: lines {percent(sum(map(bool, lines)), len(lines))}, '
          f'branches {percent(sum(map(bool, branches)), len(branches))}')
    for path, file in sorted(files.items()) if show else []:
        text = path.read_text(encoding='utf-8').splitlines()
        for number in file.missing():
            taken = [times for key, times in sorted(file.branches.items()) if key[0] == number]
            print(f'  {path.relative_to(ROOT)}:{number}: {taken or "never"}: {text[number - 1].strip()[:90]}')
    return all(lines) and all(branches) and bool(lines)


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument('--build', type=Path, default=ROOT / 'build-coverage')
    parser.add_argument('--show', action='store_true')
    options = parser.parse_args()
    folder = options.build.resolve()
    build(folder)
    files = run(folder)
    generated = {p: f for p, f in files.items() if p.is_relative_to(folder / 'wire/ged188') and p.suffix == '.hpp'}
    by_hand = {p: f for p, f in files.items() if p.parent == ROOT / 'wire' and p.name in HAND_WRITTEN}
    report('generated encoders', {p: f for p, f in files.items()
                                  if p.is_relative_to(folder / 'wire/ged188') and p.suffix == '.cpp'}, options.show)
    whole = report('generated decoders', generated, options.show)
    report('what they stand on', by_hand, options.show)
    return 0 if whole else 1


if __name__ == '__main__':
    sys.exit(main())
