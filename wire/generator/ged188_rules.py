"""ged188_rules.py - rules_data.cpp: the schema as constant tables, and the names of all numbers."""
from ged188_enums import banner
from ged188_schema import TAGS_MAX, WIDTH
from naming import constant

SENDER = {'client': 'kFromClient', 'server': 'kFromServer', 'both': 'kBoth'}


def quoted(text):
    return '"' + text + '"'


def flag(value):
    return 'true' if value else 'false'


def field_type(name):
    return 'FieldType::' + {'NAMEDVAR': 'kNamedVar', 'NAMEDARRAY': 'kNamedArray'}.get(name, constant(name))


def enum_pointer(enum):
    return f'&k{enum.name}Rule' if enum else 'nullptr'


def number_list(name, numbers, kind='std::uint16_t'):
    """A named constant array; nothing for an empty list."""
    if not numbers:
        return ''
    return f'constexpr {kind} {name}[] = {{{", ".join(map(str, numbers))}}};\n'


def span(name, items):
    return name if items else '{}'


def rules_source(schema):
    out = banner('rules_data.cpp', 'the tables behind wire/ged188_rules.hpp.')
    out += '''#include "wire/ged188/enums.hpp"
#include "wire/ged188/message_type.hpp"
#include "wire/ged188/tag.hpp"
#include "wire/ged188_rules.hpp"

namespace cti::wire::ged188 {
namespace {

'''
    out += ''.join(enum_rule(e) for e in schema.enums.values())
    for m in schema.messages:
        out += message_arrays(m)
    out += 'constexpr MessageRule kMessages[] = {\n' + ''.join(message_rule(m) for m in schema.messages) + '};\n\n'
    out += 'constexpr TagRule kTags[] = {\n'
    out += ''.join(f'    {{{t.number}, {quoted(t.name)}, {t.max or 0}}},\n' for t in schema.tags) + '};\n\n'
    out += '''template <class E>
std::string_view name_in(const EnumRule& rule, E value) noexcept {
  const EnumValue* found = find_value(rule, static_cast<std::uint32_t>(value));
  return found != nullptr ? found->name : std::string_view{};
}

}  // namespace

std::span<const MessageRule> all_messages() noexcept { return kMessages; }
std::span<const TagRule> all_tags() noexcept { return kTags; }

std::string_view name_of(MessageType type) noexcept {
  const MessageRule* rule = find_message(static_cast<std::uint32_t>(type));
  return rule != nullptr ? rule->name : std::string_view{};
}
std::optional<MessageType> message_type_from(std::string_view name) noexcept {
  const MessageRule* rule = find_message(name);
  if (rule == nullptr) return std::nullopt;
  return static_cast<MessageType>(rule->number);
}
std::string_view name_of(Tag tag) noexcept {
  const TagRule* rule = find_tag(static_cast<std::uint16_t>(tag));
  return rule != nullptr ? rule->name : std::string_view{};
}
'''
    for e in schema.enums.values():
        if not e.mask and e.name != 'SpecialValue':
            out += (f'std::string_view name_of({e.name} value) noexcept '
                    f'{{ return name_in(k{e.name}Rule, value); }}\n')
    widths = [0] * TAGS_MAX
    for t in schema.tags:
        widths[t.number] = WIDTH.get(t.type, 0)
    rows = [', '.join(map(str, widths[i:i + 32])) for i in range(0, TAGS_MAX, 32)]
    out += f'\nconst std::uint8_t kWidthOfTag[{TAGS_MAX}] = {{\n    ' + ',\n    '.join(rows) + '};\n\n'
    return out + '}  // namespace cti::wire::ged188\n'


def enum_rule(enum):
    if enum.name == 'SpecialValue':
        return ''
    values = ''.join(f'    {{{quoted(v.spelling)}, {v.value}U, {v.since}}},\n'
                     for v in sorted(enum.values, key=lambda v: v.value))
    has_null = flag(enum.null is not None)
    return (f'constexpr EnumValue k{enum.name}Values[] = {{\n{values}}};\n'
            f'[[maybe_unused]] constexpr EnumRule k{enum.name}Rule{{\n    {quoted(enum.name)}, {flag(enum.mask)}, '
            f'{enum.status}, {has_null}, {enum.null or 0}U, {enum.unnamed:#x}U, k{enum.name}Values}};\n\n')


def fixed_rows(fields):
    return ''.join(
        f'    {{{quoted(f.name)}, {field_type(f.type)}, {f.since}, {f.offset}, {f.size}, {enum_pointer(f.enum)}, '
        f'{flag(f.reserved)}, {f.minimum}, {f.minimum_status}}},\n' for f in fields)


def message_arrays(m):
    name = m.pascal
    out = ''
    if m.fixed:
        out += f'constexpr FixedRule k{name}Fixed[] = {{\n{fixed_rows(m.fixed)}}};\n'
    for f in m.floating:
        out += number_list(f'k{name}{f.name}Also', f.also)
        out += number_list(f'k{name}{f.name}LenientAlso', f.lenient_also)
    if m.floating:
        out += f'constexpr FloatRule k{name}Floating[] = {{\n{"".join(float_row(m, f) for f in m.floating)}}};\n'
    for g in m.groups:
        out += number_list(f'k{name}{g.entry}Fields', [m.floating.index(f) for f in g.fields], 'std::uint8_t')
    if m.groups:
        out += f'constexpr GroupRule k{name}Groups[] = {{\n{"".join(group_row(m, g) for g in m.groups)}}};\n'
    for i, v in enumerate(m.variants, 1):
        out += f'constexpr FixedRule k{name}Fixed{i}[] = {{\n{fixed_rows(v.fixed)}}};\n'
        for key in ('lengths', 'narrow_bytes', 'wide_values'):
            out += number_list(f'k{name}{constant(key)[1:]}{i}', v.when.get(key, []))
    if m.variants:
        rows = ''.join(variant_row(m, i, v) for i, v in enumerate(m.variants, 1))
        out += f'constexpr VariantRule k{name}Variants[] = {{\n{rows}}};\n'
    for i, v in enumerate(m.fallbacks, 1):
        out += f'constexpr FixedRule k{name}Fallback{i}[] = {{\n{fixed_rows(v.fixed)}}};\n'
    if m.fallbacks:
        rows = ', '.join(f'{{{quoted(v.doubt)}, {sum(f.size for f in v.fixed)}, k{name}Fallback{i}}}'
                         for i, v in enumerate(m.fallbacks, 1))
        out += f'constexpr FallbackRule k{name}Fallbacks[] = {{{rows}}};\n'
    out += number_list(f'k{name}Listed', m.listed_tags)
    return out + '\n' if out else ''


def float_row(m, f):
    group = f.group.index if f.group else 'kNoGroup'
    until = 'kNoEnd' if f.until == 255 else f.until
    charset = quoted(f.charset) if f.charset else '{}'
    return (f'    {{{quoted(f.name)}, {field_type(f.type)}, {f.tag}, {f.max}, {f.since}, {until}, {group}, '
            f'{flag(f.required)}, {flag(f.any_width)}, {flag(f.split)}, {enum_pointer(f.enum)}, '
            f'{span(f"k{m.pascal}{f.name}Also", f.also)}, {span(f"k{m.pascal}{f.name}LenientAlso", f.lenient_also)}, '
            f'{charset}}},\n')


def group_row(m, g):
    at = g.fixed_count.offset if g.fixed_count else g.floating_count.tag
    inside = g.inside.index if g.inside else 'kNoGroup'
    return (f'    {{{quoted(g.name)}, {quoted(g.count)}, {flag(g.fixed_count)}, {at}, {g.max}, {g.status}, {inside}, '
            f'k{m.pascal}{g.entry}Fields}},\n')


def variant_row(m, i, v):
    w = v.when
    lists = [span(f'k{m.pascal}{constant(key)[1:]}{i}', w.get(key)) for key in ('lengths', 'narrow_bytes', 'wide_values')]
    size = sum(f.size for f in v.fixed)
    return (f'    {{{quoted(v.doubt)}, {size}, {w.get("version", 0)}, {w.get("value_at", 0)}, '
            f'{", ".join(lists)}, k{m.pascal}Fixed{i}}},\n')


def message_rule(m):
    name = m.pascal
    return (f'    {{{quoted(m.name)}, {m.number}, {quoted(m.family)}, Direction::{SENDER[m.sender]}, {m.since}, '
            f'{quoted(m.reply)}, {quoted(m.refusal)},\n     {span(f"k{name}Fixed", m.fixed)}, '
            f'{span(f"k{name}Floating", m.floating)}, {span(f"k{name}Groups", m.groups)}, '
            f'{span(f"k{name}Variants", m.variants)}, {span(f"k{name}Fallbacks", m.fallbacks)}, '
            f'{span(f"k{name}Listed", m.listed_tags)}}},\n')
