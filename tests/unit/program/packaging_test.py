#!/usr/bin/env python3
"""packaging_test.py - the alert rules and the dashboard that are shipped: good by promtool, and over metrics that there are.

Usage: packaging_test.py SOURCE_ROOT RINGSIDED RINGSIDE_SIM
Where promtool is not installed its part is skipped; every name is compared with what a running server shows either way.
"""
import json
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request

ROOT, RINGSIDED, RINGSIDE_SIM = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3]
RULES = ROOT / 'packaging/prometheus/ringside.rules.yml'
DASHBOARD = ROOT / 'packaging/grafana/ringside.json'
DEADLINE_S = 60


def value_in(line, key):
    return re.search(rf'\b{key}=(\S+)', line).group(1)


def wait_until(condition):
    end = time.monotonic() + DEADLINE_S
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError('not in time')


def names_in(expression):
    """Metrics of a PromQL expression: without functions, labels, and what is grouped by."""
    bare = re.sub(r'\{[^}]*\}', '', expression)
    bare = re.sub(r'\b(by|on|without|ignoring)\s*\([^)]*\)', '', bare)
    return set(re.findall(r'\b(?:ringside|process)_[a-z0-9_]+\b', bare))


def rule_expressions():
    return re.findall(r'^\s*expr: (.+)$', RULES.read_text(), re.M)


def panel_expressions():
    panels = json.loads(DASHBOARD.read_text())['panels']
    return [target['expr'] for panel in panels for target in panel.get('targets', [])]


class Server:
    """ringsided before a simulated CTI Server, with its pages on a port that was free a moment ago."""

    def __enter__(self):
        self.sim = subprocess.Popen([RINGSIDE_SIM, '--port-a', '0', '--port-b', '0', '--no-stdin'],
                                    stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        side = '127.0.0.1:' + value_in(self.sim.stdout.readline(), 'port-a')
        for _ in range(10):
            with socket.socket() as free:
                free.bind(('127.0.0.1', 0))
                self.port = free.getsockname()[1]
            self.server = subprocess.Popen(
                [RINGSIDED, '--listen', '127.0.0.1:0', '--cti-server', side, '--metrics-port', str(self.port)],
                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
            if self.server.stdout.readline().startswith('ready'):
                return self
            self.server.wait()
        raise AssertionError('no server')

    def __exit__(self, *_):
        for child in (self.server, self.sim):
            child.kill()
            child.wait()
            child.stdout.close()

    def page(self, path):
        with urllib.request.urlopen(f'http://127.0.0.1:{self.port}{path}', timeout=20) as answer:
            return answer.read().decode()

    def names(self):
        return set(re.findall(r'^([a-z0-9_]+)[ {]', self.page('/metrics'), re.M))


class Shipped(unittest.TestCase):
    def test_rules_are_good_by_promtool(self):
        promtool = shutil.which('promtool')
        if promtool is None:
            self.skipTest('promtool is not installed')
        done = subprocess.run([promtool, 'check', 'rules', str(RULES)], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_each_alert_says_how_urgent_it_is_and_what_it_means(self):
        alerts = re.split(r'^\s*- alert: ', RULES.read_text(), flags=re.M)[1:]
        self.assertGreater(len(alerts), 5)
        for alert in alerts:
            name = alert.split('\n', 1)[0]
            self.assertRegex(alert, r'severity: (page|ticket)', name)
            self.assertIn('summary: "', alert, name)
            self.assertIn('expr: ', alert, name)

    def test_every_metric_of_rules_and_panels_is_one_that_a_server_shows(self):
        wanted = set().union(*(names_in(each) for each in rule_expressions() + panel_expressions()))
        self.assertGreater(len(wanted), 20)
        with Server() as server:
            # The watchdog's counters come with its first look.
            wait_until(lambda: wanted <= server.names() or not server.server.poll() is None)
            self.assertEqual(wanted - server.names(), set())

    def test_the_page_is_one_that_prometheus_reads(self):
        promtool = shutil.which('promtool')
        if promtool is None:
            self.skipTest('promtool is not installed')
        with Server() as server, tempfile.TemporaryFile('w+') as page:
            page.write(server.page('/metrics'))
            page.seek(0)
            done = subprocess.run([promtool, 'check', 'metrics'], stdin=page, capture_output=True, text=True)
            self.assertNotEqual(done.returncode, 1, done.stdout + done.stderr)  # 3: matters of style

    def test_a_name_that_is_none_would_be_found(self):
        self.assertEqual(names_in('sum by (ringside_x) (rate(ringside_y_total{a="ringside_z"}[5m]))'), {'ringside_y_total'})


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1])
