// config_fuzz.cpp - any bytes as a TOML configuration file: taken, or refused with a place and a reason, never a crash.
//
// What is taken must print as a file that is taken again and prints the same.
#include "core/config.hpp"

#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace {

using namespace cti::core;

struct Item {
  std::string name = "item";
  std::int64_t wide = 0;
  std::string secret;
};

struct Fields {
  std::uint16_t port = 1;
  bool on = false;
  int choice = 0;
  std::string text = "text";
  std::vector<std::string> list;
  std::vector<Item> items;
};

void bind(Config& config, Fields& fields) {
  auto& server = config.root().table("server", "A table.");
  server.integer<std::uint16_t>("port", fields.port, 1, 65535, "An integer.");
  server.boolean("on", fields.on, "A boolean.");
  auto& inner = server.table("inner", "A table in a table.");
  inner.choice<int>("choice", fields.choice, {{"zero", 0}, {"one", 1}}, "A choice.");
  config.root().text("text", fields.text, {0, 100}, "A text.");
  config.root().list("list", fields.list, {8, {0, 20}}, "A list.");
  config.root().tables<Item>(
      "item", fields.items, 8,
      [](ConfigTable& table, Item& item) {
        table.text("name", item.name, {1, 20}, "A name.");
        table.integer<std::int64_t>("wide", item.wide, INT64_MIN, INT64_MAX, "Any integer.");
        table.text("secret", item.secret, {0, 20, true}, "A secret.");
      },
      "Tables.");
}

[[noreturn]] void fail(const char* what, const std::string& text) {
  std::fprintf(stderr, "%s:\n%s\n", what, text.c_str());
  std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Fields fields;
  Config config;
  bind(config, fields);
  const auto read = config.read_text({reinterpret_cast<const char*>(data), size}, "fuzz.toml");
  if (!read.ok()) {
    if (read.error().list().empty()) fail("refused without a reason", "");
    const std::string text = read.error().text();
    for (char c : text) {
      if (c != '\n' && (c < 0x20 || c == 0x7f)) fail("a control character in a reason", text);
    }
    return 0;
  }
  const std::string printed = config.print();
  const auto again = config.read_text(printed, "printed.toml");
  if (!again.ok()) fail("cannot read back what was printed", again.error().text() + printed);
  if (config.print() != printed) fail("prints differently after reading back", printed);
  return 0;
}
