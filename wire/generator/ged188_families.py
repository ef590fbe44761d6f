"""ged188_families.py - one header and one source per family of messages: views first, then encoders."""
from ged188_encoders import encoder_class, encoder_source
from ged188_enums import banner
from ged188_views import view_class, view_constants


def family_header(name, schema):
    messages = [m for m in schema.messages if m.family == name]
    out = banner(f'{name}.hpp', schema.families[name] + '.')
    out += '//\n// ' + '\n// '.join(wrapped(', '.join(f'{m.name} {m.number}' for m in messages))) + '\n'
    out += '''//
// Views read a received body in place (wire/ged188_view.hpp); encoders write one frame (wire/ged188_encode.hpp).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "wire/ged188/message_type.hpp"
#include "wire/ged188_encode.hpp"
#include "wire/ged188_view.hpp"

namespace cti::wire::ged188 {

'''
    for m in messages:
        out += view_class(m) + '\n' + encoder_class(m) + '\n'
    return out + '}  // namespace cti::wire::ged188\n'


def family_source(name, schema):
    messages = [m for m in schema.messages if m.family == name]
    out = banner(f'{name}.cpp', schema.families[name] + ': layouts for decode(), and the encoders.')
    out += f'''#include "wire/ged188/{name}.hpp"

namespace cti::wire::ged188 {{

'''
    for m in messages:
        out += view_constants(m) + '\n' + encoder_source(m) + '\n'
    return out + '}  // namespace cti::wire::ged188\n'


def wrapped(text, width=100):
    line = ''
    for word in text.split(', '):
        if line and len(line) + len(word) + 2 > width:
            yield line
            line = ''
        line += (', ' if line else '') + word
    yield line
