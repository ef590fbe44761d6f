// make_corpus.cpp - writes the committed corpus anew: messages of every type at a few versions, and broken ones.
//
// Usage    make_corpus FOLDER. The same program always writes the same files.
#include "tests/unit/wire/ged188/random_message.hpp"

#include <algorithm>
#include <fstream>

using namespace cti;
using namespace cti::wire::ged188;

namespace {

void append(std::string& stream, const std::vector<std::byte>& frame) {
  stream.append(as_text(Bytes(frame)));
}

/// Messages of one family, each followed by two broken copies.
std::string stream_of(std::string_view family, Version version, Dice& dice) {
  std::string stream;
  for (const MessageRule& rule : all_messages()) {
    if (rule.family != family) continue;
    std::vector<std::byte> frame(limits::kMessageBytesMax);
    while (frame.size() > 1'200) frame = *encode_table(random_message(rule, version, dice));
    append(stream, frame);
    for (int copy = 0; copy < 2; ++copy) {
      std::vector<std::byte> body(frame.begin() + limits::kHeaderBytes, frame.end());
      mutate(body, dice);
      std::vector<std::byte> broken(frame.begin(), frame.begin() + limits::kHeaderBytes);
      broken.insert(broken.end(), body.begin(), body.end());
      store_be(broken.data(), static_cast<std::uint32_t>(body.size()));
      append(stream, broken);
    }
  }
  return stream;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  constexpr Version kVersions[] = {9, 13, 14, 15, 19, 20, 21, 22, 23, 24, 25, 26};
  Dice dice(188);
  std::vector<std::string_view> families;
  for (const MessageRule& rule : all_messages()) {
    const bool known = std::find(families.begin(), families.end(), rule.family) != families.end();
    if (rule.published() && !known) families.push_back(rule.family);
  }
  for (const std::string_view family : families) {
    for (const unsigned index : {3U, 10U}) {
      for (const unsigned strict : {0U, 1U}) {
        const std::string stream = stream_of(family, kVersions[index], dice);
        const char head[] = {static_cast<char>(index), static_cast<char>(strict),
                             static_cast<char>(strict == 0 ? 0 : 7)};
        std::ofstream file(std::string(argv[1]) + "/" + std::string(family) + "-" +
                               std::to_string(kVersions[index]) +
                               (strict == 0 ? "-lenient" : "-strict"),
                           std::ios::binary);
        file.write(head, sizeof head);
        file.write(stream.data(), static_cast<std::streamsize>(stream.size()));
      }
    }
  }
  return 0;
}
