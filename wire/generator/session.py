#!/usr/bin/env python3
"""session.py - makes the session protocol's views, writers and tables from wire/session.json.

Usage: session.py code session.json OUTPUT_DIRECTORY     session_frame.hpp and session_frame.cpp
       session.py doc session.json SESSION_PROTOCOL.md   rewrites the tables between the markers in the document
       session.py check-doc session.json SESSION_PROTOCOL.md   fails when the tables are not up to date
"""
import json
import re
import sys
from pathlib import Path

BANNER = ('// {name} - {what}\n//\n'
          '// Generated from wire/session.json by wire/generator/session.py; change those, not this file.\n')
SIZES = {'u16': 2, 'u32': 4, 'u64': 8}
CXX = {'u16': 'std::uint16_t', 'u32': 'std::uint32_t', 'u64': 'std::uint64_t'}
FOREIGN = {'RequestId': 'u32', 'EventId': 'u32'}  # enums of wire/event_id.hpp


class Schema:
    def __init__(self, path):
        self.json = json.loads(Path(path).read_text(encoding='utf-8'))
        self.base = {**FOREIGN, **{e['name']: e['type'] for e in self.json['enums']}}
        self.types = {name: number for name, number, _ in self.enum('FrameType')['values']}
        for frame in self.json['frames']:
            self.check(frame)

    def enum(self, name):
        return next(e for e in self.json['enums'] if e['name'] == name)

    def raw(self, field):
        return self.base.get(field['type'], field['type'])

    def size(self, field):
        return SIZES[self.raw(field)]

    def check(self, frame):
        """Fields are aligned, apart and inside the fixed part; frame sizes are multiples of 8."""
        end = 16
        for field in frame['fields']:
            assert field['offset'] >= end, (frame['name'], field['name'], 'overlaps')
            assert field['offset'] % self.size(field) == 0, (frame['name'], field['name'], 'not aligned')
            end = field['offset'] + self.size(field)
        assert end <= frame['fixed'] and frame['fixed'] % 8 == 0, frame['name']
        assert 'k' + frame['name'] in self.types, frame['name']


def enums(schema):
    lines = []
    for enum in schema.json['enums']:
        if enum.get('bits'):
            lines.append(f"namespace {snake(enum['name'])} {{  // bits")
            lines += [f"inline constexpr {CXX[enum['type']]} {name} = {number};  ///< {doc}"
                      for name, number, doc in enum['values']]
            lines.append(f"}}  // namespace {snake(enum['name'])}\n")
        else:
            lines.append(f"enum class {enum['name']} : {CXX[enum['type']]} {{")
            lines += [f'  {name} = {number},  ///< {doc}' for name, number, doc in enum['values']]
            lines.append('};')
            lines.append('/// The enumerator; "?" for a number that is none.')
            lines.append(f"std::string_view name_of({enum['name']} value) noexcept;\n")
    return lines


def snake(name):
    return re.sub(r'(?<!^)([A-Z])', r'_\1', name).lower()


def default(field):
    return field.get('default', '0')


def stored(schema, field, value):
    return value if field['type'] in SIZES else f'static_cast<{CXX[schema.raw(field)]}>({value})'


def header_struct(schema, frame):
    lines = [f"/// What the fixed part of a k{frame['name']} says.", f"struct {frame['name']}Header {{",
             f"  std::uint64_t id = 0;  ///< {frame['id']}"]
    if 'also' in frame:
        lines.append(f"  bool snapshot = false;  ///< written as {frame['also']}, with update_flag::kSnapshot")
        lines.append('  std::uint16_t flags = 0;  ///< update_flag')
    for field in frame['fields']:
        if 'constant' in field or field.get('list'):
            continue
        cxx = CXX.get(field['type'], field['type'])
        lines.append(f"  {cxx} {field['name']} = {default(field)};  ///< {field['doc']}")
    lines.append('};\n')
    return lines


def view_class(schema, frame):
    name = f"{frame['name']}View"
    has_arguments = 'arguments' in frame
    check_magic = any('constant' in f for f in frame['fields'])
    lines = [f"/// A k{frame['name']}, read in place; good as long as the bytes.", f'class {name} {{', ' public:',
             f"  static constexpr FrameType kType = FrameType::k{frame['name']};",
             f"  static constexpr std::uint16_t kFixedBytes = {frame['fixed']};",
             f'  static const FrameShape kShape;',
             '  /// For foreign bytes: one whole frame, checked down to its last byte.',
             f'  static Result<{name}, SessionError> check(Bytes frame) noexcept {{',
             '    const auto checked = check_frame(frame, kShape);',
             '    if (!checked) return Err{checked.error()};']
    if check_magic:
        lines.append('    if (load_le<std::uint32_t>(&frame[16]) != kSessionMagic) {')
        lines.append('      return Err{SessionError{SessionFault::kMagicWrong, 16, 0}};')
        lines.append('    }')
    lines += [f'    return {name}(frame.data());', '  }',
              f'  static Result<{name}, SessionError> check(std::vector<std::byte>&&) = delete;  // would dangle',
              '  /// For bytes that have been checked or that we wrote; may be longer than the frame.',
              f'  static {name} trusted(Bytes frame) noexcept {{ return {name}(frame.data()); }}', '',
              '  Bytes bytes() const noexcept { return {at_, frame_length(at_)}; }',
              f"  /// {frame['id']}", '  std::uint64_t id() const noexcept { return frame_id(at_); }']
    if 'also' in frame:
        lines += ['  std::uint64_t sequence() const noexcept { return frame_id(at_); }',
                  '  /// update_flag', '  std::uint16_t flags() const noexcept { return frame_flags(at_); }',
                  f"  bool is_snapshot() const noexcept {{ return frame_type(at_) == "
                  f"static_cast<std::uint16_t>(FrameType::{frame['also']}); }}"]
    for field in frame['fields']:
        if 'constant' in field:
            continue
        cxx = CXX.get(field['type'], field['type'])
        load = f"load_le<{CXX[schema.raw(field)]}>(at_ + {field['offset']})"
        if field['type'] not in SIZES:
            load = f'static_cast<{cxx}>({load})'
        lines += [f"  /// {field['doc']}", f"  {cxx} {field['name']}() const noexcept {{ return {load}; }}"]
    names = {f['name'] for f in frame['fields']}
    if {'lineage', 'epoch', 'peripheral_id'} <= names:
        lines += ['  Position position() const noexcept {',
                  '    return {lineage(), epoch(), peripheral_id(), frame_id(at_)};', '  }']
    if frame.get('positions'):
        lines += ['  /// index < count()', '  Position position(std::uint16_t index) const noexcept {',
                  '    return load_position(at_ + kFixedBytes + std::size_t{index} * kPositionBytes);', '  }']
    if has_arguments:
        lines += ['  ArgumentsView arguments() const noexcept {',
                  '    return ArgumentsView::trusted({at_ + arguments_offset(at_, kShape), 8});', '  }']
    lines += ['', ' private:', f'  explicit {name}(const std::byte* at) noexcept : at_(at) {{}}',
              '  const std::byte* at_;', '};', '']
    also = f"static_cast<std::uint16_t>(FrameType::{frame['also']})" if 'also' in frame else '0'
    count_at = next((f['offset'] for f in frame['fields'] if f.get('list')), 0)
    lines += [f'inline constexpr FrameShape {name}::kShape{{static_cast<std::uint16_t>({name}::kType),',
              f"    {also}, {name}::kFixedBytes, {count_at}, {'true' if has_arguments else 'false'}}};", '']
    return lines


def writer_class(schema, frame):
    name = f"{frame['name']}Writer"
    positions = frame.get('positions')
    extra = ', std::span<const Position> positions' if positions else ''
    lines = [f'class {name} : public FrameWriter {{', ' public:',
             f"  {name}(MutableBytes buffer, const {frame['name']}Header& header{extra}) noexcept;",
             '  /// The frame, at the start of the buffer; empty bytes after an error.',
             '  Bytes finish() noexcept { return finish_frame(); }', '};', '']
    return lines


def writer_body(schema, frame):
    name = f"{frame['name']}Writer"
    positions = frame.get('positions')
    extra = ', std::span<const Position> positions' if positions else ''
    list_bytes = 'static_cast<std::uint32_t>(positions.size() * kPositionBytes)' if positions else '0'
    lines = [f"{name}::{name}(MutableBytes buffer, const {frame['name']}Header& header{extra}) noexcept",
             f"    : FrameWriter(buffer, {frame['name']}View::kShape, {list_bytes}) {{"]
    if positions:
        lines.append('  CTI_CHECK(positions.size() <= limits::kPositionsMax);')
    lines.append('  if (!at(0)) return;')
    if 'also' in frame:
        lines += ['  std::uint16_t flags = header.flags;', '  if (header.snapshot) {',
                  f"    store_le(at(4), static_cast<std::uint16_t>(FrameType::{frame['also']}));",
                  '    flags |= update_flag::kSnapshot;', '  }', '  store_le(at(6), flags);']
    lines.append('  store_le(at(8), header.id);')
    for field in frame['fields']:
        if 'constant' in field:
            value = 'kSessionMagic'
        elif field.get('list'):
            value = 'static_cast<std::uint16_t>(positions.size())'
        else:
            value = stored(schema, field, f"header.{field['name']}")
        lines.append(f"  store_le(at({field['offset']}), {value});")
    if positions:
        lines += ['  std::size_t place = SubscribeView::kFixedBytes;', '  for (const Position& position : positions) {',
                  '    store_position(at(place), position);', '    place += kPositionBytes;', '  }']
    lines += ['}', '']
    return lines


def code_hpp(schema):
    magic = int.from_bytes(schema.json['magic'].encode('ascii'), 'little')
    lines = [BANNER.format(name='session_frame.hpp', what='the frames of the session protocol, read and written in place.'),
             '''// Views never copy; check() is for foreign bytes, trusted() for our own. Writers put the fixed part at once,
// take the Arguments through arguments() and complete the frame with finish(); the first error sticks. No allocation anywhere.
// Documented frame by frame in wire/SESSION_PROTOCOL.md.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "wire/event_id.hpp"
#include "wire/frame_prefix.hpp"

namespace cti::wire {
''', f"inline constexpr std::uint16_t kSessionVersion = {schema.json['version']};",
             f'inline constexpr std::uint32_t kSessionMagic = {magic:#010x};  ///< "RSCT" in memory\n']
    lines += enums(schema)
    lines += ['/// May a client (library, peer or edge: whoever connected) send this frame? Unknown types: no.',
              'bool client_may_send(FrameType type) noexcept;',
              '/// May the accepting side?', 'bool server_may_send(FrameType type) noexcept;', '']
    for frame in schema.json['frames']:
        lines += header_struct(schema, frame) + view_class(schema, frame) + writer_class(schema, frame)
    lines.append('}  // namespace cti::wire\n')
    return '\n'.join(lines)


def code_cpp(schema):
    lines = [BANNER.format(name='session_frame.cpp', what='writers and names of the session protocol.'),
             '#include "wire/session_frame.hpp"\n\n#include "core/base/check.hpp"\n\nnamespace cti::wire {\n']
    for enum in schema.json['enums']:
        if enum.get('bits'):
            continue
        lines += [f"std::string_view name_of({enum['name']} value) noexcept {{", '  switch (value) {']
        lines += [f"    case {enum['name']}::{name}: return \"{name}\";" for name, _, _ in enum['values']]
        lines += ['  }', '  return "?";', '}', '']
    for side, function in (('client', 'client_may_send'), ('server', 'server_may_send')):
        allowed = [f for f in schema.json['frames'] if f['from'] in (side, 'both')]
        lines += [f'bool {function}(FrameType type) noexcept {{', '  switch (type) {']
        for frame in allowed:
            lines.append(f"    case FrameType::k{frame['name']}:")
            if 'also' in frame:
                lines.append(f"    case FrameType::{frame['also']}:")
        lines += ['      return true;', '    default:', '      return false;', '  }', '}', '']
    for frame in schema.json['frames']:
        lines += writer_body(schema, frame)
    lines.append('}  // namespace cti::wire\n')
    return '\n'.join(lines)


def doc_tables(schema):
    lines = []
    for frame in schema.json['frames']:
        also = f" (and {frame['also']} = {schema.types[frame['also']]})" if 'also' in frame else ''
        sender = {'client': 'client to server', 'server': 'server to client', 'both': 'either side'}[frame['from']]
        lines += [f"### k{frame['name']} = {schema.types['k' + frame['name']]}{also}", '',
                  f"{sender}; id: {frame['id']}.", '', '| offset | type | field | meaning |', '|---|---|---|---|']
        lines += [f"| {f['offset']} | {f['type']} | {f['name']} | {f['doc']} |" for f in frame['fields']]
        at = str(frame['fixed'])
        if frame.get('positions'):
            lines.append(f'| {at} | position[count] | | 24 bytes each |')
            at += ' + 24 x count'
        if 'arguments' in frame:
            lines.append(f"| {at} | Arguments | | {frame['arguments']} |")
        else:
            lines.append(f'| {at} | | | end |')
        lines.append('')
    lines += ['### position', '', '| offset | type | field | meaning |', '|---|---|---|---|']
    lines += [f"| {f['offset']} | {f['type']} | {f['name']} | {f['doc']} |" for f in schema.json['position']['fields']]
    lines.append('')
    for enum in schema.json['enums']:
        lines += [f"### {enum['name']} ({enum['type']}{', bits' if enum.get('bits') else ''})", '',
                  '| number | name | meaning |', '|---|---|---|']
        lines += [f'| {number} | {name} | {doc} |' for name, number, doc in enum['values']]
        lines.append('')
    return '\n'.join(lines)


def with_tables(schema, path):
    text = path.read_text(encoding='utf-8')
    begin, end = '<!-- tables: made by wire/generator/session.py -->\n', '<!-- end of tables -->'
    head, rest = text.split(begin)
    return text, head + begin + '\n' + doc_tables(schema) + rest[rest.index(end):]


def main():
    command, schema, target = sys.argv[1], Schema(sys.argv[2]), Path(sys.argv[3])
    if command == 'code':
        (target / 'session_frame.hpp').write_text(code_hpp(schema), encoding='utf-8')
        (target / 'session_frame.cpp').write_text(code_cpp(schema), encoding='utf-8')
        return 0
    before, after = with_tables(schema, target)
    if command == 'doc':
        target.write_text(after, encoding='utf-8')
        return 0
    if before != after:
        print(f'{target}: the tables differ from the schema; run session.py doc', file=sys.stderr)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
