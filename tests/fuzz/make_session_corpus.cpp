// make_session_corpus.cpp - writes tests/fuzz/corpus/session_fuzz anew: every frame, good and spoilt in known ways.
//
// Usage    make_session_corpus FOLDER. The same program always writes the same files.
#include "wire/object_key.hpp"
#include "wire/session_frame.hpp"

#include <fstream>
#include <string>
#include <vector>

using namespace cti;
using namespace cti::wire;

namespace {

std::vector<std::byte> buffer(wire::limits::kFrameBytesMax);

std::string text(Bytes bytes) { return std::string(as_text(bytes)); }

std::string update(std::string_view id, std::uint32_t topics, std::string_view old = {}) {
  UpdateWriter writer(buffer, {.id = 1,
                               .peripheral_id = 5000,
                               .object_key = object_key(id),
                               .event_id = EventId::eCallDataUpdateEvent,
                               .topics = topics});
  auto& arguments = writer.arguments();
  arguments.add_string(Keyword::UniqueObjectID, id);
  arguments.add_string(Keyword::CallVariable1, " ");
  arguments.add_short(Keyword::CallStatus, -1);
  arguments.add_bool(Keyword::Monitored, true);
  arguments.add_string("user.Own Key", "\xE9");
  arguments.begin_nested(Keyword::ECC);
  arguments.begin_nested("user.Arr");
  arguments.add_uint("0", 0xFFFFFFFF);
  arguments.end_nested();
  arguments.end_nested();
  if (!old.empty()) arguments.add_string(Keyword::OldUniqueObjectID, old);
  return text(writer.finish());
}

template <class Writer, class Header>
std::string frame(const Header& header) {
  Writer writer(buffer, header);
  return text(writer.finish());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const auto save = [&](const std::string& name, const std::string& stream) {
    std::ofstream file(std::string(argv[1]) + "/" + name, std::ios::binary);
    file << '\x07' << stream;
  };
  SubscribeWriter subscribe(buffer, {.id = 3, .mode = SubscribeMode::kMonitor},
                            std::vector<Position>(2));
  subscribe.arguments().add_string(Keyword::MessageFilter, "MessageID=30");
  const std::string wish = text(subscribe.finish());
  save("client", frame<HelloWriter>(HelloHeader{}) + wish +
                     frame<RequestWriter>(RequestHeader{.id = 1}) +
                     frame<HeartbeatReqWriter>(HeartbeatReqHeader{.id = 9}) +
                     frame<CloseWriter>(CloseHeader{}));
  save("server",
       frame<WelcomeWriter>(WelcomeHeader{}) + frame<SubscribedWriter>(SubscribedHeader{}) +
           frame<SnapshotBeginWriter>(SnapshotBeginHeader{}) +
           frame<SnapshotEndWriter>(SnapshotEndHeader{}) + frame<ReplyWriter>(ReplyHeader{}) +
           frame<PrivateEventWriter>(PrivateEventHeader{}) +
           frame<HeartbeatConfWriter>(HeartbeatConfHeader{}));
  const std::string one = update("call.5000.1.1", topic::kCall);
  save("updates", one + update("call.5000.2.1", topic::kCall | topic::kWhole) +
                      update("call.5000.3.1", topic::kCall, "call.5000.1.1") +
                      update("call.5000.2.1", topic::kCall, "call.5000.3.1") +
                      update("call.5000.2.1", topic::kCall | topic::kEnds));
  for (const std::size_t at :
       {0UL, 4UL, 56UL, 60UL, 62UL, 66UL, 67UL, 68UL, 90UL, one.size() - 2}) {
    std::string spoilt = one;
    spoilt[at] = static_cast<char>(spoilt[at] ^ 0x41);
    save("spoilt-" + std::to_string(at), one + spoilt + one);
  }
  save("cut", one + one.substr(0, one.size() / 2));
  save("http", "GET / HTTP/1.1\r\n\r\n");
  save("arguments", text(Arguments(UpdateView::trusted(as_bytes(one)).arguments()).bytes()));
  return 0;
}
