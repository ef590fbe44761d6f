#!/usr/bin/env python3
"""check.py - misuse that must not build, beside its twin that must.

Usage: check.py FILE EXPECTED COMPILER [FLAG ...]
FILE compiles as it is; with -DMISUSE it must not, and the compiler's message must contain EXPECTED.
"""
import subprocess
import sys


def main():
    path, expected, *command = sys.argv[1:]
    command += ['-std=c++20', '-fsyntax-only', path]
    twin = subprocess.run(command, capture_output=True, text=True)
    if twin.returncode != 0:
        print(f'{path}: the right use does not compile:\n{twin.stderr}')
        return 1
    misuse = subprocess.run(command + ['-DMISUSE'], capture_output=True, text=True)
    if misuse.returncode == 0:
        print(f'{path}: the misuse compiles')
        return 1
    if expected not in misuse.stderr:
        print(f'{path}: refused for another reason than "{expected}":\n{misuse.stderr}')
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
