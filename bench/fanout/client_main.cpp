// client_main.cpp - fanout_client: publisher and subscribers of one server, driven line by line on standard input.
//
// Why      tools/bench starts servers and makes tables; what must be quick is here.
// Lines    serve PORT FEEDPORT PID | open COUNT all|topic|supervisor|watch [AGENTS] | settle | saturated SECONDS WINDOW |
//          lockstep SECONDS | rate DELIVERIES_PER_SECOND SECONDS | messages PER_SECOND SECONDS | stall NTH MESSAGES | quit
// Answers  one line of JSON for each; {"error": ...} is the last one. The first line says where Ringside's CTI Server is.
#include "bench/fanout/measure.hpp"
#include "bench/fanout/process.hpp"

#include <sys/prctl.h>
#include <sys/resource.h>

#include <csignal>
#include <iostream>
#include <sstream>
#include <string>

namespace {

using namespace cti::bench;

void obey(Measure& measure, const std::string& line) {
  std::istringstream words(line);
  std::string what;
  words >> what;
  const auto done = [&] {
    std::printf("{\"done\": \"%s\"}\n", what.c_str());
    std::fflush(stdout);
  };
  double seconds = 1;
  if (what == "serve") {
    std::uint16_t port = 0, feed = 0;
    pid_t pid = 0;
    words >> port >> feed >> pid;
    measure.serve(port, feed, pid);
    done();
  } else if (what == "open") {
    std::uint32_t count = 0;
    std::string kind;
    Wish wish;
    words >> count >> kind >> wish.agents;
    if (kind == "topic") wish.kind = Wish::Kind::kTopic;
    if (kind == "supervisor") wish.kind = Wish::Kind::kSupervisor;
    if (kind == "watch") wish.kind = Wish::Kind::kWatch;
    measure.open(count, wish);
    done();
  } else if (what == "settle") {
    measure.settle();
    done();
  } else if (what == "saturated") {
    std::uint64_t window = 1024;
    words >> seconds >> window;
    measure.saturated(seconds, window);
  } else if (what == "lockstep") {
    words >> seconds;
    measure.lockstep(seconds);
  } else if (what == "rate") {
    double per_second = 0;
    words >> per_second >> seconds;
    measure.rate(per_second, seconds);
  } else if (what == "messages") {
    double per_second = 0;
    words >> per_second >> seconds;
    measure.messages(per_second, seconds);
  } else if (what == "stall") {
    std::uint32_t nth = 0;
    std::uint64_t messages = 0;
    words >> nth >> messages;
    measure.stall(nth, messages);
  } else {
    give_up("no such line: " + line);
  }
}

}  // namespace

int main(int argc, char** argv) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::signal(SIGPIPE, SIG_IGN);
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  if (argc != 6) {
    std::fputs(
        "usage: fanout_client PROTOCOL MESSAGE_BYTES TOPICS AGENTS agents|calls   (see "
        "tools/bench)\n",
        stderr);
    return 2;
  }
  const auto protocol = protocol_named(argv[1]);
  if (!protocol) give_up(std::string("no such protocol: ") + argv[1]);
  Plan plan;
  plan.protocol = *protocol;
  plan.message_bytes = static_cast<std::size_t>(std::atoi(argv[2]));
  plan.topics = static_cast<std::uint32_t>(std::atoi(argv[3]));
  plan.agents = plan.topics > 0 ? plan.topics : static_cast<std::uint32_t>(std::atoi(argv[4]));
  plan.calls = std::string(argv[5]) == "calls";
  Measure measure(plan);
  std::printf("{\"feed_port\": %u}\n", measure.feed_port());
  std::fflush(stdout);
  for (std::string line; std::getline(std::cin, line) && line != "quit";) obey(measure, line);
  return 0;
}
