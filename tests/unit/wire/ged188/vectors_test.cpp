// vectors_test.cpp - messages known byte for byte (tests/golden/ged188/vectors.txt): decoded, and written again.
#include "tests/unit/wire/ged188/compare.hpp"
#include "tests/unit/wire/ged188/hex.hpp"
#include "visit.hpp"
#include "wire/ged188_table.hpp"

#include <gtest/gtest.h>

#include <array>
#include <fstream>
#include <set>
#include <sstream>

namespace cti::wire::ged188 {
namespace {

struct Vector {
  std::string id;
  Version version = 0;
  std::string message;
  std::vector<std::byte> frame;
  std::vector<std::string> fixed;     // "InvokeID 1"
  std::vector<std::string> floating;  // "1 ClientID bridge"
};

void PrintTo(const Vector& vector, std::ostream* out) { *out << vector.id; }

std::vector<Vector> read_vectors() {
  std::ifstream file(GED188_VECTORS);
  std::vector<Vector> vectors;
  std::string line;
  while (std::getline(file, line)) {
    std::istringstream words(line);
    std::string kind;
    words >> kind;
    if (kind == "message") {
      vectors.emplace_back();
      words >> vectors.back().id >> vectors.back().version >> vectors.back().message;
    } else if (kind == "hex") {
      vectors.back().frame = from_hex(line.substr(4));
    } else if (kind == "fixed") {
      vectors.back().fixed.push_back(line.substr(6));
    } else if (kind == "floating") {
      vectors.back().floating.push_back(line.substr(9));
    }
  }
  return vectors;
}

std::string show(const DecodedField& field) {
  const DecodedValue& value = field.value;
  switch (field.type) {
    case FieldType::kString:
      return value.text;
    case FieldType::kUnspec:
      return to_hex(as_bytes(value.text));
    case FieldType::kNamedVar:
      return value.name + "\t" + value.text;
    case FieldType::kNamedArray:
      return std::to_string(value.index) + "\t" + value.name + "\t" + value.text;
    default:
      return std::to_string(value.number);
  }
}

std::string with_value(const std::string& head, const std::string& value) {
  return value.empty() ? head : head + " " + value;
}

class Ged188Vectors : public testing::TestWithParam<Vector> {};

TEST_P(Ged188Vectors, DecodeToTheListedFieldsAndEncodeBackByteForByte) {
  const Vector& vector = GetParam();
  const DecodedMessage message = decode_table(vector.frame, vector.version);
  ASSERT_FALSE(message.error) << message.error->text();
  EXPECT_EQ(message.name, vector.message);
  EXPECT_EQ(message.leftover, "");
  std::vector<std::string> fixed, floating;
  for (const DecodedField& field : message.fixed)
    fixed.push_back(with_value(field.name, show(field)));
  for (const DecodedField& field : message.floating) {
    const std::string name = field.name.starts_with("tag_") ? "-" : field.name;
    floating.push_back(with_value(std::to_string(field.tag) + " " + name, show(field)));
  }
  EXPECT_EQ(fixed, vector.fixed);
  EXPECT_EQ(floating, vector.floating);
  const auto again = encode_table(message);
  ASSERT_TRUE(again.ok()) << again.error();
  EXPECT_EQ(to_hex(*again), to_hex(vector.frame));
}

TEST_P(Ged188Vectors, ReadTheSameThroughTheViews) {
  const Vector& vector = GetParam();
  EXPECT_EQ(disagreement(vector.frame, vector.version, Strictness::kLenient), "");
  EXPECT_EQ(disagreement(vector.frame, vector.version, Strictness::kStrict), "");
}

TEST_P(Ged188Vectors, AreWrittenByTheEncodersWithTheSameFields) {
  const Vector& vector = GetParam();
  std::array<std::byte, limits::kMessageBytesMax> buffer;
  const Bytes body = Bytes(vector.frame).subspan(limits::kHeaderBytes);
  const auto number = load_be<std::uint32_t>(&vector.frame[4]);
  const Visit seen = visit(number, body, vector.version, Strictness::kLenient, buffer);
  ASSERT_TRUE(seen.known && seen.ok);
  ASSERT_TRUE(seen.rewritten.ok()) << seen.rewritten.error().text();
  EXPECT_EQ(lines_by_table(*seen.rewritten, vector.version).all(), seen.lines.all());
}

INSTANTIATE_TEST_SUITE_P(All, Ged188Vectors, testing::ValuesIn(read_vectors()),
                         [](const auto& vector) {
                           std::string name = vector.param.id;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

TEST(Ged188VectorFile, HasBothHeaderWidths) {
  std::set<unsigned> widths;
  for (const Vector& vector : read_vectors()) widths.insert(floating_header_width(vector.version));
  EXPECT_EQ(widths, (std::set<unsigned>{2, 4}));
  EXPECT_EQ(read_vectors().size(), 88U);
}

}  // namespace
}  // namespace cti::wire::ged188
