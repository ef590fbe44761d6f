#!/usr/bin/env python3
"""program_test.py - what every program answers alike: --version for people and scripts, and command lines with mistakes.

Usage: program_test.py PROGRAM...
"""
import json
import os
import subprocess
import sys
import unittest

PROGRAMS = {os.path.basename(path): path for path in sys.argv[1:]}


def run(program, *arguments):
    """(exit code, standard output, standard error)"""
    done = subprocess.run([PROGRAMS[program], *arguments], stdin=subprocess.DEVNULL, capture_output=True, timeout=20)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


BAD = {
    'ringsided': [('--fanouts', '-1'), ('--fanouts', '65'), ('--metrics-port', '-1'), ('--metrics-port', '65536'),
                  ('--cti-server', ''), ('--cti-server', '127.0.0.1:1,'), ('--ready-fd', '-5'),
                  ('--io', 'magic'), ('--listen', ''),
                  ('--listen', 'nobody:1'), ('--log-level', ''), ('--frob',)],
    'ringside-sim': [('--speed', 'nan'), ('--speed', 'inf'), ('--speed', '-1'), ('--speed', '0'), ('--seed', '-1'),
                     ('--seed', '1.5'), ('--port-a', '-1'), ('--port-b', '70000'), ('--control-port', '-1'),
                     ('--calls-per-second', 'nan'), ('--transfer', 'nan'), ('--conference', '-nan'), ('--agents', '-1'),
                     ('--clients', '0'), ('--send-queue', '-1'), ('--talk', 'nan'), ('--talk', 'fixed:nan'),
                     ('--day-profile', 'nan'), ('--frob',), ('--port-a', '4711', '--port-b', '4711'),
                     ('replay', 'x', '--as', 'server', '--speed', 'nan'), ('--config', '/nonexistent')],
    'ringside-wire': [('decode', '--port', '-1'), ('decode', '--port', '0'), ('decode', '--version', '-1'), ('frob',), ()],
    'ringside-load': [('--hold', 'nan'), ('--settle', 'nan'), ('--p99-limit', 'nan'), ('--late-limit', 'nan'),
                      ('--open-timeout', 'nan'), ('--seed', '-1'), ('--rate', 'nan'), ('--agents', '-1'), ('--server-pid', '-1'),
                      ('--first-agent', '-1'), ('--fanouts', '-1'), ('--peripheral', '-1'), ('--frob',)],
    'ringside-demo': [('--pause-ms', '-1'), ('--frob',)],
}


class Versions(unittest.TestCase):
    def test_every_program_tells_version_commit_and_what_was_built_in(self):
        for program in PROGRAMS:
            with self.subTest(program):
                code, out, err = run(program, '--version')
                self.assertEqual((code, err), (0, ''))
                self.assertRegex(out, rf'^{program} \d+\.\d+\.\d+ \(commit [0-9a-z-]+\)\n')
                self.assertIn('built with ', out)
                self.assertIn('epoll', out)

    def test_and_says_the_same_as_json(self):
        for program in PROGRAMS:
            for asked in (('--version=json',), ('--version', '--json')):
                with self.subTest(program + ' ' + ' '.join(asked)):
                    code, out, err = run(program, *asked)
                    self.assertEqual((code, err), (0, ''))
                    told = json.loads(out)
                    self.assertEqual(told['program'], program)
                    self.assertIn(f'{told["version"]} (commit {told["commit"]})', run(program, '--version')[1])
                    self.assertIn('epoll', told['built_in'])
                    self.assertEqual(told['ged188_newest'], 25)


class Mistakes(unittest.TestCase):
    def test_bad_flags_are_refused_with_exit_2_and_the_programs_name(self):
        for program, lines in BAD.items():
            if program not in PROGRAMS:
                continue
            for arguments in lines:
                with self.subTest(program + ' ' + ' '.join(arguments)):
                    code, out, err = run(program, *arguments)
                    self.assertEqual(code, 2, out + err)
                    self.assertNotEqual(err, '')
                    for line in err.splitlines():
                        self.assertTrue(line.startswith(program + ': '), err)

    def test_help_is_no_mistake(self):
        for program in PROGRAMS:
            code, out, err = run(program, '--help')
            self.assertEqual((code, err), (0, ''))
            self.assertIn('--version', out)


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1])
