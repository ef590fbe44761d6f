// pcap_fuzz.cpp - any bytes as a file of messages (capture, hex lines, raw bytes), as ringside-wire and replay read it.
//
// Input    the first byte chooses strictness and the version until an OPEN_REQ says another; the rest is the file.
#include "tests/fuzz/found.hpp"
#include "tools/simulator/replay/recording.hpp"
#include "tools/wire/pcap.hpp"
#include "tools/wire/source.hpp"
#include "tools/wire/text.hpp"

#include <cstdint>
#include <sstream>

namespace {

using namespace cti;

/// Every message and every problem can be shown.
void read_all(const std::string& file, const tools::SourceOptions& options) {
  std::istringstream in(file);
  tools::read_messages(
      in, options,
      [](const wire::ged188::DecodedMessage& message, const std::string& where) {
        fuzz::must_be_printable(tools::message_text(message, where));
      },
      [](const std::string& problem) {
        if (problem.empty()) fuzz::found("a problem without a word");
        fuzz::must_be_printable(problem);
      });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::string file(reinterpret_cast<const char*>(data) + 1, size - 1);
  tools::SourceOptions options;
  options.version = static_cast<wire::ged188::Version>(9 + data[0] % 17);
  options.strictness =
      data[0] >= 128 ? wire::ged188::Strictness::kStrict : wire::ged188::Strictness::kLenient;
  read_all(file, options);
  std::istringstream segments(file);
  fuzz::must_be_printable(tools::read_capture(segments, [](const tools::Segment& segment) {
    fuzz::must_be_printable(segment.from + segment.to);
  }));
  std::istringstream recorded(file);
  const auto recording = simulator::read_recording(recorded, {});
  if (!recording.ok()) fuzz::must_be_printable(recording.error());
  return 0;
}
