"""ged188_roles.py - roles.hpp: what a message is in a dialogue: a request, the answer to which, with an InvokeID or without."""
from ged188_enums import banner
from naming import constant


def answers(schema):
    """Names of all messages that answer a request: its confirmation and its refusal."""
    return {name for m in schema.messages for name in (m.reply, m.refusal) if name}


def without_invoke_id(schema):
    """Published messages that do not begin with an InvokeID. What is not published is a request like all others."""
    return [m for m in schema.messages if m.family and not (m.fixed and m.fixed[0].name == 'InvokeID')]


def cases(names, indent='    '):
    return ''.join(f'{indent}case MessageType::{constant(name)}:\n' for name in names)


def roles_header(schema):
    known = {m.name for m in schema.messages}
    for m in schema.messages:
        assert not m.reply or m.reply in known, f'{m.name} is answered by {m.reply}, which is no message'
    out = banner('roles.hpp', 'which messages are requests, which answer them, and which carry an InvokeID.')
    out += '''#pragma once

#include "wire/ged188/message_type.hpp"

#include <optional>

namespace cti::wire::ged188 {

/// The confirmation that a request gets when it is done; nothing: not a request, or none is known.
constexpr std::optional<MessageType> confirmation_of(MessageType request) noexcept {
  switch (request) {
'''
    for m in schema.messages:
        if m.reply:
            out += cases([m.name]) + f'      return MessageType::{constant(m.reply)};\n'
    out += '''    default:
      return std::nullopt;
  }
}

/// Whether a message answers a request, as its confirmation or its refusal, and begins with the request's InvokeID.
constexpr bool is_answer(MessageType type) noexcept {
  switch (type) {
'''
    numbered = answers(schema) - {m.name for m in without_invoke_id(schema)}
    out += cases([m.name for m in schema.messages if m.name in numbered])
    out += '''      return true;
    default:
      return false;
  }
}

/// Whether a message's body begins with an InvokeID. A number that nobody knows counts as a request.
constexpr bool begins_with_invoke_id(MessageType type) noexcept {
  switch (type) {
'''
    out += cases([m.name for m in without_invoke_id(schema)])
    out += '''      return false;
    default:
      return true;
  }
}

}  // namespace cti::wire::ged188
'''
    return out
