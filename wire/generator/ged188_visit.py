"""ged188_visit.py - for the tests: every accessor of every view called once, and every message encoded from its view.

lines() writes what a view says, one line per value; rewrite() feeds the same values to the message's encoder. So the
tests reach all generated code without naming 167 messages by hand.
"""
from ged188_encoders import entry_fields, settable, singles
from ged188_enums import banner
from ged188_schema import CPP
from ged188_views import all_fixed, places
from naming import singular


def visit_header(schema):
    out = banner('visit.hpp', 'all views and encoders, reached by message number. For tests only.')
    out += '''#pragma once

#include "tests/unit/wire/ged188/lines.hpp"
#include "wire/ged188_encode.hpp"
#include "wire/ged188_view.hpp"

#include <utility>
#include <vector>

namespace cti::wire::ged188 {

/// The fields that decode_each() tells of.
struct Recorder {
  std::vector<std::pair<std::uint16_t, Bytes>> fields;
  void begin() { fields.clear(); }
  void field(std::uint16_t tag, Bytes bytes) { fields.emplace_back(tag, bytes); }
};

/// Whether decode_each() says what decode() and a walk say.
template <class View>
bool each_agrees(const Result<View, DecodeError>& decoded, Bytes body, Version version) {
  if constexpr (requires(Recorder& sink) { View::decode_each(body, version, sink); }) {
    Recorder told;
    const auto each = View::decode_each(body, version, told);
    if (each.ok() != decoded.ok()) return false;
    if (!each.ok()) return each.error().text() == decoded.error().text();
    Recorder walked;
    each->floating().for_each([&](std::uint16_t tag, Bytes bytes) { walked.field(tag, bytes); });
    const auto same = [](const auto& a, const auto& b) {
      return a.first == b.first && a.second.data() == b.second.data() && a.second.size() == b.second.size();
    };
    return each->fixed_bytes() == decoded->fixed_bytes() && each->variant() == decoded->variant() &&
           std::equal(told.fields.begin(), told.fields.end(), walked.fields.begin(), walked.fields.end(), same);
  } else {
    return true;
  }
}

/// What decode() said, and what the view's accessors and the message's encoder made of the body.
struct Visit {
  bool known = false;  ///< a message with a published layout
  bool ok = false;
  bool each_agrees = true;  ///< decode_each() says the same; lenient only
  DecodeError error;
  Lines lines;
  Result<Bytes, EncodeError> rewritten = Err{EncodeError{}};  ///< in the caller's buffer
  bool strictly = false;                                      ///< finish_strict() would write it, too
};

'''
    for family in schema.families:
        out += f'bool visit_{family}(std::uint32_t number, Bytes body, Version, Strictness, MutableBytes, Visit& visit);\n'
    out += '''
inline Visit visit(std::uint32_t number, Bytes body, Version version, Strictness strictness, MutableBytes buffer) {
  Visit visit;
  visit.known = '''
    out += ' ||\n                '.join(f'visit_{family}(number, body, version, strictness, buffer, visit)'
                                      for family in schema.families)
    return out + ''';
  return visit;
}

}  // namespace cti::wire::ged188
'''


def visit_source(name, schema):
    messages = [m for m in schema.messages if m.family == name]
    out = banner(f'visit_{name}.cpp', f'the views and encoders of {name}.hpp, all accessors. For tests only.')
    out += f'''#include "wire/ged188/{name}.hpp"

#include "visit.hpp"

namespace cti::wire::ged188 {{
namespace {{

'''
    out += ''.join(lines_function(m) + rewrite_function(m) for m in messages)
    out += f'''}}  // namespace

bool visit_{name}(std::uint32_t number, Bytes body, Version version, Strictness strictness, MutableBytes buffer,
    Visit& visit) {{
  const auto run = [&](auto decoded) {{
    visit.ok = decoded.ok();
    if (strictness == Strictness::kLenient) visit.each_agrees = each_agrees(decoded, body, version);
    if (!decoded) {{
      visit.error = decoded.error();
      return true;
    }}
    lines(*decoded, visit.lines);
    visit.rewritten = rewrite(*decoded, version, buffer, visit.strictly);
    return true;
  }};
  switch (number) {{
'''
    for m in messages:
        out += f'    case {m.number}: return run({m.pascal}View::decode(body, version, strictness));\n'
    return out + '    default: return false;\n  }\n}\n\n}  // namespace cti::wire::ged188\n'


def lines_function(m):
    out = f'void lines(const {m.pascal}View& view, Lines& out) {{\n'
    for f in all_fixed(m):
        where = places(m, f.name)
        partial = len(where) != 1 + len(m.variants)
        if partial or f.since > 9:
            out += (f'  out.fixed_or("{f.name}", view.has_{f.snake}(), view.{f.snake}(), '
                    f'static_cast<{CPP[f.type]}>({f.null}));\n')
        else:
            out += f'  out.fixed("{f.name}", view.{f.snake}());\n'
    for f in m.floating:
        if f.group is None:
            out += f'  out.field("{f.name}", view.{f.snake}());\n'
    for g in m.groups:
        if g.inside is None:
            out += group_lines(g, 'view', '  ')
    if not m.fixed and not m.floating:
        out += '  (void)view, (void)out;\n'
    return out + '}\n'


def group_lines(g, holder, pad):
    entry = f'{g.name[:-1]}_entry'
    out = f'{pad}for (const auto {entry} : {holder}.{g.name}()) {{\n{pad}  out.entry("{g.name}");\n'
    if g.fields[0].type == 'NAMEDVAR':
        out += f'{pad}  out.named({entry}.name(), {entry}.value());\n'
    elif g.fields[0].type == 'NAMEDARRAY':
        out += f'{pad}  out.named({entry}.index(), {entry}.name(), {entry}.value());\n'
    else:
        out += ''.join(f'{pad}  out.field("{f.name}", {entry}.{f.snake}());\n' for f in g.fields)
    out += ''.join(group_lines(n, entry, pad + '  ') for n in g.nested)
    return out + f'{pad}}}\n'


def rewrite_function(m):
    out = (f'Result<Bytes, EncodeError> rewrite(const {m.pascal}View& view, Version version, MutableBytes buffer,\n'
           f'    bool& strictly) {{\n')
    if settable(m):
        out += f'  {m.pascal}Fixed fixed;\n'
        out += ''.join(f'  fixed.{f.snake} = view.{f.snake}();\n' for f in settable(m))
        out += f'  {m.pascal}Encoder encoder(buffer, version, fixed);\n'
    else:
        out += f'  (void)view;\n  {m.pascal}Encoder encoder(buffer, version);\n'
    for f in singles(m):
        out += f'  if (const auto value = view.{f.snake}()) encoder.{f.snake}(*value);\n'
    for g in m.groups:
        if g.floating_count and not g.inside:
            out += f'  if (view.{g.floating_count.snake}()) encoder.begin_{g.name}();\n'
        if g.inside is None:
            out += group_rewrite(g, m, 'view', '  ')
    return out + '  strictly = encoder.finish_strict().ok();\n  return encoder.finish();\n}\n'


def group_rewrite(g, m, holder, pad):
    entry = f'{g.name[:-1]}_entry'
    add = f'encoder.add_{singular(g.name)}'
    out = f'{pad}for (const auto {entry} : {holder}.{g.name}()) {{\n'
    if g.fields[0].type == 'NAMEDVAR':
        out += f'{pad}  {add}({entry}.name(), {entry}.value());\n'
    elif g.fields[0].type == 'NAMEDARRAY':
        out += f'{pad}  {add}({entry}.index(), {entry}.name(), {entry}.value());\n'
    else:
        values = ', '.join(f'.{f.snake} = {entry}.{f.snake}()' for f in entry_fields(g))
        out += f'{pad}  {add}({{{values}}});\n'
    out += ''.join(group_rewrite(n, m, entry, pad + '  ') for n in g.nested)
    return out + f'{pad}}}\n'
