#!/usr/bin/env python3
"""dissector_test.py - the Wireshark dissectors on known messages, through text2pcap and tshark.

Usage: dissector_test.py GED188_LUA RINGSIDE_LUA VECTORS      skipped (exit 77) where tshark is not installed
"""
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

GED188, RINGSIDE, VECTORS = sys.argv[1:4]
CLIENT, SERVER, SESSION = 51000, 42027, 42028


def vectors():
    found = []
    for line in Path(VECTORS).read_text(encoding='utf-8').splitlines():
        kind, _, rest = line.partition(' ')
        if kind == 'message':
            name, version, message = rest.split(' ')
            found.append({'id': name, 'version': int(version), 'message': message, 'values': []})
        elif kind == 'hex':
            found[-1]['bytes'] = bytes.fromhex(rest)
        elif kind == 'fixed':
            found[-1]['values'].append(rest.split(' ', 1))
        elif kind == 'floating':
            found[-1]['values'].append((rest.split(' ', 2) + [''])[1:3])
    return found


def capture(packets, port, folder):
    """A capture with one packet per item, made by text2pcap as any user would make it."""
    dump = Path(folder, 'dump.txt')
    lines = []
    for packet in packets:
        for at in range(0, len(packet), 16):
            lines.append(f'{at:06x} {packet[at:at + 16].hex(" ")}')
        lines.append('')
    dump.write_text('\n'.join(lines) + '\n', encoding='ascii')
    out = str(Path(folder, 'out.pcap'))
    subprocess.run(['text2pcap', '-q', '-T', f'{CLIENT},{port}', str(dump), out], check=True, capture_output=True)
    return out


def tshark(packets, *options, port=SERVER):
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(['tshark', '-X', f'lua_script:{GED188}', '-X', f'lua_script:{RINGSIDE}', '-V', *options,
                               '-r', capture(packets, port, folder)], capture_output=True, timeout=60, text=True)
    return done.stdout, done.stderr


def number_in(line):
    """The number that a line shows: "X: NAME (2)", "X: 0x12 ...", "X: 5"."""
    for pattern in (r'\((-?\d+)\)', r': (0x[0-9a-f]+)', r': (-?\d+)$'):
        found = re.search(pattern, line)
        if found:
            return int(found.group(1), 0)
    return None


class Ged188(unittest.TestCase):
    def test_every_vector_shows_its_fields(self):
        for version in sorted({v['version'] for v in vectors()}):
            # An OPEN_REQ sets the version of what follows, so those of other versions have packets of their own.
            chosen = [v for v in vectors() if v['version'] == version]
            out, err = tshark([v['bytes'] for v in chosen], '-o', f'ged188.version:{version}')
            self.assertNotIn('Lua', err)
            shown = re.split(r'^Frame \d+: ', out, flags=re.M)[1:]
            self.assertEqual(len(shown), len(chosen))
            for vector, text in zip(chosen, shown):
                with self.subTest(vector['id']):
                    self.check(vector, text)

    def check(self, vector, out):
        self.assertIn(f'CTI Server: {vector["message"]}\n', out)
        self.assertNotIn('Left over', out)
        self.assertNotIn('Malformed', out)
        shown = [line.strip() for line in out.split('CTI Server: ', 1)[1].splitlines()]
        for name, value in vector['values']:
            lines = [line for line in shown if line.startswith(name + ':')]
            if name == '-' or 'Time' in name or value == '':
                continue
            self.assertTrue(lines, f'{name} is not shown')
            if '\t' in value:
                parts = value.split('\t')
                wanted = f'{parts[-2]}[{parts[0]}] = {parts[-1]}' if len(parts) == 3 else f'{parts[0]} = {parts[1]}'
                self.assertTrue(any(wanted in line for line in lines), f'{wanted} in {lines}')
            else:
                fits = [line for line in lines if line == f'{name}: {value}' or str(number_in(line)) == value]
                self.assertTrue(fits, f'{name} = {value} in {lines}')

    def test_the_version_is_that_of_the_open_req(self):
        first = [v for v in vectors() if v['version'] == 14]
        open_req = next(v for v in first if v['message'] == 'OPEN_REQ')
        delivered = next(v for v in first if v['message'] == 'CALL_DELIVERED_EVENT')
        out, _ = tshark([open_req['bytes'], delivered['bytes']])
        self.assertEqual(out.count('[Version of the connection: 14]'), 2)
        self.assertNotIn('Left over', out)

    def test_messages_are_put_together_from_segments(self):
        stream = b''.join(v['bytes'] for v in vectors() if v['version'] == 25)
        out, err = tshark([stream[at:at + 11] for at in range(0, len(stream), 11)])
        self.assertNotIn('Lua', err)
        self.assertEqual(len(re.findall(r'^CTI Server: ', out, re.M)), sum(v['version'] == 25 for v in vectors()))
        self.assertNotIn('Left over', out)

    def test_broken_messages_are_marked(self):
        heartbeat = struct.pack('>III', 4, 6, 1)
        cases = {'too short': struct.pack('>II', 2, 6) + b'\0\0', 'left over': struct.pack('>IIIBB', 6, 6, 1, 5, 200),
                 'above': struct.pack('>II', 0xFFFFFFFF, 5) + bytes(20)}
        for words, packet in cases.items():
            out, err = tshark([heartbeat, packet])
            self.assertIn(words, out)
            self.assertNotIn('Lua', err)
        out, _ = tshark([struct.pack('>II', 3, 151) + b'abc'])
        self.assertIn('MEDIA_LOGIN_REQ', out)
        self.assertIn('layout not published', out)


class Session(unittest.TestCase):
    @staticmethod
    def arguments():
        text = b'desk-1'
        entry = struct.pack('<HBBI', 0, 6, 4, len(text)) + b'name' + text + bytes(-len(text) % 4)
        number = struct.pack('<HBBI', 1, 2, 0, 77)
        return struct.pack('<IHH', 8 + len(number) + len(entry), 2, 0) + number + entry

    def hello(self):
        body = struct.pack('<4sHHIHHI4x', b'RSCT', 1, 1, 1, 1, 0, 5000) + self.arguments()
        body += bytes(-(16 + len(body)) % 8)
        return struct.pack('<IHHQ', 16 + len(body), 1, 0, 0) + body

    def test_frames_and_arguments_are_shown(self):
        heartbeat = struct.pack('<IHHQ', 16, 3, 0, 9)
        out, err = tshark([self.hello() + heartbeat], port=SESSION)
        self.assertNotIn('Lua', err)
        for words in ('Ringside: Hello', 'role: Client (1)', 'features: 1', 'heartbeat_ms: 5000',
                      'Arguments (2)', 'name: desk-1', ': 77', 'Ringside: HeartbeatReq'):
            self.assertIn(words, out)

    def test_frames_are_put_together_from_segments(self):
        stream = self.hello() * 3
        out, err = tshark([stream[at:at + 9] for at in range(0, len(stream), 9)], port=SESSION)
        self.assertNotIn('Lua', err)
        self.assertEqual(len(re.findall(r'^Ringside: Hello', out, re.M)), 3)

    def test_broken_frames_do_no_harm(self):
        for packet in (struct.pack('<IHHQ', 7, 1, 0, 0), struct.pack('<IHHQ', 0xFFFFFFFF, 1, 0, 0) + bytes(50),
                       struct.pack('<IHHQ', 24, 99, 0, 0) + bytes(8), struct.pack('<IHHQ', 64, 1, 0, 0) + b'\xff' * 48):
            out, err = tshark([packet], port=SESSION)
            self.assertNotIn('Lua', out + err)


if __name__ == '__main__':
    if not shutil.which('tshark') or not shutil.which('text2pcap'):
        print('tshark is not installed: skipped')
        sys.exit(77)
    unittest.main(argv=[sys.argv[0]], verbosity=2)
