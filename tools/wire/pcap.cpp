// pcap.cpp - capture files, and the way down to TCP. Formats: pcap, pcapng; Ethernet with VLANs, Linux cooked capture,
// loopback, raw IP; IPv4 and IPv6. Fragments and extension headers are skipped: they do not occur on such links.
#include "tools/wire/pcap.hpp"

#include <array>
#include <cstdio>
#include <optional>
#include <vector>

namespace cti::tools {
namespace {

constexpr std::uint32_t kPacketBytesMax = 256 * 1024;
constexpr std::uint32_t kBlockBytesMax = 1024 * 1024;
constexpr std::uint32_t kSectionHeader = 0x0A0D0D0A;

std::uint32_t be16(Bytes b, std::size_t at) { return load_be<std::uint16_t>(&b[at]); }
std::uint32_t be32(Bytes b, std::size_t at) { return load_be<std::uint32_t>(&b[at]); }

std::string endpoint(const std::string& address, std::uint32_t port) {
  return address + ":" + std::to_string(port);
}

std::string address_v4(Bytes b) {
  std::string text;
  for (std::size_t i = 0; i < 4; ++i)
    text += (i != 0 ? "." : "") + std::to_string(std::to_integer<unsigned>(b[i]));
  return text;
}
std::string address_v6(Bytes b) {
  std::string text = "[";
  for (std::size_t i = 0; i < 16; i += 2) {
    std::array<char, 8> part;
    std::snprintf(part.data(), part.size(), i != 0 ? ":%x" : "%x", be16(b, i));
    text += part.data();
  }
  return text + "]";
}

std::optional<Segment> read_tcp(Bytes tcp, const std::string& from, const std::string& to) {
  if (tcp.size() < 20) return std::nullopt;
  const std::size_t header = (std::to_integer<std::size_t>(tcp[12]) >> 4) * 4;
  if (header < 20 || header > tcp.size()) return std::nullopt;
  Segment segment;
  segment.from_port = static_cast<std::uint16_t>(be16(tcp, 0));
  segment.to_port = static_cast<std::uint16_t>(be16(tcp, 2));
  segment.from = endpoint(from, segment.from_port);
  segment.to = endpoint(to, segment.to_port);
  segment.sequence = be32(tcp, 4);
  segment.syn = (std::to_integer<unsigned>(tcp[13]) & 2) != 0;
  segment.payload = tcp.subspan(header);
  return segment;
}

std::optional<Segment> read_ip(Bytes ip) {
  if (ip.empty()) return std::nullopt;
  constexpr std::byte kTcp{6};
  const unsigned version = std::to_integer<unsigned>(ip[0]) >> 4;
  if (version == 4 && ip.size() >= 20) {
    const std::size_t header = (std::to_integer<std::size_t>(ip[0]) & 15) * 4;
    const std::size_t total = be16(ip, 2);
    const bool fragment = (be16(ip, 6) & 0x3FFF) != 0;
    if (header < 20 || ip[9] != kTcp || fragment || header > ip.size()) return std::nullopt;
    // 0: the card was to fill it in. A frame on the wire may be padded behind the packet.
    if (total >= header && total < ip.size()) ip = ip.first(total);
    return read_tcp(ip.subspan(header), address_v4(ip.subspan(12, 4)),
                    address_v4(ip.subspan(16, 4)));
  }
  if (version == 6 && ip.size() >= 40 && ip[6] == kTcp) {
    const std::size_t payload = be16(ip, 4);
    Bytes tcp = ip.subspan(40);
    if (payload != 0 && payload < tcp.size()) tcp = tcp.first(payload);
    return read_tcp(tcp, address_v6(ip.subspan(8, 16)), address_v6(ip.subspan(24, 16)));
  }
  return std::nullopt;
}

std::optional<Segment> read_ethernet(Bytes frame) {
  std::size_t at = 12;
  while (frame.size() >= at + 2 && (be16(frame, at) == 0x8100 || be16(frame, at) == 0x88A8))
    at += 4;
  if (frame.size() < at + 2) return std::nullopt;
  const std::uint32_t type = be16(frame, at);
  if (type != 0x0800 && type != 0x86DD) return std::nullopt;
  return read_ip(frame.subspan(at + 2));
}

std::optional<Segment> read_packet(std::uint32_t link, Bytes packet) {
  const auto skip = [&](std::size_t bytes) {
    return packet.size() > bytes ? read_ip(packet.subspan(bytes)) : std::optional<Segment>{};
  };
  switch (link) {
    case 1:
      return read_ethernet(packet);
    case 0:
    case 108:
      return skip(4);
    case 12:
    case 14:
    case 101:
    case 228:
    case 229:
      return read_ip(packet);
    case 113:
      return skip(16);
    case 276:
      return skip(20);
    default:
      return std::nullopt;
  }
}

class Reader {
 public:
  Reader(std::istream& in, const std::function<void(const Segment&)>& on_segment)
      : in_(in), on_segment_(on_segment) {}

  std::string read() {
    if (!fill(4)) return "shorter than a capture's header";
    const std::uint32_t magic = load_le<std::uint32_t>(buffer_.data());
    return magic == kSectionHeader ? read_pcapng() : read_pcap(magic);
  }

 private:
  /// The next `bytes` into the buffer. False: the file ends before them.
  bool fill(std::size_t bytes) {
    buffer_.resize(bytes);
    in_.read(reinterpret_cast<char*>(buffer_.data()), static_cast<std::streamsize>(bytes));
    const auto got = static_cast<std::size_t>(in_.gcount());
    position_ += got;
    at_end_ = got == 0;
    return got == bytes;
  }
  std::string fault(const std::string& what) const {
    return what + " before byte " + std::to_string(position_);
  }
  std::uint32_t number(std::size_t at) const {
    return swapped_ ? load_be<std::uint32_t>(&buffer_[at]) : load_le<std::uint32_t>(&buffer_[at]);
  }
  void packet(std::uint32_t link, Bytes bytes, std::int64_t time_ns) {
    auto segment = read_packet(link, bytes);
    if (!segment) return;
    segment->time_ns = time_ns;
    on_segment_(*segment);
  }

  std::string read_pcap(std::uint32_t magic) {
    swapped_ = magic == 0xD4C3B2A1 || magic == 0x4D3CB2A1;
    if (!fill(20)) return fault("the capture's header is cut short");
    const std::uint32_t link = number(16) & 0xFFFF;
    const std::int64_t unit = magic == 0xA1B23C4D || magic == 0x4D3CB2A1 ? 1 : 1'000;
    for (;;) {
      if (!fill(16)) return at_end_ ? std::string{} : fault("a packet's header is cut short");
      const std::uint32_t bytes = number(8);
      const std::int64_t time_ns = number(0) * std::int64_t{1'000'000'000} + number(4) * unit;
      if (bytes > kPacketBytesMax) return fault("a packet of " + std::to_string(bytes) + " bytes");
      if (!fill(bytes)) return fault("a packet is cut short");
      packet(link, buffer_, time_ns);
    }
  }

  std::string read_pcapng() {
    std::uint32_t type = kSectionHeader;
    for (;;) {
      const std::string wrong = type == kSectionHeader ? read_section() : read_block(type);
      if (!wrong.empty()) return wrong;
      if (!fill(4)) return at_end_ ? std::string{} : fault("a block is cut short");
      type = number(0);
    }
  }

  std::string read_section() {
    if (!fill(8)) return fault("a section header is cut short");
    const std::uint32_t order = load_le<std::uint32_t>(&buffer_[4]);
    if (order != 0x1A2B3C4D && order != 0x4D3C2B1A)
      return fault("a section without its byte order");
    swapped_ = order == 0x4D3C2B1A;
    links_.clear();
    const std::uint32_t length = number(0);
    if (length < 28 || length > kBlockBytesMax || length % 4 != 0)
      return fault("a section header of a wrong length");
    return fill(length - 12) ? std::string{} : fault("a section header is cut short");
  }

  std::string read_block(std::uint32_t type) {
    if (!fill(4)) return fault("a block is cut short");
    const std::uint32_t length = number(0);
    if (length < 12 || length > kBlockBytesMax || length % 4 != 0) {
      return fault("a block of " + std::to_string(length) + " bytes");
    }
    if (!fill(length - 8)) return fault("a block is cut short");
    const Bytes body = Bytes(buffer_).first(length - 12);
    if (number(length - 12) != length) return fault("a block whose two lengths differ");
    if (type == 1 && body.size() >= 8) links_.push_back(number(0) & 0xFFFF);
    if (swapped_ && type == 1 && body.size() >= 8)
      links_.back() = load_be<std::uint16_t>(body.data());
    if (type == 6) return enhanced_packet(body);
    if (type == 3 && body.size() > 4 && !links_.empty()) packet(links_.front(), body.subspan(4), 0);
    return {};
  }

  std::string enhanced_packet(Bytes body) {
    if (body.size() < 20 || number(0) >= links_.size())
      return fault("a packet of an unknown interface");
    const std::uint32_t captured = number(12);
    if (captured > body.size() - 20) return fault("a packet longer than its block");
    // Microseconds, which is what writers use; another resolution would be an option of the interface.
    const std::uint64_t time_us = (std::uint64_t{number(4)} << 32) | number(8);
    packet(links_[number(0)], body.subspan(20, captured),
           static_cast<std::int64_t>(time_us * 1'000));
    return {};
  }

  std::istream& in_;
  const std::function<void(const Segment&)>& on_segment_;
  std::vector<std::byte> buffer_;
  std::vector<std::uint32_t> links_;
  std::size_t position_ = 0;
  bool at_end_ = false;
  bool swapped_ = false;
};

}  // namespace

bool is_capture(Bytes first_four) {
  if (first_four.size() < 4) return false;
  const std::uint32_t magic = load_le<std::uint32_t>(first_four.data());
  return magic == kSectionHeader || magic == 0xA1B2C3D4 || magic == 0xD4C3B2A1 ||
         magic == 0xA1B23C4D || magic == 0x4D3CB2A1;
}

std::string read_capture(std::istream& in, const std::function<void(const Segment&)>& on_segment) {
  return Reader(in, on_segment).read();
}

}  // namespace cti::tools
