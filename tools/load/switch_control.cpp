// switch_control.cpp - commands to ringside-sim's control port, and whose answer is whose.
#include "tools/load/switch_control.hpp"

namespace cti::load {
namespace {

constexpr std::size_t kLineMax = 64 * 1024;

}  // namespace

bool SwitchControl::call(const std::string& ani, std::uint32_t group, const std::string& stamp,
                         TimePoint intended) {
  if (asked_.size() >= kWaitingMax) return false;
  const std::string command =
      "call " + ani + " to " + std::to_string(group) + " var10=" + stamp + "\n";
  if (!out_.append(as_bytes(command))) return false;
  asked_.push_back(Asked{intended, io_.now()});
  flush();
  return true;
}

void SwitchControl::flush() {
  if (open_) out_.pump(io_, connection_);
}

bool SwitchControl::on_completion(const core::Completion& completion) {
  if (!connection_ || completion.connection != connection_) return false;
  switch (completion.event) {
    case core::IoEvent::kConnected:
      open_ = true;
      flush();
      break;
    case core::IoEvent::kReceived: {
      in_.append(as_text(completion.bytes));
      std::size_t begin = 0;
      for (std::size_t end; (end = in_.find('\n', begin)) != std::string::npos; begin = end + 1)
        on_line(std::string_view(in_).substr(begin, end - begin));
      in_.erase(0, begin);
      if (in_.size() > kLineMax) io_.close(connection_, core::CloseHow::kReset);
      break;
    }
    case core::IoEvent::kSent:
      out_.on_sent(completion.sent);
      flush();
      break;
    case core::IoEvent::kWritable:
      out_.on_writable();
      flush();
      break;
    case core::IoEvent::kClosed:
      open_ = false;
      gone_ = true;
      break;
    default:
      break;
  }
  return true;
}

void SwitchControl::on_line(std::string_view line) {
  if (asked_.empty()) return;
  const Asked asked = asked_.front();
  asked_.pop_front();
  recorder_.add(Path::kSwitch, asked.intended, io_.now());
  recorder_.answered(asked.intended, asked.sent, io_.now());
  if (line.starts_with("ok")) return;
  ++refused_;
  if (first_refusal_.empty()) first_refusal_ = line;
}

}  // namespace cti::load
