"""ged188_enums.py - message_type.hpp, tag.hpp and enums.hpp: the protocol's numbers under their names."""
from naming import constant, snake
from ged188_schema import TAGS_MAX, WIDTH

CPP_UNSIGNED = {1: 'std::uint8_t', 2: 'std::uint16_t', 4: 'std::uint32_t'}


def banner(name, what):
    return (f'// {name} - {what}\n//\n'
            '// Generated from wire/ged188.json by wire/generate.py; change those, not this file.\n')


def message_type_header(schema):
    out = banner('message_type.hpp', 'every known CTI Server message by number and name.')
    out += '''#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace cti::wire::ged188 {

/// An unknown number is skipped and counted, never fatal. "(name only)": its layout is not published.
enum class MessageType : std::uint32_t {
'''
    for m in schema.messages:
        remark = '' if m.family else '  // name only'
        out += f'  {constant(m.name)} = {m.number},{remark}\n'
    out += '''};

/// "AGENT_STATE_EVENT"; empty for a number that nobody knows.
std::string_view name_of(MessageType type) noexcept;
std::optional<MessageType> message_type_from(std::string_view name) noexcept;

}  // namespace cti::wire::ged188
'''
    return out


def tag_header(schema):
    out = banner('tag.hpp', 'the tags of floating fields.')
    out += '''#pragma once

#include <cstdint>
#include <string_view>

namespace cti::wire::ged188 {

enum class Tag : std::uint16_t {
'''
    for t in schema.tags:
        out += f'  {constant(t.name.removesuffix("_TAG"))} = {t.number},\n'
    out += f'''}};

/// "CLIENT_ID_TAG"; empty for a number that nobody knows.
std::string_view name_of(Tag tag) noexcept;

/// Bytes of the number that a tag carries; 0: text, raw bytes, or no such tag.
extern const std::uint8_t kWidthOfTag[{TAGS_MAX}];

}}  // namespace cti::wire::ged188
'''
    return out


def enums_header(schema):
    out = banner('enums.hpp', 'the enumerations and masks of CTI Server messages.')
    out += '''//
// Views hand out the raw integer, since peers send values that are in no list; compare or cast at the place of use.
// name_of() gives the guide's spelling, or nothing for a value that has none.
#pragma once

#include <cstdint>
#include <string_view>

namespace cti::wire::ged188 {

'''
    for enum in schema.enums.values():
        out += enum_text(enum) + '\n'
    return out + '}  // namespace cti::wire::ged188\n'


def enum_text(enum):
    kind = CPP_UNSIGNED[enum.size]
    if enum.name == 'SpecialValue':
        lines = ''.join(f'inline constexpr {CPP_UNSIGNED[4 if v.value > 0xFFFF else 2]} {v.constant} = {v.value:#x};\n'
                        for v in enum.values)
        return '/// "None" and "not known" in numbers of call, peripheral, service, skill group, call type.\n' + lines
    if enum.mask:
        lines = ''.join(f'inline constexpr {kind} {v.constant} = {v.value:#x};\n' for v in enum.values)
        every = 0
        for v in enum.values:
            every |= v.value
        return (f'/// Bits of {enum.name}.\nnamespace {snake(enum.name)} {{\n{lines}'
                f'inline constexpr {kind} kAll = {every:#x};\n}}  // namespace {snake(enum.name)}\n')
    lines = ''.join(f'  {v.constant} = {v.value},\n' for v in enum.values)
    return f'enum class {enum.name} : {kind} {{\n{lines}}};\nstd::string_view name_of({enum.name} value) noexcept;\n'
