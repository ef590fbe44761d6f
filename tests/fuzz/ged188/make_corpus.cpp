// make_corpus.cpp - writes the committed corpus anew: messages of every type at a few versions, and broken ones.
//
// Usage    make_corpus FOLDER. The same program always writes the same files.
#include "tests/unit/wire/ged188/body.hpp"
#include "tests/unit/wire/ged188/random_message.hpp"

#include <algorithm>
#include <fstream>
#include <set>

using namespace cti;
using namespace cti::wire::ged188;

namespace {

void append(std::string& stream, const std::vector<std::byte>& frame) {
  stream.append(as_text(Bytes(frame)));
}

constexpr int kTries = 200;
constexpr std::size_t kFrameBytes = 1'200;  // small inputs are worth more to a fuzzer

void append_broken(std::string& stream, const std::vector<std::byte>& frame, Dice& dice) {
  append(stream, mutated(frame, dice));
}

/// Messages of one family: as many of each type as it takes to have every field once, and two broken copies.
std::string stream_of(std::string_view family, Version version, Dice& dice) {
  std::string stream;
  for (const MessageRule& rule : all_messages()) {
    if (rule.family != family) continue;
    std::set<std::string> seen;
    for (int tries = 0; tries < kTries; ++tries) {
      const DecodedMessage message = random_message(rule, version, dice);
      const std::vector<std::byte> frame = *encode_table(message);
      if (frame.size() > kFrameBytes && tries + 1 < kTries) continue;
      const std::size_t before = seen.size();
      const bool first = before == 0;
      seen.insert(std::string(rule.name));
      for (const DecodedField& field : message.floating) seen.insert(field.name);
      if (seen.size() == before) continue;
      append(stream, frame);
      for (int copy = 0; first && copy < 2; ++copy) append_broken(stream, frame, dice);
    }
  }
  return stream;
}

/// The other printed forms that lenient decoding reads (the schema's doubts).
std::string other_forms(Version version) {
  std::string stream;
  append(stream, Body(version).number(7, 4).number(257, 2).number(99, 4).frame(1));
  append(stream, Body(version).number(15, 4).number(31, 4).number(5000, 4).frame(232));
  append(stream, Body(version).zeros(14).number(70, 2).field(25, "d").frame(46));
  append(stream, Body(version).zeros(30).number(2, 2).frame(4));
  append(stream, Body(version).zeros(62).field(194, "1001").field(23, "sig").frame(30));
  append(stream, Body(version).zeros(62).number_field(123, 1, 4).frame(30));
  append(stream, Body(version).zeros(62).number(0, 2).frame(30));
  Body arrays(version);
  arrays.number(1, 2).number_field(183, 0, 2).number_field(191, 2, 2);
  arrays.number_field(185, 1, 4).field(139, std::string(8, 'n')).field(64, std::string(4, 'p'));
  append(stream, arrays.frame(237));
  append(stream,
         Body(version).number(1, 2).number_field(183, 0, 2).number_field(185, 1, 4).frame(236));
  return stream;
}

/// Named data, text and numbers cut short, empty, too long, in the middle of other fields.
std::string odd_fields(Version version) {
  using namespace std::string_literals;
  std::string stream;
  const auto delivered = [version](unsigned variables, unsigned arrays) {
    return Body(version).zeros(54).at(50, variables, 2).at(52, arrays, 2);
  };
  for (const std::string& content : {""s, "n"s, "n\0"s, "n\0v"s, "n\0v\0"s, "\0\0"s, "\0"s})
    append(stream, delivered(1, 0).field(82, content).frame(9));
  for (const std::string& content : {""s, "\1"s, "\1n"s, "\1n\0"s, "\1n\0v"s, "\1n\0v\0"s})
    append(stream, delivered(0, 1).field(83, content).frame(9));
  for (const std::string& content : {""s, "x"s, "x\0"s, "\0"s, "x\0y\0"s, "\x01\0"s, "\xE9\0"s})
    append(stream, delivered(0, 0).field(13, content).field(250, content).frame(9));
  for (const std::string& content :
       {""s, "\0"s, "\0\1"s, "\0\0\1"s, "\0\0\0\1"s, "\0\0\0\0\0\1"s}) {
    append(stream, delivered(0, 0).field(121, content).frame(9));
    append(stream, Body(version)
                       .number(1, 2)
                       .number_field(183, 0, 2)
                       .number_field(191, 1, 2)
                       .field(62, content)
                       .field(64, content)
                       .frame(237));
    append(stream,
           Body(version).number(1, 2).number_field(183, 0, 2).field(185, content).frame(236));
    append(stream, Body(version)
                       .number(1, 2)
                       .number_field(183, 0, 2)
                       .field(191, content)
                       .number_field(62, 1, 4)
                       .frame(237));
  }
  append(stream, delivered(0, 0).field(13, "a").field(13, "b").frame(9));
  append(stream, delivered(0, 0).zeros(3).frame(9));
  if (version < kWideHeadersFrom) return stream;
  append(
      stream,
      delivered(0, 0).field(319, std::string(300, 'x')).field(400, "far").field(13, "a").frame(9));
  append(stream, delivered(0, 0).field(13, std::string(700, 'x')).field(14, "b\0"s).frame(9));
  return stream;
}

void write(const std::string& path, unsigned version_index, unsigned strict,
           const std::string& stream) {
  const char head[] = {static_cast<char>(version_index), static_cast<char>(strict),
                       static_cast<char>(strict == 0 ? 0 : 7)};
  std::ofstream file(path, std::ios::binary);
  file.write(head, sizeof head);
  file.write(stream.data(), static_cast<std::streamsize>(stream.size()));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  constexpr Version kVersions[] = {9, 13, 14, 15, 19, 20, 21, 22, 23, 24, 25, 26};
  const std::string folder = std::string(argv[1]) + "/";
  Dice dice(188);
  std::vector<std::string_view> families;
  for (const MessageRule& rule : all_messages()) {
    const bool known = std::find(families.begin(), families.end(), rule.family) != families.end();
    if (rule.published() && !known) families.push_back(rule.family);
  }
  for (const std::string_view family : families) {
    for (const unsigned index : {3U, 10U}) {
      const std::string name =
          folder + std::string(family) + "-" + std::to_string(kVersions[index]);
      write(name + "-lenient", index, 0, stream_of(family, kVersions[index], dice));
      write(name + "-strict", index, 1, stream_of(family, kVersions[index], dice));
    }
  }
  write(folder + "call_data-24-strict", 9, 1,
        stream_of("call_data", 24, dice));  // fields that 25 withdrew
  for (const unsigned index : {0U, 3U, 8U}) {
    write(folder + "other-forms-" + std::to_string(kVersions[index]), index, 0,
          other_forms(kVersions[index]));
  }
  for (const unsigned index : {3U, 10U}) {
    const std::string name = folder + "odd-fields-" + std::to_string(kVersions[index]);
    write(name + "-lenient", index, 0, odd_fields(kVersions[index]));
    write(name + "-strict", index, 1, odd_fields(kVersions[index]));
  }
  return 0;
}
