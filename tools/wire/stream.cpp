// stream.cpp - see stream.hpp.
#include "tools/wire/stream.hpp"

#include "wire/ged188/message_type.hpp"

#include <utility>

namespace cti::tools {

using namespace wire::ged188;

namespace {
constexpr Version kVersionsEnd = 100;  // a VersionNumber from here on is no version
}

Stream::Stream(Conversation& conversation, const SourceOptions& options,
               const OnMessage& on_message, std::string where)
    : conversation_(conversation),
      options_(options),
      on_message_(on_message),
      where_(std::move(where)) {}

bool Stream::feed(Bytes bytes) {
  if (broken_) return false;
  const auto result = cutter_.feed(bytes, [this](const Frame& frame) {
    if (frame.message_type == static_cast<std::uint32_t>(MessageType::kOpenReq)) {
      const auto version = version_of_open_req(frame.body);
      if (version && *version != 0 && *version < kVersionsEnd) conversation_.version = *version;
    }
    show(frame.whole);
  });
  if (result) return true;
  broken_ = true;
  DecodedMessage message;
  message.version = conversation_.version;
  message.error = result.error();
  message.number = result.error().message_type;
  message.rule = find_message(message.number);
  message.name = message.rule != nullptr ? std::string(message.rule->name)
                                         : "type_" + std::to_string(message.number);
  on_message_(message, where_);
  return false;
}

void Stream::finish() {
  if (!broken_ && cutter_.held_bytes() != 0) show(cutter_.held());
}

void Stream::restart() {
  cutter_ = FrameCutter();
  broken_ = false;
}

void Stream::show(Bytes frame) {
  on_message_(decode_table(frame, conversation_.version, options_.strictness), where_);
}

}  // namespace cti::tools
