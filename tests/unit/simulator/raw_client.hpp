// raw_client.hpp - a client that knows nothing of our wire code: it sends bytes made by hand and keeps the bytes that come.
//
// Why      clients written by others against the real CTI Server must be accepted as they are; what they send cannot be made by
//          encoders that know the rules.
#pragma once

#include "tests/unit/simulator/plain_client.hpp"

#include <cstdint>
#include <string_view>
#include <vector>

namespace cti::simulator {

/// A message put together number by number. The length is counted at the end, `extra` on top of it.
class RawMessage {
 public:
  /// `wide`: floating headers have 2+2 bytes.
  RawMessage(std::uint32_t type, bool wide) : wide_(wide) { u32(0).u32(type); }

  RawMessage& u8(unsigned value) { return number(value, 1); }
  RawMessage& u16(unsigned value) { return number(value, 2); }
  RawMessage& u32(std::uint32_t value) { return number(value, 4); }
  /// A floating field, its data exactly as given.
  RawMessage& field(unsigned tag, std::string_view data) {
    number(tag, wide_ ? 2 : 1);
    number(static_cast<std::uint32_t>(data.size()), wide_ ? 2 : 1);
    return raw(data);
  }
  /// A floating string with its NUL.
  RawMessage& text(unsigned tag, std::string_view data) {
    return field(tag, std::string(data) + '\0');
  }
  RawMessage& raw(std::string_view data) {
    for (const char c : data) bytes_.push_back(static_cast<std::byte>(c));
    return *this;
  }
  std::vector<std::byte> bytes() const {
    std::vector<std::byte> whole = bytes_;
    store_be(whole.data(), static_cast<std::uint32_t>(whole.size() - 8));
    return whole;
  }

 private:
  RawMessage& number(std::uint32_t value, int width) {
    for (int i = width - 1; i >= 0; --i) bytes_.push_back(std::byte(value >> (8 * i) & 0xFF));
    return *this;
  }
  bool wide_;
  std::vector<std::byte> bytes_;
};

struct RawFrame {
  std::uint32_t type = 0;
  std::vector<std::byte> body;

  std::uint32_t u32(std::size_t at) const {
    return at + 4 <= body.size() ? load_be<std::uint32_t>(body.data() + at) : 0xDEAD;
  }
  std::uint16_t u16(std::size_t at) const {
    return at + 2 <= body.size() ? load_be<std::uint16_t>(body.data() + at) : std::uint16_t{0xDEAD};
  }
  /// The tags of the floating part that begins at `at`. 0 at the end: it does not fill the frame.
  std::vector<unsigned> tags(std::size_t at, bool wide) const {
    std::vector<unsigned> found;
    const std::size_t header = wide ? 4 : 2;
    while (at + header <= body.size()) {
      found.push_back(wide ? u16(at) : std::to_integer<unsigned>(body[at]));
      at += header + (wide ? u16(at + 2) : std::to_integer<unsigned>(body[at + 1]));
    }
    if (at != body.size()) found.push_back(0);
    return found;
  }
};

class RawClient {
 public:
  RawClient(PlainWorld& world, const std::string& host)
      : world_(world), io_(world.network.make_io(host)), completions_(64) {}

  void connect(Side side = Side::kA) {
    connection_ = io_->connect({"10.0.0.1", world_.server->port(side)});
    settle();
  }
  /// Sends and lets everything happen.
  void send(const std::vector<std::byte>& bytes) {
    sending_ = bytes;
    io_->send(connection_, sending_);
    settle();
  }
  void send(const RawMessage& message) { send(message.bytes()); }
  /// In two sends, the second after the first has arrived.
  void send_cut(const std::vector<std::byte>& bytes, std::size_t cut) {
    send({bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(cut)});
    send({bytes.begin() + static_cast<std::ptrdiff_t>(cut), bytes.end()});
  }
  std::vector<std::uint32_t> types() const {
    std::vector<std::uint32_t> found;
    for (const RawFrame& frame : frames) found.push_back(frame.type);
    return found;
  }
  const RawFrame& last(std::uint32_t type) const {
    for (auto frame = frames.rbegin(); frame != frames.rend(); ++frame) {
      if (frame->type == type) return *frame;
    }
    ADD_FAILURE() << "no message " << type;
    static const RawFrame kNothing;
    return kNothing;
  }
  std::size_t count(std::uint32_t type) const {
    std::size_t n = 0;
    for (const RawFrame& frame : frames) n += frame.type == type;
    return n;
  }

  std::vector<RawFrame> frames;
  std::size_t broken_chunks = 0;  ///< received pieces that end in the middle of a frame
  bool closed = false;

  void settle() {
    for (int i = 0; i < 3; ++i) {
      world_.settle();
      turn();
    }
  }

  /// Takes what has come so far.
  void turn() {
    while (const std::size_t got = io_->wait(completions_, kNever)) {
      for (std::size_t i = 0; i < got; ++i) {
        if (completions_[i].event == core::IoEvent::kClosed) closed = true;
        if (completions_[i].event == core::IoEvent::kReceived) take(completions_[i].bytes);
      }
    }
  }

 private:
  /// As many clients do it: what comes in one piece is taken to hold whole messages.
  void take(Bytes bytes) {
    while (bytes.size() >= 8 && 8 + load_be<std::uint32_t>(bytes.data()) <= bytes.size()) {
      const std::size_t length = load_be<std::uint32_t>(bytes.data());
      const Bytes body = bytes.subspan(8, length);
      frames.push_back({load_be<std::uint32_t>(bytes.data() + 4), {body.begin(), body.end()}});
      bytes = bytes.subspan(8 + length);
    }
    broken_chunks += !bytes.empty();
  }

  PlainWorld& world_;
  std::unique_ptr<core::Io> io_;
  core::ConnectionId connection_;
  std::vector<core::Completion> completions_;
  std::vector<std::byte> sending_;
};

}  // namespace cti::simulator
