// ringside-wire - looks at CTI Server messages: decode, encode, list, diff.
//
// Exit     0 all went well; 1 something did not decode, did not encode, or differs; 2 wrong usage or no such file.
//          What decodes with warnings (a count that lies, say) is 0: nothing of it is lost; --strict refuses it.
// Memory   bounded for input of any size: a line, a packet, what a stream misses (source.hpp); diff keeps 50,000 messages.
#include "tools/program/flags.hpp"
#include "tools/wire/diff.hpp"
#include "tools/wire/hex.hpp"
#include "tools/wire/lines.hpp"
#include "tools/wire/message_json.hpp"
#include "tools/wire/secrets.hpp"
#include "tools/wire/source.hpp"
#include "tools/wire/text.hpp"
#include "wire/ged188/message_type.hpp"

#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <iostream>

namespace {

using namespace cti;
using namespace cti::tools;
using namespace cti::wire::ged188;

constexpr std::size_t kDiffMessagesMax = 50'000;

int complain(const std::string& text) {
  std::fflush(stdout);
  tools::complain("ringside-wire", text);
  return 1;
}

/// To standard error, in step with what has been printed so far. The exit code does not suffer.
void remark(const std::string& text) { complain(text); }

struct Flags {
  std::string file = "-", other;
  std::string message;
  Version version = 0;  // 0: not given
  std::vector<std::uint16_t> ports;
  bool strict = false, json = false, show_passwords = false;

  SourceOptions source() const {
    SourceOptions options;
    if (version != 0) options.version = version;
    if (strict) options.strictness = Strictness::kStrict;
    if (!ports.empty()) options.ports = ports;
    options.on_skipped = [](const std::string& what) { remark(what); };
    return options;
  }
};

/// Where the bytes gave no sense, the reader had better know how they were read.
class VersionHint {
 public:
  explicit VersionHint(const Flags& flags) : known_(flags.version != 0) {}
  void see(const DecodedMessage& message) {
    known_ = known_ || message.number == static_cast<std::uint32_t>(MessageType::kOpenReq);
    failed_ = failed_ || message.error.has_value();
  }
  void give() const {
    if (!failed_ || known_) return;
    remark("no --version and no OPEN_REQ: everything was read as version " +
           std::to_string(kNewestVersion));
  }

 private:
  bool known_;
  bool failed_ = false;
};

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

/// How far a long decode is, for whoever watches while its output goes elsewhere.
class DecodeProgress {
 public:
  ~DecodeProgress() {
    if (messages_ >= kEvery) std::fputs("\r\x1b[K", stderr);
  }
  void count() {
    if (watched_ && ++messages_ % kEvery == 0)
      std::fprintf(stderr, "\rringside-wire: %llu messages",
                   static_cast<unsigned long long>(messages_));
  }

 private:
  static constexpr std::uint64_t kEvery = 65'536;
  const bool watched_ = ::isatty(STDERR_FILENO) == 1 && ::isatty(STDOUT_FILENO) == 0;
  std::uint64_t messages_ = 0;
};

int decode(const Flags& flags) {
  return with_input(flags.file, [&](std::istream& in) {
    int status = 0;
    VersionHint hint(flags);
    DecodeProgress progress;
    const auto show = [&](const DecodedMessage& decoded, const std::string& where) {
      DecodedMessage message = decoded;
      if (!flags.show_passwords) mask_passwords(message);
      progress.count();
      const std::string text = flags.json ? to_json(message) + "\n" : message_text(message, where);
      std::fwrite(text.data(), 1, text.size(), stdout);
      if (message.error) status = complain(where + ": " + message.error->text());
      for (const wire::DecodeError& warning : message.warnings)
        remark(where + ": warning: " + warning.text());
      hint.see(message);
    };
    read_messages(in, flags.source(), show,
                  [&](const std::string& problem) { status = complain(problem); });
    hint.give();
    return status;
  });
}

int encode_line(const std::string& line, const std::string& where, const Flags& flags) {
  const auto message =
      from_json(line, flags.version != 0 ? std::optional(flags.version) : std::nullopt);
  if (!message) return complain(where + ": " + message.error());
  const auto frame = encode_table(*message);
  if (!frame) return complain(where + ": " + frame.error());
  const std::string text = to_hex(*frame) + "\n";
  std::fwrite(text.data(), 1, text.size(), stdout);
  const Strictness strictness = flags.strict ? Strictness::kStrict : Strictness::kLenient;
  const DecodedMessage back = decode_table(*frame, message->version, strictness);
  for (const wire::DecodeError& warning : back.warnings)
    remark(where + ": warning: " + warning.text());
  // A number without a name has been written as it was given: there is nothing to judge.
  if (!back.error || message->rule == nullptr) return 0;
  return complain(where + ": what was written does not decode: " + back.error->text());
}

int encode(const Flags& flags) {
  return with_input(flags.file, [&](std::istream& in) {
    int status = 0;
    LineReader lines(in);
    for (std::string line; lines.next(line);) {
      if (lines.too_long()) {
        status = complain(lines.where() + ": longer than 1 MiB");
      } else if (line.find_first_not_of(" \t\r") != std::string::npos) {
        status = std::max(status, encode_line(line, lines.where(), flags));
      }
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
      VersionHint hint(flags);
      bool full = false;
      const auto keep = [&](const DecodedMessage& decoded, const std::string& where) {
        DecodedMessage message = decoded;
        if (!flags.show_passwords) mask_passwords(message);
        if (messages.size() < kDiffMessagesMax) {
          messages.push_back(comparable(message, where));
        } else if (!full) {
          full = true;
          status = complain(name + ": only the first 50000 messages are compared");
        }
        if (message.error) status = complain(name + ", " + where + ": " + message.error->text());
        hint.see(message);
      };
      read_messages(in, flags.source(), keep,
                    [&](const std::string& problem) { status = complain(name + ": " + problem); });
      hint.give();
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
      ->check(whole(1, 99));
  command.add_flag("--strict", flags.strict, "refuse what a strict CTI Server refuses");
  command.add_flag("--show-passwords", flags.show_passwords,
                   "show passwords; else all of them are ******** (and not compared)");
  command
      .add_option("--port", flags.ports,
                  "port of the server in a capture; may be repeated (default 42027, 43027)")
      ->check(whole(1, 65'535))
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
      ->check(whole(1, 99));
  encode_command->add_flag("--strict", flags.strict,
                           "complain about what a strict CTI Server refuses");
  encode_command->add_option("FILE", flags.file, "default: standard input");
  CLI::App* list_command = app.add_subcommand("list", "show the schema of all messages, or of one");
  list_command->add_option("MESSAGE", flags.message, "name or number");
  CLI::App* diff_command = app.add_subcommand("diff", "compare two captures message by message");
  add_source_flags(*diff_command, flags);
  diff_command->add_option("A", flags.file)->required();
  diff_command->add_option("B", flags.other)->required();
  if (const auto ends = parse(app, "ringside-wire", argc, argv)) return *ends;
  if (decode_command->parsed()) return decode(flags);
  if (encode_command->parsed()) return encode(flags);
  return list_command->parsed() ? list(flags) : diff(flags);
}
