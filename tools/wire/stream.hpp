// stream.hpp - one direction of a connection: bytes in, decoded messages out.
#pragma once

#include "tools/wire/source.hpp"
#include "wire/mhdr.hpp"

#include <string>

namespace cti::tools {

/// What both directions of a connection share.
struct Conversation {
  wire::ged188::Version version;
};

class Stream {
 public:
  Stream(Conversation& conversation, const SourceOptions& options, const OnMessage& on_message,
         std::string where);

  /// False: the stream is broken (a length that no message has); the rest is of no use.
  bool feed(Bytes bytes);
  /// Reports a message that never came to its end.
  void finish();
  /// Forgets what is unfinished: a new connection begins.
  void restart();

 private:
  void show(Bytes frame);

  Conversation& conversation_;
  const SourceOptions& options_;
  const OnMessage& on_message_;
  std::string where_;
  wire::ged188::FrameCutter cutter_;
  bool broken_ = false;
};

}  // namespace cti::tools
