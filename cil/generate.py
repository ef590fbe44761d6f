#!/usr/bin/env python3
"""generate.py - makes the long, dull headers of the client library from two schemas.

Usage: generate.py wire/ctios.json cil/api.json OUTPUT_DIRECTORY
Writes keywords.hpp  CTIOS_* string constants and the ekw* enumerators, ids as on the wire
       events.hpp    event and request numbers, the event interfaces and their adapters
       event_rows.inc  which callbacks an event has: read by detail/engine/dispatcher.cpp
       monitored_rows.inc  which event of a monitored agent or call is told in place of which: read by engine/monitored.cpp
       every_method.inc  one using-declaration per documented method: a missing one does not compile
"""
import json
import sys
from pathlib import Path

BANNER = ('// {name} - {what}\n//\n'
          '// Generated from wire/ctios.json and cil/api.json by cil/generate.py; change those, not this file.\n')

# Interface, subscriber list of wire/ctios.json, adapter. The order is the order of IAllInOne.
INTERFACES = [
    ('ISessionEvents', 'eSessionList', 'SessionEventsAdapter'),
    ('ICallEvents', 'eCallList', 'CallEventsAdapter'),
    ('IAgentEvents', 'eAgentList', 'AgentEventsAdapter'),
    ('ISkillGroupEvents', 'eSkillGroupList', 'SkillGroupEventsAdapter'),
    ('IButtonEnablementEvents', 'eButtonEnablementList', 'ButtonEnablementEventsAdapter'),
    ('ISilentMonitorEvents', 'eSilentMonitorList', 'SilentMonitorEventsAdapter'),
    ('IMonitoredAgentEvents', 'eMonitoredAgentList', 'MonitoredAgentEventsAdapter'),
    ('IMonitoredCallEvents', 'eMonitoredCallList', 'MonitoredCallEventsAdapter'),
]


def keywords_hpp(schema):
    constants, enumerators, seen = [], [], set()
    for entry in schema['keywords']:
        for name in [entry['name'], *entry.get('aliases', [])]:
            constant = entry['constant'] if name == entry['name'] and entry.get('constant') else 'CTIOS_' + name.upper()
            if constant not in seen:
                seen.add(constant)
                constants.append(f'inline constexpr char {constant}[] = "{entry["name"]}";')
            if 'ekw' + name not in seen:
                seen.add('ekw' + name)
                enumerators.append(f'  ekw{name} = {entry["id"]},')
    return BANNER.format(name='keywords.hpp', what='the keys of Arguments arrays, in all three spellings.') + f'''//
// The text "AgentID", the constant CTIOS_AGENTID and the enumerator ekwAgentID name the same key.
#pragma once

#include <cstdint>

namespace cti::cil {{

inline namespace keywords {{
{chr(10).join(constants)}
}}  // namespace keywords

/// Numbers as they travel (wire/keyword.hpp).
enum enum_Keywords : std::uint16_t {{
{chr(10).join(enumerators)}
}};

}}  // namespace cti::cil
'''


def callbacks(schema):
    """interface -> [(callback, event)] in the order of the event numbers."""
    table = {name: [] for name, _, _ in INTERFACES}
    for event in sorted(schema['events'], key=lambda e: e['id']):
        for interface in event['interfaces']:
            table[interface].append((event['callback'], event))
    return table


def events_hpp(schema):
    table = callbacks(schema)
    out = [BANNER.format(name='events.hpp', what='event numbers, event interfaces and their empty adapters.')]
    out.append('''//
// A program derives from an adapter, overrides what it wants to hear, and registers itself with the session. Every
// callback runs on the session's one event thread; `args` belongs to the session and is valid until it returns.
#pragma once

#include <cstdint>

namespace cti::cil {

class Arguments;

/// What IGenericEvents::OnEvent and a message filter's MessageID carry.
enum enumCTIOS_EventID : std::int32_t {
  eUnknownEvent = 0,  ///< no event''')
    out += [f"  {e['name']} = {e['id']}," for e in sorted(schema['events'], key=lambda e: e['id'])]
    out.append('};\n\n/// What OnControlFailureConf carries as MessageType.\nenum enumCTIOS_RequestID : std::int32_t {')
    out += [f"  {r['name']} = {r['id']}," for r in schema['requests']]
    out.append('''};

/// One callback for everything.
class IGenericEvents {
 public:
  virtual ~IGenericEvents() = default;
  virtual void OnEvent(int iEventID, Arguments& args) = 0;
};
''')
    for name, _, adapter in INTERFACES:
        out.append(f'class {name} {{\n public:\n  virtual ~{name}() = default;')
        out += [f'  virtual void {callback}(Arguments& args) = 0;' for callback, _ in table[name]]
        out.append('};\n')
        out.append(f'/// Hears nothing; override what you need.\nclass {adapter} : public {name} {{\n public:')
        out += [f'  void {callback}(Arguments&) override {{}}' for callback, _ in table[name]]
        out.append('};\n')
    bases = ',\n                  '.join('public ' + name for name, _, _ in INTERFACES)
    out.append(f'/// All interfaces in one; an event that stands in two of them is told once.\nclass IAllInOne : {bases} {{}};\n')
    out.append('/// Hears nothing; override what you need.\nclass AllInOneEventsAdapter : public IAllInOne {\n public:')
    done = set()
    for name, _, _ in INTERFACES:
        for callback, _ in table[name]:
            if callback not in done:
                done.add(callback)
                out.append(f'  void {callback}(Arguments&) override {{}}')
    out.append('};\n\n}  // namespace cti::cil\n')
    return '\n'.join(out)


def event_rows(schema):
    rows = []
    lists = {name: subscriber for name, subscriber, _ in INTERFACES}
    for event in sorted(schema['events'], key=lambda e: e['id']):
        for n, interface in enumerate(event['interfaces']):
            first = 'true' if n == 0 else 'false'
            rows.append(f"CTI_CIL_EVENT({event['name']}, {lists[interface]}, {interface}, {event['callback']}, {first})")
    what = 'event, subscriber list, interface, callback, first of its event.'
    return BANNER.format(name='event_rows.inc', what=what) + '\n'.join(rows) + '\n'


def monitored_rows(schema):
    """An event of a monitored object has the keywords of the plain one: that says which is whose."""
    plain = {event['callback']: event['name'] for event in schema['events'] if event['callback']}
    rows = [f"CTI_CIL_MONITORED({plain[event['same_keywords_as']]}, {event['name']})"
            for event in sorted(schema['events'], key=lambda e: e['id'])
            if event['name'].startswith('eOnMonitored') and 'same_keywords_as' in event]
    return BANNER.format(name='monitored_rows.inc', what='plain event, what it is when its object is monitored.') \
        + '\n'.join(rows) + '\n'


def every_method(api):
    out = [BANNER.format(name='every_method.inc', what='names every documented method; one that is missing does not compile.')]
    for item in api['classes']:
        usings = ''.join(f'  using {item["cxx"]}::{m};\n' for m in item['methods'])
        out.append(f'struct {item["cxx"]}HasEveryMethod : {item["cxx"]} {{\n{usings}}};\n')
    return '\n'.join(out)


def main():
    schema = json.loads(Path(sys.argv[1]).read_text(encoding='utf-8'))
    api = json.loads(Path(sys.argv[2]).read_text(encoding='utf-8'))
    out = Path(sys.argv[3])
    for name, text in (('keywords.hpp', keywords_hpp(schema)), ('events.hpp', events_hpp(schema)),
                       ('event_rows.inc', event_rows(schema)), ('monitored_rows.inc', monitored_rows(schema)),
                       ('every_method.inc', every_method(api))):
        (out / name).write_text(text, encoding='utf-8')


if __name__ == '__main__':
    main()
