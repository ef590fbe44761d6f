// trace_text.cpp - frames in words. Cold: allocates as it likes.
#include "tools/ringsided/trace_text.hpp"

#include "core/log.hpp"
#include "tools/wire/secrets.hpp"
#include "tools/wire/text.hpp"
#include "wire/event_id.hpp"
#include "wire/session_frame.hpp"

#include <optional>
#include <utility>

namespace cti::tools {
namespace {

using wire::FrameType;

/// RouterCallKeyCallID is another number.
bool is_call_number(std::string_view key) {
  return key.ends_with("CallID") && !key.starts_with("Router");
}

bool is_secret(std::string_view key) { return key.ends_with("Password"); }

void append(std::string& out, wire::ArgumentsView arguments, int depth = 0) {
  constexpr int kDepthMax = 8;
  for (const wire::Arg arg : arguments) {
    out += ' ';
    out += quoted(arg.key_name());
    out += '=';
    if (is_secret(arg.key_name())) {
      out += "********";
    } else if (arg.is_arguments()) {
      out += '{';
      if (depth < kDepthMax) append(out, arg.arguments(), depth + 1);
      out += " }";
    } else {
      out += arg.is_string() ? quoted(arg.string()) : std::to_string(arg.integer());
    }
  }
}

/// Whether a value at any key names what is wished for: agents and calls stand under many keys.
bool names(wire::ArgumentsView arguments, const TraceWishes& wishes) {
  for (const wire::Arg arg : arguments) {
    const std::string_view key = arg.key_name();
    if (key.ends_with("AgentID") && wishes.agents.contains(arg.to_text())) return true;
    if (is_call_number(key) && wishes.calls.contains(arg.to_text())) return true;
    if (key.ends_with("UniqueObjectID") && wishes.calls.contains(arg.string())) return true;
  }
  return false;
}

struct Named {
  std::string_view name;
  std::optional<wire::ArgumentsView> arguments;
};

template <class View>
Named named(Bytes frame, std::string_view (*name)(const View&)) {
  const auto view = View::check(frame);
  if (!view.ok()) return {"malformed", std::nullopt};
  return {name(*view), view->arguments()};
}

/// Tokens and positions are left out: they let whoever has them act as the session.
Named read(Bytes frame) {
  switch (static_cast<FrameType>(wire::frame_type(frame.data()))) {
    case FrameType::kHello:
      return named<wire::HelloView>(frame, [](const auto&) { return std::string_view(); });
    case FrameType::kWelcome:
      return named<wire::WelcomeView>(frame, [](const auto&) { return std::string_view(); });
    case FrameType::kClose:
      return named<wire::CloseView>(frame, [](const auto& view) { return name_of(view.reason()); });
    case FrameType::kRequest:
      return named<wire::RequestView>(frame,
                                      [](const auto& view) { return name_of(view.request()); });
    case FrameType::kReply:
      return named<wire::ReplyView>(frame,
                                    [](const auto& view) { return name_of(view.event_id()); });
    case FrameType::kUpdate:
    case FrameType::kSnapshotRecord:
      return named<wire::UpdateView>(frame,
                                     [](const auto& view) { return name_of(view.event_id()); });
    case FrameType::kPrivateEvent:
      return named<wire::PrivateEventView>(
          frame, [](const auto& view) { return name_of(view.event_id()); });
    case FrameType::kSubscribe:
      return named<wire::SubscribeView>(frame,
                                        [](const auto& view) { return name_of(view.mode()); });
    case FrameType::kSubscribed:
      return named<wire::SubscribedView>(frame,
                                         [](const auto& view) { return name_of(view.event_id()); });
    default:
      return {};
  }
}

bool is_about(const wire::ged188::DecodedField& field, const TraceWishes& wishes) {
  const std::string_view name = field.name;
  const std::string& text = field.value.text;
  if (name.ends_with("AgentID") && wishes.agents.contains(text)) return true;
  if (is_call_number(name) && wishes.calls.contains(std::to_string(field.value.number)))
    return true;
  return !text.empty() && wishes.devices.contains(text);
}

bool is_about(const wire::ged188::DecodedMessage& message, const TraceWishes& wishes) {
  for (const auto* fields : {&message.fixed, &message.floating}) {
    for (const auto& field : *fields) {
      if (is_about(field, wishes)) return true;
    }
  }
  return false;
}

/// Where the agents of the wish sit: calls name devices, not agents.
void learn(const wire::ged188::DecodedMessage& message, TraceWishes& wishes) {
  constexpr std::size_t kDevicesMax = 64;
  bool of_them = false;
  for (const auto& field : message.floating)
    of_them = of_them || (field.name == "AgentID" && wishes.agents.contains(field.value.text));
  for (const auto& field : message.floating) {
    const bool device = field.name == "AgentInstrument" || field.name == "AgentExtension";
    if (of_them && device && !field.value.text.empty() && wishes.devices.size() < kDevicesMax)
      wishes.devices.insert(field.value.text);
  }
}

}  // namespace

UpstreamText upstream_text(Bytes frame, wire::ged188::Version version, TraceWishes& wishes) {
  auto message = wire::ged188::decode_table(frame, version);
  learn(message, wishes);
  UpstreamText made;
  made.known = message.rule != nullptr;
  made.wanted = is_about(message, wishes);
  if (!made.wanted) return made;
  mask_passwords(message);
  made.text = message_text(message, "");
  return made;
}

ClientText client_text(Bytes frame, const TraceWishes& wishes) {
  const auto type = static_cast<FrameType>(wire::frame_type(frame.data()));
  const Named read_as = read(frame);
  ClientText made;
  made.text = core::log::text(name_of(type), " id=", wire::frame_id(frame.data()));
  if (!read_as.name.empty()) made.text.append(" ").append(read_as.name);
  if (read_as.arguments) {
    append(made.text, *read_as.arguments);
    made.wanted = names(*read_as.arguments, wishes);
  }
  made.text += '\n';
  return made;
}

}  // namespace cti::tools
