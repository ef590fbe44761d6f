#!/usr/bin/env python3
"""ctios.py - makes the C++ tables of CTI OS nouns from wire/ctios.json.

Usage: ctios.py ctios.json OUTPUT_DIRECTORY
Writes keyword.{hpp,cpp}, event_id.{hpp,cpp}, ctios_enums.{hpp,cpp}, error_code.{hpp,cpp} and served.hpp.
"""
import json
import sys
from pathlib import Path

BANNER = '// {name} - {what}\n//\n// Generated from wire/ctios.json by wire/generator/ctios.py; change those, not this file.\n'
KEYWORD_SLOTS = 2048  # at least twice the number of spellings: short probe runs
EVENT_SOURCES = {'guide', 'third-party', 'inferred', 'ours'}


def fnv1a(text):
    """The hash of wire/keyword.cpp: FNV-1a over ASCII-lowercased bytes, folded to 32 bits."""
    value = 0x811C9DC5
    for byte in text.lower().encode('ascii'):
        value = ((value ^ byte) * 0x01000193) & 0xFFFFFFFF
    return value


def check(schema):
    """Refuses a schema whose ids or names clash: ids are for ever."""
    for table, key in (('keywords', 'id'), ('events', 'id'), ('requests', 'id')):
        ids = [entry[key] for entry in schema[table]]
        names = [name.lower() for entry in schema[table] for name in spellings(entry)]
        assert len(set(ids)) == len(ids), f'{table}: an id occurs twice'
        assert len(set(names)) == len(names), f'{table}: a name occurs twice'
    assert all(0 < entry['id'] <= 0xFFFF for entry in schema['keywords'])
    known = {event['name'] for event in schema['events']}
    for request in schema['requests']:
        assert request['confirmed_by'] in known, request['name']
    for event in schema['events']:
        assert event['id_source'] in EVENT_SOURCES and event['name_source'] in EVENT_SOURCES


def spellings(entry):
    """The name first; then other spellings that differ by more than case count as the same keyword."""
    seen = [entry['name']]
    for alias in entry.get('aliases', []):
        if alias.lower() not in [name.lower() for name in seen]:
            seen.append(alias)
    return seen


def quoted(text):
    return json.dumps(text)


def keyword_hpp(schema):
    lines = [BANNER.format(name='keyword.hpp', what='the keywords of CTI OS as numbers and back.')]
    lines.append('''//
// A keyword that is not here is an own string: it travels along as text (wire/arguments.hpp). Ids up to 0x3FFF name
// keywords of CTI OS, ids from 0x4000 on those that only Ringside knows. An id never changes.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "wire/arg_type.hpp"

namespace cti::wire {

/// Spelled as CTI OS spells the string name.
enum class Keyword : std::uint16_t {
  kOwnKey = 0,  ///< not a keyword: the key is a string''')
    for entry in schema['keywords']:
        types = '/'.join(entry['types']) or 'no type documented'
        origin = '' if entry['source'] == 'guide' else f", {entry['source']}"
        lines.append(f"  {entry['name']} = {entry['id']},  ///< {types}{origin}")
        for alias in entry.get('aliases', []):
            lines.append(f"  {alias} = {entry['name']},  ///< other spelling, the same keyword")
    lines.append(f'''}};

inline constexpr std::uint16_t kKeywords = {len(schema['keywords'])};

/// The string name; empty for an id that this version does not know (a newer peer may send one).
std::string_view name_of(Keyword keyword) noexcept;

/// Ignores case (ASCII) and nothing else: the caller trims. Constant time, no allocation.
std::optional<Keyword> keyword_from(std::string_view name) noexcept;

/// The types that the sources print for this keyword, as a mask; 0 when none is printed.
ArgTypeMask expected_types(Keyword keyword) noexcept;

}}  // namespace cti::wire
''')
    return '\n'.join(lines)


def keyword_cpp(schema):
    rows = [(name, entry) for entry in schema['keywords'] for name in spellings(entry)]
    slots = [0] * KEYWORD_SLOTS
    for number, (name, _) in enumerate(rows):
        slot = fnv1a(name) % KEYWORD_SLOTS
        while slots[slot]:
            slot = (slot + 1) % KEYWORD_SLOTS
        slots[slot] = number + 1
    bits = {'INT': 1, 'UINT': 2, 'SHORT': 3, 'USHORT': 4, 'BOOL': 5, 'STRING': 6, 'ARGUMENTS': 7}
    body = [f'  {{{quoted(name)}, {entry["id"]}, {sum(1 << bits[t] for t in entry["types"])}}},' for name, entry in rows]
    ours = min(entry['id'] for entry in schema['keywords'] if entry['source'] == 'ours')
    first = {entry['id']: n for n, (name, entry) in reversed(list(enumerate(rows)))}
    guide = [first[i] for i in sorted(first) if i < ours]
    own = [first[i] for i in sorted(first) if i >= ours]
    assert sorted(i for i in first if i < ours) == list(range(1, len(guide) + 1)), 'gap in keyword ids'
    assert sorted(i for i in first if i >= ours) == list(range(ours, ours + len(own))), 'gap in own keyword ids'
    banner = BANNER.format(name='keyword.cpp', what='names, types and the hash table of keywords.')
    return banner + f'''#include "wire/keyword.hpp"

#include <array>

namespace cti::wire {{
namespace {{

struct Row {{
  std::string_view name;
  std::uint16_t id;
  ArgTypeMask types;
}};

constexpr Row kRows[] = {{
{chr(10).join(body)}
}};

// Open addressing over FNV-1a of the lowercased name; 0 is free, else row + 1.
constexpr std::uint16_t kSlots[{KEYWORD_SLOTS}] = {{
{chr(10).join('  ' + ', '.join(str(s) for s in slots[i:i + 24]) + ',' for i in range(0, KEYWORD_SLOTS, 24))}
}};

// Row of each id: CTI OS ids count from 1, ours from {ours}.
constexpr std::uint16_t kRowOfGuide[] = {{
{chr(10).join('  ' + ', '.join(str(s) for s in guide[i:i + 24]) + ',' for i in range(0, len(guide), 24))}
}};
constexpr std::uint16_t kRowOfOurs[] = {{{', '.join(str(s) for s in own)}}};
constexpr std::uint16_t kFirstOurs = {ours};

constexpr char lower(char c) noexcept {{
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}}

const Row* row_of(Keyword keyword) noexcept {{
  const auto id = static_cast<std::uint16_t>(keyword);
  if (id >= 1 && id <= std::size(kRowOfGuide)) return &kRows[kRowOfGuide[id - 1]];
  if (id >= kFirstOurs && id < kFirstOurs + std::size(kRowOfOurs)) {{
    return &kRows[kRowOfOurs[id - kFirstOurs]];
  }}
  return nullptr;
}}

bool same(std::string_view left, std::string_view right) noexcept {{
  if (left.size() != right.size()) return false;
  for (std::size_t i = 0; i < left.size(); ++i) {{
    if (lower(left[i]) != lower(right[i])) return false;
  }}
  return true;
}}

}}  // namespace

std::string_view name_of(Keyword keyword) noexcept {{
  const Row* row = row_of(keyword);
  return row ? row->name : std::string_view{{}};
}}

ArgTypeMask expected_types(Keyword keyword) noexcept {{
  const Row* row = row_of(keyword);
  return row ? row->types : ArgTypeMask{{0}};
}}

std::optional<Keyword> keyword_from(std::string_view name) noexcept {{
  if (name.empty() || name.size() > {max(len(name) for name, _ in rows)}) return std::nullopt;
  std::uint32_t hash = 0x811C9DC5U;
  for (const char c : name) {{
    hash = (hash ^ static_cast<unsigned char>(lower(c))) * 0x01000193U;
  }}
  for (std::size_t slot = hash % std::size(kSlots); kSlots[slot] != 0;
       slot = (slot + 1) % std::size(kSlots)) {{
    const Row& row = kRows[kSlots[slot] - 1];
    if (same(row.name, name)) return static_cast<Keyword>(row.id);
  }}
  return std::nullopt;
}}

}}  // namespace cti::wire
'''


def number(value):
    return f'0x{value:08X}' if value >= 0x20000000 else str(value)


def event_id_hpp(schema):
    lines = [BANNER.format(name='event_id.hpp', what='the events and requests of CTI OS as numbers and back.')]
    lines.append(f'''//
// {schema['id_rule']}
// The word behind each number is the source of the number.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace cti::wire {{

/// What a message filter calls MessageID.
enum class EventId : std::uint32_t {{
  eUnknownEvent = 0,  ///< no event''')
    for event in schema['events']:
        callback = event['callback'] or 'no callback of its own'
        lines.append(f"  {event['name']} = {number(event['id'])},  ///< {callback}; {event['id_source']}")
    lines.append('''};

/// What a control failure calls MessageType.
enum class RequestId : std::uint32_t {
  eNoRequest = 0,  ///< no request''')
    for request in schema['requests']:
        methods = ', '.join(request['methods']) or 'no method of its own'
        lines.append(f"  {request['name']} = {number(request['id'])},  ///< {methods}; {request['id_source']}")
    lines.append('''};

/// "eAgentStateEvent"; empty for a number that is not listed.
std::string_view name_of(EventId event) noexcept;
std::string_view name_of(RequestId request) noexcept;

/// "OnAgentStateChange": the method that a client program implements; empty when the event has none.
std::string_view callback_name(EventId event) noexcept;

/// By enum name or callback name, any case.
std::optional<EventId> event_from(std::string_view name) noexcept;
std::optional<RequestId> request_from(std::string_view name) noexcept;

/// May a message filter name this event? Unlisted numbers may be named: they never match.
bool filterable(EventId event) noexcept;

/// What kind of object the event is about, as Topic bits (1 agent, 2 call, 4 device, 8 skill group, 16 team, 32 system);
/// 0 for an unlisted number.
std::uint32_t topics_of(EventId event) noexcept;

/// The event that confirms the request when all goes well; eUnknownEvent for a number that is not listed.
EventId confirmation_of(RequestId request) noexcept;

/// The MessageType that a refusal of this request carries: requests of ours that CTI OS knows under another request
/// (Login and Logout are state changes) are reported as that one.
RequestId reported_as(RequestId request) noexcept;

}  // namespace cti::wire
''')
    return '\n'.join(lines)


def topics(event):
    """Topic bits from the interfaces that raise the event; the few that need a closer look are named."""
    special = {'eSnapshotDeviceConf': 4, 'eNewAgentTeamMember': 16 | 1, 'eTranslationRouteEvent': 2,
               'eControlFailureConf': 2 | 1, 'eOnCurrentCallChanged': 2, 'eOnCurrentAgentReset': 1}
    if event['name'] in special:
        return special[event['name']]
    by_interface = {'ICallEvents': 2, 'IMonitoredCallEvents': 2, 'ISilentMonitorEvents': 2, 'IAgentEvents': 1,
                    'IMonitoredAgentEvents': 1, 'ISkillGroupEvents': 8, 'ISessionEvents': 32,
                    'IButtonEnablementEvents': 3}
    bits = 0
    for interface in event['interfaces']:
        bits |= by_interface[interface]
    return bits


def event_id_cpp(schema):
    events = sorted(schema['events'], key=lambda e: e['id'])
    requests = sorted(schema['requests'], key=lambda r: r['id'])
    event_rows = [f"  {{EventId::{e['name']}, {quoted(e['name'])}, {quoted(e['callback'] or '')}, {topics(e)}, "
                  f"{'true' if e['filterable'] else 'false'}}}," for e in events]
    request_rows = [f"  {{RequestId::{r['name']}, {quoted(r['name'])}, EventId::{r['confirmed_by']}, "
                    f"RequestId::{r.get('reported_as', r['name'])}}}," for r in requests]
    return BANNER.format(name='event_id.cpp', what='names of events and requests.') + f'''#include "wire/event_id.hpp"

#include <algorithm>
#include <iterator>

namespace cti::wire {{
namespace {{

struct EventRow {{
  EventId id;
  std::string_view name;
  std::string_view callback;
  std::uint32_t topics;
  bool filterable;
}};
struct RequestRow {{
  RequestId id;
  std::string_view name;
  EventId confirmation;
  RequestId reported_as;
}};

// Ascending by id.
constexpr EventRow kEvents[] = {{
{chr(10).join(event_rows)}
}};
constexpr RequestRow kRequests[] = {{
{chr(10).join(request_rows)}
}};

template <class Row, std::size_t N, class Id>
const Row* row_of(const Row (&rows)[N], Id id) noexcept {{
  const Row* found = std::lower_bound(std::begin(rows), std::end(rows), id,
                                      [](const Row& row, Id wanted) {{ return row.id < wanted; }});
  return found != std::end(rows) && found->id == id ? found : nullptr;
}}

constexpr char lower(char c) noexcept {{
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}}

bool same(std::string_view left, std::string_view right) noexcept {{
  return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                    [](char a, char b) {{ return lower(a) == lower(b); }});
}}

}}  // namespace

std::string_view name_of(EventId event) noexcept {{
  const EventRow* row = row_of(kEvents, event);
  return row ? row->name : std::string_view{{}};
}}

std::string_view name_of(RequestId request) noexcept {{
  const RequestRow* row = row_of(kRequests, request);
  return row ? row->name : std::string_view{{}};
}}

std::string_view callback_name(EventId event) noexcept {{
  const EventRow* row = row_of(kEvents, event);
  return row ? row->callback : std::string_view{{}};
}}

std::optional<EventId> event_from(std::string_view name) noexcept {{
  if (name.empty()) return std::nullopt;
  for (const EventRow& row : kEvents) {{
    if (same(row.name, name) || same(row.callback, name)) return row.id;
  }}
  return std::nullopt;
}}

std::optional<RequestId> request_from(std::string_view name) noexcept {{
  for (const RequestRow& row : kRequests) {{
    if (same(row.name, name)) return row.id;
  }}
  return std::nullopt;
}}

bool filterable(EventId event) noexcept {{
  const EventRow* row = row_of(kEvents, event);
  return !row || row->filterable;
}}

std::uint32_t topics_of(EventId event) noexcept {{
  const EventRow* row = row_of(kEvents, event);
  return row ? row->topics : 0;
}}

EventId confirmation_of(RequestId request) noexcept {{
  const RequestRow* row = row_of(kRequests, request);
  return row ? row->confirmation : EventId::eUnknownEvent;
}}

RequestId reported_as(RequestId request) noexcept {{
  const RequestRow* row = row_of(kRequests, request);
  return row ? row->reported_as : request;
}}

}}  // namespace cti::wire
'''


def served_hpp(schema):
    """The requests that a Ringside server runs; the others are named by the guides only."""
    cases = '\n'.join(f'    case RequestId::{r["name"]}:' for r in schema['requests'] if r.get('served'))
    every = '\n'.join(f'    RequestId::{r["name"]},' for r in schema['requests'])
    what = 'which requests this server runs; all others it refuses by name.'
    return BANNER.format(name='served.hpp', what=what) + f'''#pragma once

#include "wire/event_id.hpp"

namespace cti::wire {{

/// Every request that the guides name.
inline constexpr RequestId kAllRequests[] = {{
{every}
}};

constexpr bool served(RequestId request) noexcept {{
  switch (request) {{
{cases}
      return true;
    default:
      return false;
  }}
}}

}}  // namespace cti::wire
'''


def literal(value):
    if isinstance(value, str):
        return value
    return f'{value}'


def underlying(values):
    top = max(values)
    return 'std::uint32_t' if top > 0x7FFFFFFF else 'std::int32_t'


def enums_hpp(schema):
    lines = [BANNER.format(name='ctios_enums.hpp', what='the values that keywords of CTI OS take.')]
    lines.append('''//
// Spelled as the guides spell them. Names that carry a prefix are plain constants of namespace ctios; the few enums
// whose names do not (IncomingOrOutgoing, WrapupMode, ...) are enum classes.
#pragma once

#include <cstdint>
#include <string_view>

namespace cti::wire::ctios {
''')
    for enum in schema['enums']:
        keyword = 'enum class' if enum['scoped'] else 'enum'
        if enum['numbers'] != 'guide':
            lines.append(f"/// {enum['numbers']}.")
        lines.append(f"{keyword} {enum['name']} : {underlying(enum['values'].values())} {{")
        lines += [f'  {name} = {literal(value)},' for name, value in enum['values'].items()]
        lines.append('};')
        lines.append('/// The first name with this number; empty when there is none.')
        lines.append(f"std::string_view name_of({enum['name']} value) noexcept;\n")
    for mask in schema['masks']:
        lines.append(f"/// Bits of {mask.get('keyword', mask['name'])}.")
        lines.append(f"namespace {mask['name']}_bits {{")
        for name, value in mask['values'].items():
            lines.append(f'inline constexpr std::uint32_t {name} = {int(value, 16):#010x}U;')
        for name, parts in mask.get('combinations', {}).items():
            lines.append(f"inline constexpr std::uint32_t {name} =\n    {' & '.join(parts)};")
        lines.append(f"}}  // namespace {mask['name']}_bits")
        lines.append(f"using namespace {mask['name']}_bits;\n")
    for name, value in schema['constants'].items():
        lines.append(f'inline constexpr std::int32_t {name} = {value};')
    lines.append('\n}  // namespace cti::wire::ctios\n')
    return '\n'.join(lines)


def enums_cpp(schema):
    lines = [BANNER.format(name='ctios_enums.cpp', what='names of the values.')]
    lines.append('#include "wire/ctios_enums.hpp"\n\nnamespace cti::wire::ctios {\n')
    for enum in schema['enums']:
        lines.append(f"std::string_view name_of({enum['name']} value) noexcept {{")
        lines.append(f'  switch (static_cast<std::int64_t>(value)) {{')
        seen = set()
        for name, value in enum['values'].items():
            if value in seen:
                continue
            seen.add(value)
            lines.append(f'    case {value}: return {quoted(name)};')
        lines.append('    default: return {};\n  }\n}\n')
    lines.append('}  // namespace cti::wire::ctios\n')
    return '\n'.join(lines)


def errors_hpp(schema):
    lines = [BANNER.format(name='error_code.hpp', what='what methods of the client library return.')]
    lines.append('''//
// Success is 1, plain failure 0, everything else negative. The guide asks to compare with names, not numbers.
#pragma once

#include <cstdint>
#include <string_view>

namespace cti::wire::ctios {

enum CilError : std::int32_t {''')
    lines += [f'  {name} = {value},' for name, value in schema['error_codes'].items()]
    lines.append('''};

/// "E_CTIOS_MISSING_ARGUMENT"; empty for a number that is not listed.
std::string_view name_of(CilError error) noexcept;

}  // namespace cti::wire::ctios
''')
    return '\n'.join(lines)


def errors_cpp(schema):
    lines = [BANNER.format(name='error_code.cpp', what='names of return codes.')]
    lines.append('#include "wire/error_code.hpp"\n\nnamespace cti::wire::ctios {\n')
    lines.append('std::string_view name_of(CilError error) noexcept {\n  switch (static_cast<std::int32_t>(error)) {')
    lines += [f'    case {value}: return {quoted(name)};' for name, value in schema['error_codes'].items()]
    lines.append('    default: return {};\n  }\n}\n\n}  // namespace cti::wire::ctios\n')
    return '\n'.join(lines)


def main():
    schema = json.loads(Path(sys.argv[1]).read_text(encoding='utf-8'))
    out = Path(sys.argv[2])
    check(schema)
    for name, make in (('keyword.hpp', keyword_hpp), ('keyword.cpp', keyword_cpp), ('event_id.hpp', event_id_hpp),
                       ('event_id.cpp', event_id_cpp), ('ctios_enums.hpp', enums_hpp), ('ctios_enums.cpp', enums_cpp),
                       ('error_code.hpp', errors_hpp), ('error_code.cpp', errors_cpp), ('served.hpp', served_hpp)):
        write_if_changed(out / name, make(schema))


def write_if_changed(path, text):
    """Leaves the file's time alone when nothing changed, so that nothing is compiled again."""
    if not path.exists() or path.read_text(encoding='utf-8') != text:
        path.write_text(text, encoding='utf-8')


if __name__ == '__main__':
    main()
