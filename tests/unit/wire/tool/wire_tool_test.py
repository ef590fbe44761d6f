#!/usr/bin/env python3
"""wire_tool_test.py - ringside-wire as people run it: files and pipes in, text, JSON and exit codes out.

Usage: wire_tool_test.py PROGRAM VECTORS
"""
import json
import struct
import subprocess
import sys
import tempfile
import unittest

PROGRAM, VECTORS = sys.argv[1:3]


def run(*arguments, given=b''):
    """(exit code, standard output, standard error); input as bytes."""
    done = subprocess.run([PROGRAM, *arguments], input=given, capture_output=True, timeout=30)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def read_vectors():
    vectors = []
    with open(VECTORS, encoding='utf-8') as file:
        for line in file.read().splitlines():
            kind, _, rest = line.partition(' ')
            if kind == 'message':
                name, version, message = rest.split(' ')
                vectors.append({'id': name, 'version': version, 'message': message, 'fixed': [], 'floating': []})
            elif kind == 'hex':
                vectors[-1]['hex'] = rest
            elif kind in ('fixed', 'floating'):
                vectors[-1][kind].append(rest)
    return vectors


def frame(kind, body):
    return struct.pack('>II', len(body), kind) + body


def agent_state(version, *fields):
    size = 62 if version >= 19 else 58 if version >= 13 else 56
    return frame(30, bytes(size) + b''.join(fields))


def narrow(tag, data):
    return bytes([tag, len(data)]) + data


def wide(tag, data):
    return struct.pack('>HH', tag, len(data)) + data


def open_req(version):
    field = wide if version >= 20 else narrow
    fixed = struct.pack('>11I', 1, version, 120, 0xFFFFFFFF, 16, 0, 0, 0, 0, 0, 0)
    return frame(3, fixed + field(1, b'test\0') + field(2, b''))


def tcp(source, target, sequence, payload, syn=False):
    """An Ethernet frame with an IPv4 TCP segment."""
    segment = struct.pack('>HHIIBBHHH', source, target, sequence, 0, 5 << 4, 2 if syn else 0x18, 1024, 0, 0) + payload
    ends = [b'\x0a\0\0\1', b'\x0a\0\0\2']
    if source < 9000 and target > 9000:  # the client is the first of the two
        ends.reverse()
    ip = struct.pack('>BBHHHBBH4s4s', 0x45, 0, 20 + len(segment), 0, 0, 64, 6, 0, *ends)
    packet = bytes(12) + b'\x08\x00' + ip + segment
    return packet + bytes(max(0, 60 - len(packet)))  # padding as on the wire


def pcap(packets, order='<'):
    out = struct.pack(order + 'IHHiIII', 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
    return out + b''.join(struct.pack(order + 'IIII', 0, 0, len(p), len(p)) + p for p in packets)


def pcapng(packets, order='<'):
    def block(kind, body):
        body += bytes(-len(body) % 4)
        return struct.pack(order + 'II', kind, len(body) + 12) + body + struct.pack(order + 'I', len(body) + 12)
    out = block(0x0A0D0D0A, struct.pack(order + 'IHHq', 0x1A2B3C4D, 1, 0, -1)) + block(1, struct.pack(order + 'HHI', 1, 0, 0))
    return out + b''.join(block(6, struct.pack(order + 'IIIII', 0, 0, 0, len(p), len(p)) + p) for p in packets)


def objects(text):
    return [json.loads(line) for line in text.splitlines()]


class KnownBytes(unittest.TestCase):
    def test_every_vector_decodes_to_json_and_encodes_back(self):
        for vector in read_vectors():
            with self.subTest(vector['id']):
                code, out, err = run('decode', '--json', '--show-passwords', '--version', vector['version'],
                                     given=vector['hex'].encode())
                self.assertEqual((code, err), (0, ''))
                (message,) = objects(out)
                self.assertEqual(message['message'], vector['message'])
                self.assertEqual(message['leftover'], '')
                fixed = [f'{name} {value}' for name, value in message['fixed'].items()]
                self.assertEqual(fixed, vector['fixed'])
                floating = []
                for field in message['floating']:
                    value = field['value']
                    text = '\t'.join(map(str, value)) if isinstance(value, list) else str(value)
                    name = '-' if field['name'].startswith('tag_') else field['name']
                    floating.append(f'{field["tag"]} {name}' + (f' {text}' if text else ''))
                self.assertEqual(floating, vector['floating'])
                code, out, err = run('encode', given=out.encode())
                self.assertEqual((code, out.strip(), err), (0, vector['hex'], ''))

    def test_text_output_names_fields_and_enumerators(self):
        code, out, _ = run('decode', '--version', '15', given=agent_state(15, narrow(5, b'1001\0')).hex().encode())
        self.assertEqual(code, 0)
        self.assertIn('AGENT_STATE_EVENT (30), version 15', out)
        self.assertIn('AgentState: AGENT_STATE_LOGIN (0)', out)
        self.assertIn('[5] AgentID: "1001"', out)


class Inputs(unittest.TestCase):
    STREAM = open_req(15) + agent_state(15, narrow(5, b'1001\0'))

    def names(self, given, *arguments, code=0):
        with tempfile.NamedTemporaryFile() as file:
            file.write(given)
            file.flush()
            got, out, err = run('decode', '--json', *arguments, file.name)
        self.assertEqual(got, code, err)
        self.err = err
        return [(m['message'], m['version']) for m in objects(out)]

    WANTED = [('OPEN_REQ', 15), ('AGENT_STATE_EVENT', 15)]

    def test_the_version_comes_from_open_req(self):
        self.assertEqual(self.names(self.STREAM), self.WANTED)
        self.assertEqual(self.names(self.STREAM.hex().encode()), self.WANTED)

    def test_hex_lines_with_comments_and_blanks(self):
        text = '# a recording\n\n' + open_req(15).hex(' ') + '  # the client\n' + self.STREAM[len(open_req(15)):].hex().upper()
        self.assertEqual(self.names(text.encode()), self.WANTED)
        marked = '\ufeff# Aufzeichnung f\u00fcr \u2026\r\n' + self.STREAM.hex() + '\r\n'
        self.assertEqual(self.names(marked.encode()), self.WANTED)

    def test_hex_as_people_paste_it(self):
        request = open_req(15)
        spellings = [', '.join(f'0x{b:02X}' for b in request), '{' + ','.join(f'0x{b:x}' for b in request) + '};',
                     ''.join(f'\\x{b:02x}' for b in request), request.hex('-'), request.hex(':', 2).upper(),
                     '"' + request.hex() + '"', '[' + request.hex(',') + ']', '\t' + request.hex(' ', 4) + '\r']
        for text in spellings:
            self.assertEqual(self.names(text.encode()), self.WANTED[:1], text)

    def test_hex_dumps_with_offsets(self):
        lines = [self.STREAM[at:at + 16] for at in range(0, len(self.STREAM), 16)]
        seen = [''.join(chr(b) if 32 < b < 127 else '.' for b in line) for line in lines]
        end = f'{len(self.STREAM):08x}'
        dumps = [[f'{16 * i:08x}: {line.hex(" ", -2):40} {text}' for i, (line, text) in enumerate(zip(lines, seen))],
                 [f'{16 * i:08x}  {line[:8].hex(" "):23}  {line[8:].hex(" "):23}  |{text}|'
                  for i, (line, text) in enumerate(zip(lines, seen))] + [end],
                 [f'{16 * i:06x} {line.hex(" ")}' for i, line in enumerate(lines)] + [end[2:]],
                 [f'0x{16 * i:04x}:  {line.hex(" ", -2)}' for i, line in enumerate(lines)]]
        for dump in dumps:
            self.assertEqual(self.names('\n'.join(dump + dump).encode()), self.WANTED * 2, '\n'.join(dump))

    def test_the_same_ports_once_more_are_a_new_connection(self):
        half = open_req(15)[:20]
        packets = [tcp(5000, 42027, 99, b'', syn=True), tcp(5000, 42027, 99, b'', syn=True), tcp(5000, 42027, 100, half),
                   tcp(5000, 42027, 5000, b'', syn=True), tcp(5000, 42027, 5001, open_req(15))]
        self.assertEqual(self.names(pcap(packets), code=1)[1:], self.WANTED[:1])

    def test_a_direction_that_misses_too_much_is_given_up_not_kept(self):
        packets = [tcp(5000, 42027, 99, b'', syn=True)] + [tcp(5000, 42027, 200 + 2 * i, b'x') for i in range(3000)]
        self.assertEqual(self.names(pcap(packets), code=1), [])
        self.assertIn('the rest of this direction is left out', self.err)

    def test_captures_in_both_formats_and_byte_orders(self):
        packets = [tcp(5000, 42027, 99, b'', syn=True), tcp(42027, 5000, 499, b'', syn=True),
                   tcp(5000, 42027, 100, open_req(15)), tcp(42027, 5000, 500, self.STREAM[len(open_req(15)):])]
        for make in (pcap, pcapng):
            for order in '<>':
                self.assertEqual(self.names(make(packets, order)), self.WANTED)

    def test_segments_out_of_order_twice_and_overlapping(self):
        event = agent_state(15, narrow(5, b'1001\0'))
        packets = [tcp(5000, 42027, 0xFFFFFFF0, b'', syn=True)]
        base = 0xFFFFFFF1  # sequence numbers wrap inside the message
        pieces = [(0, 10), (30, 50), (10, 35), (10, 35), (50, len(open_req(15)))]
        packets += [tcp(5000, 42027, (base + a) % 2**32, open_req(15)[a:b]) for a, b in pieces]
        packets += [tcp(42027, 5000, 7, event)]
        self.assertEqual(self.names(pcap(packets)), self.WANTED)

    def test_other_ports_are_left_out_unless_asked_for(self):
        packets = [tcp(5000, 9999, 100, open_req(15))]
        self.assertEqual(self.names(pcap(packets)), [])
        self.assertEqual(self.names(pcap(packets), '--port', '9999'), self.WANTED[:1])

    def test_what_is_skipped_on_other_ports_is_told(self):
        self.names(pcap([tcp(5000, 9999, 100, open_req(15)), tcp(9999, 5000, 7, agent_state(15))]))
        self.assertIn('2 TCP segments on other ports were skipped', self.err)
        self.assertIn('9999: 2', self.err)
        self.assertIn('--port', self.err)
        self.names(pcap([tcp(5000, 42027, 100, open_req(15))]))
        self.assertEqual(self.err, '')

    def test_passwords_are_masked_unless_asked_for(self):
        fixed = struct.pack('>11I', 1, 15, 120, 0xFFFFFFFF, 16, 0, 0, 0, 0, 0, 0)
        request = frame(3, fixed + narrow(1, b'test\0') + narrow(2, b'secret')).hex().encode()
        login = frame(38, struct.pack('>IIHHHIHB', 1, 5000, 0, 0, 0, 0, 0, 0)
                      + narrow(5, b'1001\0') + narrow(49, b'secret\0')).hex().encode()
        cut = frame(3, fixed + narrow(1, b'test\0') + b'\2\x30secret').hex().encode()
        for given in (request, login, cut):
            for form in ((), ('--json',)):
                shown = ''.join(run('decode', '--version', '15', *form, given=given)[1:])
                self.assertNotIn('secret', shown)
                self.assertNotIn(b'secret'.hex(), shown)
        asked = run('decode', '--version', '15', '--show-passwords', given=login)[1]
        self.assertIn('secret', asked)

    def test_json_escapes_what_a_terminal_would_obey(self):
        for hidden in ('\x85', '\x9b', '\u202e', '\u2028', '\u200f', '\ufeff'):
            text = f'a{hidden}b'
            given = agent_state(15, narrow(5, text.encode() + b'\0')).hex().encode()
            code, out, _ = run('decode', '--json', '--version', '15', given=given)
            self.assertNotIn(hidden, out)
            fields = objects(out)[0]['floating']
            self.assertEqual(fields[0]['value'], text)
        raw = agent_state(15, narrow(5, b'a\x9bb\0')).hex().encode()  # a C1 byte as it is, no UTF-8
        self.assertNotIn('\x9b', run('decode', '--json', '--version', '15', given=raw)[1])

    def test_a_gap_in_the_capture_is_told(self):
        packets = [tcp(5000, 42027, 99, b'', syn=True), tcp(5000, 42027, 100, open_req(15)),
                   tcp(5000, 42027, 100 + len(open_req(15)) + 50, self.STREAM)]
        self.assertEqual(self.names(pcap(packets), code=1), self.WANTED[:1])
        self.assertIn('missing from the capture', self.err)

    def test_a_corrupt_capture_shows_what_came_before(self):
        good = pcap([tcp(5000, 42027, 100, open_req(15))])
        for broken in (good + b'\1\2\3', good + struct.pack('<IIII', 0, 0, 2**31, 2**31), good[:30], good[:3]):
            names = self.names(broken, code=1)
            self.assertLessEqual(len(names), 1)
            self.assertNotEqual(self.err, '')
        ng = pcapng([tcp(5000, 42027, 100, open_req(15))])
        for cut in range(4, len(ng)):
            run('decode', given=ng[:cut])  # no crash, no hang
        self.assertEqual(len(self.names(ng[:-2], code=1)), 0)


class BadInput(unittest.TestCase):
    def decode(self, given, *arguments):
        code, out, err = run('decode', '--json', '--version', '15', *arguments, given=given)
        return code, objects(out), err

    def test_a_refused_message_shows_its_fields_and_the_next_one_is_read(self):
        broken = agent_state(15, narrow(5, b'1001\0'), bytes([4, 200]))
        code, messages, err = self.decode(broken + frame(6, bytes(4)))
        self.assertEqual(code, 1)
        self.assertEqual([m['message'] for m in messages], ['AGENT_STATE_EVENT', 'HEARTBEAT_CONF'])
        self.assertEqual(messages[0]['floating'][0]['value'], '1001')
        self.assertEqual(messages[0]['leftover'], '04c8')
        self.assertEqual(messages[0]['error']['offset'], 65)
        self.assertEqual(messages[0]['error']['field'], 'AgentExtension')
        self.assertIn('field past frame', err)

    def test_a_length_of_4_gib_ends_the_stream_and_allocates_nothing(self):
        code, messages, err = self.decode(frame(6, bytes(4)) + b'\xff\xff\xff\xff\0\0\0\x05' + bytes(1000))
        self.assertEqual(code, 1)
        self.assertEqual(messages[1]['error']['code'], 'frame too long')
        self.assertIn('limit 12492', err)

    def test_a_truncated_message_is_shown_with_its_error(self):
        code, messages, _ = self.decode(frame(6, bytes(4))[:-2])
        self.assertEqual(code, 1)
        self.assertEqual(messages[0]['error']['code'], 'frame truncated')

    def test_lying_counts_are_warned_of_and_refused_when_strict(self):
        body = bytearray(46)
        body[30:32] = (3).to_bytes(2, 'big')
        code, messages, err = self.decode(frame(17, bytes(body)))
        self.assertEqual(code, 0)
        self.assertNotIn('error', messages[0])
        warning, = messages[0]['warnings']
        self.assertEqual((warning['code'], warning['field'], warning['offset']), ('count mismatch', 'NumParties', 30))
        self.assertIn('warning: count mismatch in CALL_CONFERENCED_EVENT, field NumParties, at offset 30: found 3', err)
        for at in (18, 32, 38, 40, 42, 44):
            body[at:at + 2] = b'\xff\xff'
        code, messages, err = self.decode(frame(17, bytes(body)), '--strict')
        self.assertEqual((code, messages[0]['error']['field']), (1, 'NumParties'))

    def test_careless_senders_are_read_whole_and_given_back(self):
        fields = narrow(82, b'n\0v\0') + narrow(5, b'1001') + narrow(126, b'text') + narrow(5, b'1002\0') + narrow(250, b'')
        for count in (0, 7, 65535):
            body = bytearray(54)
            body[50:52] = count.to_bytes(2, 'big')
            given = frame(9, bytes(body) + fields)
            code, messages, _ = self.decode(given)
            self.assertEqual(code, 0)
            self.assertEqual(messages[0]['leftover'], '')
            self.assertEqual([f['value'] for f in messages[0]['floating']][0], ['n', 'v'])
            code, out, _ = run('encode', given=json.dumps(messages[0]).encode())
            self.assertEqual((code, out.strip()), (0, given.hex()))

    def test_fixed_parts_of_other_versions_are_read_and_given_back(self):
        for size in (56, 58, 62):  # versions 9, 13, 19
            for version in (9, 15, 19):
                given = frame(30, bytes(size) + narrow(5, b'1001\0'))
                code, out, err = run('decode', '--json', '--version', str(version), given=given.hex().encode())
                message, = objects(out)
                self.assertEqual((code, message['leftover']), (0, ''), err)
                self.assertEqual([f['name'] for f in message['floating']], ['AgentID'])
                code, out, _ = run('encode', given=out.encode())
                self.assertEqual((code, out.strip()), (0, given.hex()))

    def test_a_number_without_a_name_is_shown_and_given_back(self):
        given = frame(7777, b'abc')
        code, messages, _ = self.decode(given)
        self.assertEqual((code, messages[0]['message'], messages[0]['leftover']), (1, 'type_7777', '616263'))
        code, out, _ = run('encode', given=json.dumps(messages[0]).encode())
        self.assertEqual((code, out.strip()), (0, given.hex()))

    def test_unknown_tags_and_name_only_messages_are_shown_without_an_error(self):
        code, messages, _ = self.decode(agent_state(15, narrow(250, b'\1\2')) + frame(151, b'\3\4'))
        self.assertEqual(code, 0)
        self.assertEqual(messages[0]['floating'], [{'name': 'tag_250', 'tag': 250, 'value': '0102'}])
        self.assertEqual((messages[1]['message'], messages[1]['leftover']), ('MEDIA_LOGIN_REQ', '0304'))

    def test_strict_answers_with_a_status(self):
        code, messages, _ = self.decode(agent_state(15, narrow(54, b'x')), '--strict')
        self.assertEqual((code, messages[0]['error']['status']), (1, 3))

    def test_bytes_that_are_no_text_survive_json(self):
        for data in (b'abc', b'', b'a\0b\0', b'\xff\xfe\0', b'\x01\x1b[31m\0'):
            given = agent_state(15, narrow(5, data))
            code, out, _ = run('decode', '--json', '--version', '15', given=given)
            self.assertEqual(code, 0)
            self.assertNotIn('\x1b', out)
            code, back, err = run('encode', given=out.encode())
            self.assertEqual((code, back.strip()), (0, given.hex()), err)
            code, text, _ = run('decode', '--version', '15', given=given)
            self.assertNotIn('\x1b', text)

    def test_hex_that_is_none(self):
        code, out, err = run('decode', given=b'0001\n00000004000000050000000 \n' + frame(6, bytes(4)).hex().encode())
        self.assertEqual(code, 1)
        self.assertIn('line 2: not hex digits in pairs', err)
        self.assertIn('HEARTBEAT_CONF', out)
        code, out, err = run('decode', given=b'GET / HTTP/1.0\r\n\r\n')
        self.assertEqual((code, out), (1, ''))

    def test_what_was_assumed_about_the_version_is_said_when_nothing_fits(self):
        hint = 'no --version and no OPEN_REQ'
        given = agent_state(15, narrow(5, b'1001\0'))
        self.assertIn(hint, run('decode', given=given)[2])
        self.assertNotIn(hint, run('decode', '--version', '25', given=given)[2])
        self.assertNotIn(hint, run('decode', given=open_req(15) + given + b'\0')[2])
        self.assertEqual(run('decode', given=agent_state(25))[2], '')

    def test_lines_of_any_length_are_bounded(self):
        code, out, err = run('decode', given=b'00' * 2**20 + b'\n' + frame(6, bytes(4)).hex().encode())
        self.assertEqual(code, 1)
        self.assertIn('line 1: longer than 1 MiB', err)
        self.assertIn('HEARTBEAT_CONF', out)
        code, out, err = run('encode', given=b'[' * 2**21 + b'\n{"message":"HEARTBEAT_REQ"}')
        self.assertEqual((code, out.strip()), (1, '000000040000000500000000'))

    def test_garbage_json(self):
        lines = ['', '{', '[]', 'null', '{"message":"NONE"}', '{"message":"HEARTBEAT_REQ","fixed":{"X":1}}',
                 '{"message":"HEARTBEAT_REQ","fixed":{"InvokeID":4294967296}}',
                 '{"message":"HEARTBEAT_REQ","fixed":{"InvokeID":-1}}',
                 '{"message":"HEARTBEAT_REQ","fixed":{"InvokeID":"x"}}', '{"message":"HEARTBEAT_REQ","leftover":"0"}',
                 '{"message":"OPEN_REQ","floating":[{"name":"Nobody","value":1}]}',
                 '{"message":"OPEN_REQ","floating":[{"name":"ClientID"}]}', '{"message":"OPEN_REQ","floating":7}',
                 '{"message":"OPEN_REQ","version":"x"}', '{"message":"OPEN_REQ","version":4294967295}', '[' * 100000,
                 '{"message":"HEARTBEAT_REQ","fixed_bytes":7}', '{"message":"HEARTBEAT_REQ","fixed_bytes":-1}',
                 '{"message":"BEGIN_CALL_EVENT","floating":[{"name":"NamedVariable","value":["a"]}]}',
                 '{"message":"OPEN_REQ","version":15,"floating":[{"name":"ClientID","value":"' + 'x' * 300 + '"}]}',
                 '{"message":"HEARTBEAT_REQ","number":6}']
        code, out, err = run('encode', given='\n'.join(lines + ['{"message":"HEARTBEAT_REQ"}']).encode())
        self.assertEqual(code, 1)
        self.assertEqual(out.strip(), '000000040000000500000000', 'the good line is written')
        self.assertEqual(len(err.splitlines()), len(lines) - 1, err)
        for line in err.splitlines():
            self.assertRegex(line, r'^ringside-wire: line \d+: .+')

    def test_encode_tells_what_would_not_decode(self):
        lying = b'{"message":"CALL_CONFERENCED_EVENT","fixed":{"NumParties":3}}'
        code, out, err = run('encode', given=lying)
        self.assertEqual(code, 0)
        self.assertIn('warning: count mismatch', err)
        code, again, err = run('encode', '--strict', given=lying)
        self.assertEqual((code, again), (1, out))
        self.assertIn('what was written does not decode: ', err)
        code, out, err = run('encode', given=b'{"message":"HEARTBEAT_REQ","leftover":"00"}')
        self.assertEqual((code, out.strip()), (1, '00000005000000050000000000'))

    def test_wrong_usage_is_2(self):
        for arguments in ([], ['frob'], ['decode', '--version', 'x'], ['decode', '/does/not/exist'], ['diff', 'one']):
            self.assertEqual(run(*arguments)[0], 2, arguments)


class Words(unittest.TestCase):
    def test_encode_takes_enumerators_by_name(self):
        line = {'message': 'SET_AGENT_STATE_REQ', 'version': 15,
                'fixed': {'AgentState': 'AGENT_STATE_NOT_READY', 'EventReasonCode': 7}}
        code, out, err = run('encode', given=json.dumps(line).encode())
        self.assertEqual((code, err), (0, ''))
        self.assertEqual(out.strip()[16 + 16:16 + 20], '0002')

    def test_list(self):
        code, out, _ = run('list')
        self.assertEqual((code, len(out.splitlines())), (0, 243))
        code, out, _ = run('list', 'AGENT_STATE_EVENT')
        self.assertEqual(code, 0)
        self.assertIn('DepartmentID', out)
        self.assertEqual(run('list', '30')[1], out)
        self.assertEqual(run('list', 'NOBODY')[0], 1)

    def test_diff(self):
        with tempfile.NamedTemporaryFile('w') as a, tempfile.NamedTemporaryFile('w') as b:
            first, second = agent_state(25, wide(5, b'1001\0')), agent_state(25, wide(5, b'1002\0'))
            a.write('\n'.join(f.hex() for f in (frame(6, bytes(4)), first)))
            b.write('\n'.join(f.hex() for f in (frame(6, bytes(4)), frame(5, bytes(4)), second)))
            a.flush(), b.flush()
            code, out, _ = run('diff', a.name, b.name)
            self.assertEqual(code, 1)
            self.assertEqual(out.splitlines(), ['+ HEARTBEAT_REQ at line 2', '  + InvokeID: 0',
                                                '= AGENT_STATE_EVENT at line 2 and line 3',
                                                '  - [5] AgentID: "1001"', '  + [5] AgentID: "1002"'])
            self.assertEqual(run('diff', a.name, a.name), (0, '', ''))


if __name__ == '__main__':
    unittest.main(argv=[sys.argv[0]], verbosity=2)
