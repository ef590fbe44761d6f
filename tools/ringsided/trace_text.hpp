// trace_text.hpp - frames of both protocols in words, for the trace: what is in them, without their secrets.
#pragma once

#include "core/base/bytes.hpp"
#include "wire/arguments.hpp"
#include "wire/ged188_table.hpp"

#include <set>
#include <string>
#include <string_view>

namespace cti::tools {

/// What a trace looks for in frames. Devices of its agents are learnt from what is told of them.
struct TraceWishes {
  std::set<std::string, std::less<>> agents;  ///< AgentIDs
  std::set<std::string, std::less<>>
      calls;  ///< UniqueObjectIDs, or the number of a call (ConnectionCallID)
  std::set<std::string, std::less<>> devices;  ///< instruments and extensions

  bool any() const noexcept { return !agents.empty() || !calls.empty(); }
};

/// A message of the CTI Server, or for it.
struct UpstreamText {
  std::string text;
  bool wanted = false;  ///< it is about an agent, a device or a call that is wished for
  bool known = true;  ///< false: no message of the guide; the stream may be cut in the wrong places
};
UpstreamText upstream_text(Bytes frame, wire::ged188::Version version, TraceWishes& wishes);

/// A frame of a client, or for it: one line, its arguments behind it.
struct ClientText {
  std::string text;
  bool wanted = false;
};
ClientText client_text(Bytes frame, const TraceWishes& wishes);

}  // namespace cti::tools
