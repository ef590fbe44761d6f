// ringside-wire - looks at CTI Server messages: decode, encode, list, diff.
//
// Exit     0 all went well; 1 something did not decode, did not encode, or differs; 2 wrong usage or no such file.
#include "tools/wire/diff.hpp"
#include "tools/wire/hex.hpp"
#include "tools/wire/message_json.hpp"
#include "tools/wire/source.hpp"
#include "tools/wire/text.hpp"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <fstream>
#include <iostream>

namespace {

using namespace cti;
using namespace cti::tools;
using namespace cti::wire::ged188;

constexpr std::size_t kLineBytesMax = 1024 * 1024;

struct Flags {
  std::string file = "-", other;
  std::string message;
  Version version = 0;  // 0: not given
  std::vector<std::uint16_t> ports;
  bool strict = false, json = false;

  SourceOptions source() const {
    SourceOptions options;
    if (version != 0) options.version = version;
    if (strict) options.strictness = Strictness::kStrict;
    if (!ports.empty()) options.ports = ports;
    return options;
  }
};

int complain(const std::string& text) {
  std::fflush(stdout);
  std::fprintf(stderr, "ringside-wire: %s\n", text.c_str());
  return 1;
}

/// Runs `use(stream)` on the file, or on standard input for "-".
template <class Use>
int with_input(const std::string& name, Use&& use) {
  if (name == "-") return use(std::cin);
  std::ifstream file(name, std::ios::binary);
  if (!file || file.peek() == std::ifstream::traits_type::eof()) {
    if (!file.is_open()) return complain(name + ": cannot be read"), 2;
    if (file.bad()) return complain(name + ": cannot be read"), 2;
    file.clear();
  }
  return use(file);
}

int decode(const Flags& flags) {
  return with_input(flags.file, [&](std::istream& in) {
    int status = 0;
    const auto show = [&](const DecodedMessage& message, const std::string& where) {
      const std::string text = flags.json ? to_json(message) + "\n" : message_text(message, where);
      std::fwrite(text.data(), 1, text.size(), stdout);
      if (message.error) status = complain(where + ": " + message.error->text());
    };
    for (const std::string& problem : read_messages(in, flags.source(), show))
      status = complain(problem);
    return status;
  });
}

int encode_line(const std::string& line, const std::string& where, const Flags& flags) {
  if (line.size() > kLineBytesMax) return complain(where + ": longer than 1 MiB");
  const auto message =
      from_json(line, flags.version != 0 ? std::optional(flags.version) : std::nullopt);
  if (!message) return complain(where + ": " + message.error());
  const auto frame = encode_table(*message);
  if (!frame) return complain(where + ": " + frame.error());
  const std::string text = to_hex(*frame) + "\n";
  std::fwrite(text.data(), 1, text.size(), stdout);
  const Strictness strictness = flags.strict ? Strictness::kStrict : Strictness::kLenient;
  const DecodedMessage back = decode_table(*frame, message->version, strictness);
  return back.error ? complain(where + ": what was written does not decode: " + back.error->text())
                    : 0;
}

int encode(const Flags& flags) {
  return with_input(flags.file, [&](std::istream& in) {
    int status = 0;
    std::string line;
    for (std::size_t number = 1; std::getline(in, line); ++number) {
      if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
      status = std::max(status, encode_line(line, "line " + std::to_string(number), flags));
    }
    return status;
  });
}

int list(const Flags& flags) {
  if (flags.message.empty()) {
    std::fputs(list_text().c_str(), stdout);
    return 0;
  }
  const bool is_number = flags.message.size() < 9 &&
                         flags.message.find_first_not_of("0123456789") == std::string::npos;
  const MessageRule* rule =
      is_number ? find_message(static_cast<std::uint32_t>(std::stoul(flags.message)))
                : find_message(std::string_view(flags.message));
  if (rule == nullptr) return complain("no message " + flags.message);
  std::fputs(rule_text(*rule).c_str(), stdout);
  return 0;
}

int diff(const Flags& flags) {
  int status = 0;
  const auto read = [&](const std::string& name, std::vector<Comparable>& messages) {
    return with_input(name, [&](std::istream& in) {
      const auto keep = [&](const DecodedMessage& message, const std::string& where) {
        messages.push_back(comparable(message, where));
        if (message.error) status = complain(name + ", " + where + ": " + message.error->text());
      };
      for (const std::string& problem : read_messages(in, flags.source(), keep))
        status = complain(name + ": " + problem);
      return 0;
    });
  };
  std::vector<Comparable> a, b;
  if (const int failed = std::max(read(flags.file, a), read(flags.other, b))) return failed;
  const std::string text = difference(a, b);
  std::fputs(text.c_str(), stdout);
  return text.empty() ? status : 1;
}

void add_source_flags(CLI::App& command, Flags& flags) {
  command
      .add_option("--version", flags.version,
                  "protocol version until an OPEN_REQ says otherwise (default 25)")
      ->check(CLI::Range(1, 99));
  command.add_flag("--strict", flags.strict, "refuse what a strict CTI Server refuses");
  command
      .add_option("--port", flags.ports,
                  "port of the server in a capture; may be repeated (default 42027, 43027)")
      ->allow_extra_args(false);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Looks at CTI Server (GED-188) messages."};
  app.require_subcommand(1);
  Flags flags;
  CLI::App* decode_command =
      app.add_subcommand("decode", "show the messages of hex lines, raw bytes, pcap or pcapng");
  add_source_flags(*decode_command, flags);
  decode_command->add_flag("--json", flags.json, "one JSON object per message and line");
  decode_command->add_option("FILE", flags.file, "default: standard input");
  CLI::App* encode_command =
      app.add_subcommand("encode", "turn JSON lines, as decode --json prints them, into hex lines");
  encode_command->add_option("--version", flags.version, "where the JSON has none")
      ->check(CLI::Range(1, 99));
  encode_command->add_flag("--strict", flags.strict,
                           "complain about what a strict CTI Server refuses");
  encode_command->add_option("FILE", flags.file, "default: standard input");
  CLI::App* list_command = app.add_subcommand("list", "show the schema of all messages, or of one");
  list_command->add_option("MESSAGE", flags.message, "name or number");
  CLI::App* diff_command = app.add_subcommand("diff", "compare two captures message by message");
  add_source_flags(*diff_command, flags);
  diff_command->add_option("A", flags.file)->required();
  diff_command->add_option("B", flags.other)->required();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  if (decode_command->parsed()) return decode(flags);
  if (encode_command->parsed()) return encode(flags);
  return list_command->parsed() ? list(flags) : diff(flags);
}
