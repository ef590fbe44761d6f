// client_report.cpp - the one message that tells the CTI Server how many clients there are.
#include "broker/upstream/client_report.hpp"

#include "wire/ged188/misc.hpp"

namespace cti::broker {

namespace ged = wire::ged188;

namespace {
constexpr Nanos kLookEvery = Seconds{1};
constexpr Nanos kAnswerIn = Seconds{20};
constexpr std::size_t kReportBytes = 512;
constexpr std::size_t kNameMax = 100;  // ObjectName has 128 bytes with its NUL
constexpr std::size_t kTextMax = 10;   // "4294967295"
// Fixed part and two floating fields with wide headers: always fits.
static_assert(64 + kNameMax + kTextMax + 2 * 5 <= kReportBytes);
static_assert(kLookEvery < kAnswerIn);
}  // namespace

void ClientReport::look(TimePoint now, std::uint32_t clients) {
  if (now < next_) return;
  next_ = now + kLookEvery;
  if (name_.empty()) return;
  if (told_ != clients && send(now, clients)) told_ = clients;
}

bool ClientReport::send(TimePoint now, std::uint32_t clients) {
  const MutableBytes room = link_.claim(kReportBytes);
  if (room.empty()) return false;
  Pending entry;
  entry.kind = PendingKind::kRefresh;
  entry.message = static_cast<std::uint16_t>(ged::MessageType::kClientEventReportReq);
  entry.deadline = now + kAnswerIn;
  Pending* const kept = pending_.add(entry);
  if (kept == nullptr) return false;
  const std::string text = std::to_string(clients);
  CTI_CHECK(text.size() <= kTextMax);
  const auto frame = ged::ClientEventReportReqEncoder(room, link_.version(),
                                                      {.invoke_id = kept->invoke_id, .state = 0})
                         .object_name(name_.substr(0, kNameMax))
                         .text(text)
                         .finish();
  if (!frame.ok()) {
    pending_.remove(*kept);
    return false;
  }
  link_.commit(frame->size());
  ++sent_;
  return true;
}

}  // namespace cti::broker
