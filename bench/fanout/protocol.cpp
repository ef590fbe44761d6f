// protocol.cpp - how each server is spoken to: subscribing, and where messages begin, end and carry their number.
#include "bench/fanout/protocol.hpp"

#include "bench/fanout/process.hpp"
#include "wire/session_frame.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <utility>

namespace cti::bench {

namespace {

using namespace std::string_literals;

/// Five bytes, whatever the number: "t0000" is everybody's.
std::string topic_name(std::optional<std::uint32_t> topic) {
  std::array<char, 16> room{};
  std::snprintf(room.data(), room.size(), "t%04u", topic ? *topic + 1 : 0);
  return room.data();
}

std::string mqtt_packet(char type, const std::string& body) {
  std::string packet(1, type);
  for (std::size_t left = body.size();;) {  // the length, seven bits at a time
    const auto low = static_cast<unsigned char>(left & 0x7f);
    left >>= 7;
    packet += static_cast<char>(left > 0 ? low | 0x80 : low);
    if (left == 0) return packet + body;
  }
}

std::string mqtt_text(const std::string& text) {
  return ""s + static_cast<char>(text.size() >> 8) + static_cast<char>(text.size() & 0xff) + text;
}

std::string mqtt_connect(const std::string& client) {
  return mqtt_packet('\x10', mqtt_text("MQTT") + "\x04\x02\0\0"s + mqtt_text(client));
}

/// ZMTP 3.0, mechanism NULL: greeting and READY command.
std::string zmtp_greeting(std::string_view socket_type) {
  std::string greeting = "\xff\0\0\0\0\0\0\0\0\x7f\x03\0NULL"s;
  greeting.resize(64, '\0');
  std::string ready = "\x05READY\x0bSocket-Type"s + "\0\0\0"s;
  ready += static_cast<char>(socket_type.size());
  ready += socket_type;
  return greeting + "\x04" + static_cast<char>(ready.size()) + ready;
}

std::string nats_head(const std::string& verb, const std::string& topic, const std::string& sid,
                      std::size_t payload) {
  return verb + ' ' + topic + sid + ' ' + std::to_string(payload) + "\r\n";
}

/// ZMTP has frames of up to 257 bytes and from 265 on.
std::size_t zmtp_bytes(std::size_t message_bytes) {
  return message_bytes > 257 ? std::max<std::size_t>(message_bytes, 265) : message_bytes;
}

/// A message as `protocol` delivers it: head, payload, tail.
struct Parts {
  std::string head, tail;
  std::size_t payload = 0;
};

Parts fitted(std::size_t message_bytes, const std::string& tail, auto&& head_of) {
  // The head may name the length of the payload: try until head and payload fill the message.
  for (std::size_t payload = message_bytes - tail.size(); payload >= 8; --payload) {
    std::string head = head_of(payload);
    if (head.size() + payload + tail.size() == message_bytes)
      return {std::move(head), tail, payload};
  }
  give_up("a message of " + std::to_string(message_bytes) + " bytes is too short for its head");
}

Parts delivered(Protocol protocol, std::size_t message_bytes, const std::string& topic) {
  switch (protocol) {
    case Protocol::kRedis:
      return fitted(message_bytes, "\r\n", [&](std::size_t payload) {
        return "*3\r\n$7\r\nmessage\r\n$5\r\n" + topic + "\r\n$" + std::to_string(payload) + "\r\n";
      });
    case Protocol::kNats:
      return fitted(message_bytes, "\r\n",
                    [&](std::size_t payload) { return nats_head("MSG", topic, " 1", payload); });
    case Protocol::kMqtt:
      return fitted(message_bytes, "", [&](std::size_t payload) {
        std::string packet = mqtt_packet('\x30', mqtt_text(topic) + std::string(payload, 'x'));
        packet.resize(packet.size() - payload);
        return packet;
      });
    case Protocol::kZmtp:
      return fitted(zmtp_bytes(message_bytes), "", [&](std::size_t payload) {
        const std::size_t body = topic.size() + payload;
        if (body < 256) return "\0"s + static_cast<char>(body) + topic;  // a short frame
        std::string head = "\x02\0\0\0\0\0\0"s;
        return head + static_cast<char>(body >> 8) + static_cast<char>(body & 0xff) + topic;
      });
    case Protocol::kRingside:
    case Protocol::kFloor:
      break;
  }
  return {"", "", message_bytes};
}

/// The same message as its publisher says it.
std::string published(Protocol protocol, const Parts& parts, const std::string& topic,
                      std::uint32_t topic_number) {
  const std::string payload(parts.payload, 'x');
  switch (protocol) {
    case Protocol::kRedis:
      return "*3\r\n$7\r\nPUBLISH\r\n$5\r\n" + topic + "\r\n$" + std::to_string(parts.payload) +
             "\r\n" + payload + "\r\n";
    case Protocol::kNats:
      return nats_head("PUB", topic, "", parts.payload) + payload + "\r\n";
    case Protocol::kMqtt:
      return parts.head + payload;
    case Protocol::kZmtp:  // to zmq_pub: the body alone
      return topic + payload;
    case Protocol::kRingside:
    case Protocol::kFloor:
      break;
  }
  // A frame as a floor passes it on: length, type 8 (kUpdate), number; then the topic.
  std::string frame(parts.payload, 'x');
  auto* const at = reinterpret_cast<std::byte*>(frame.data());
  store_le<std::uint32_t>(at, static_cast<std::uint32_t>(frame.size()));
  store_le<std::uint32_t>(at + 4, static_cast<std::uint32_t>(wire::FrameType::kUpdate));
  store_le<std::uint32_t>(at + 16, topic_number);
  return frame;
}

}  // namespace

std::optional<Protocol> protocol_named(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, Protocol>, 6> kNames{
      {{"ringside", Protocol::kRingside},
       {"floor", Protocol::kFloor},
       {"redis", Protocol::kRedis},
       {"nats", Protocol::kNats},
       {"mqtt", Protocol::kMqtt},
       {"zmtp", Protocol::kZmtp}}};
  for (const auto& [known, protocol] : kNames) {
    if (known == name) return protocol;
  }
  return {};
}

Frames frames_of(Protocol protocol, std::size_t message_bytes, std::uint32_t topics) {
  Frames frames;
  for (std::uint32_t i = 0; i < std::max(topics, 1u); ++i) {
    const std::string topic = topic_name(topics == 0 ? std::nullopt : std::optional(i));
    const Parts parts = delivered(protocol, message_bytes, topic);
    const std::string frame = published(protocol, parts, topic, topics == 0 ? 0 : i + 1);
    frames.number_at =
        protocol == Protocol::kFloor ? 8 : frame.size() - parts.payload - parts.tail.size();
    frames.add(std::as_bytes(std::span(frame)));
  }
  return frames;
}

Shape shape_of(Protocol protocol, std::size_t message_bytes) {
  if (protocol == Protocol::kRingside || protocol == Protocol::kFloor) return {};
  const Parts parts = delivered(protocol, message_bytes, topic_name({}));
  Shape shape{parts.head.size() + parts.payload + parts.tail.size(), parts.head.size(), 0};
  std::memcpy(&shape.first4, parts.head.data(), sizeof shape.first4);
  return shape;
}

std::string publisher_greeting(Protocol protocol) {
  switch (protocol) {
    case Protocol::kNats:
      return "CONNECT {\"verbose\":false,\"pedantic\":false}\r\n";
    case Protocol::kMqtt:
      return mqtt_connect("publisher");
    case Protocol::kFloor:
      return "\xff\xff\xff\xff"s;
    default:
      return {};
  }
}

std::string subscriber_greeting(Protocol protocol, std::optional<std::uint32_t> topic) {
  const std::string name = topic_name(topic);
  switch (protocol) {
    case Protocol::kRedis:
      return "*2\r\n$9\r\nSUBSCRIBE\r\n$5\r\n" + name + "\r\n";
    case Protocol::kNats:
      return "CONNECT {\"verbose\":false,\"pedantic\":false}\r\nSUB " + name + " 1\r\nPING\r\n";
    case Protocol::kMqtt:  // an empty ClientID: the server gives one
      return mqtt_connect("") + mqtt_packet('\x82', "\0\x01"s + mqtt_text(name) + "\0"s);
    case Protocol::kZmtp:
      return zmtp_greeting("SUB");
    case Protocol::kFloor: {
      std::string number(4, '\0');
      store_le<std::uint32_t>(reinterpret_cast<std::byte*>(number.data()), topic ? *topic + 1 : 0);
      return number;
    }
    case Protocol::kRingside:
      break;
  }
  return {};
}

std::string subscriber_last_word(Protocol protocol, std::optional<std::uint32_t> topic) {
  if (protocol != Protocol::kZmtp) return {};
  const std::string name = topic_name(topic);
  return "\0"s + static_cast<char>(1 + name.size()) + "\x01" + name;
}

bool greeted(Protocol protocol, std::string_view bytes, std::optional<std::uint32_t> topic) {
  switch (protocol) {
    case Protocol::kRedis:
      return bytes == "*3\r\n$9\r\nsubscribe\r\n$5\r\n" + topic_name(topic) + "\r\n:1\r\n";
    case Protocol::kNats:
      return bytes.ends_with("PONG\r\n");
    case Protocol::kMqtt:  // CONNACK of 4, SUBACK of 5 bytes
      return bytes.size() == 9;
    case Protocol::kZmtp: {  // greeting of 64, READY: flags, length, that much
      if (bytes.size() < 66) return false;
      return bytes.size() == 66u + static_cast<unsigned char>(bytes[65]);
    }
    case Protocol::kRingside:
    case Protocol::kFloor:
      break;
  }
  return true;
}

}  // namespace cti::bench
