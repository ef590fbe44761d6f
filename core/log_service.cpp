// log_service.cpp - the service's sink: a queue, and a thread that writes from it and can be left behind.
#include "core/log_service.hpp"

#include "core/base/limits.hpp"
#include "core/log_file.hpp"
#include "core/output.hpp"

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

namespace cti::core::log {
namespace {

/// While a line waits for room the writer looks this often whether it shall end.
constexpr Nanos kLookEvery = Millis{50};
static_assert(kLookEvery * 4 <= limits::kLogEndMax);

/// What the sink and its thread share. Left behind, undestroyed, with a thread that hangs in write(2) at the end.
struct Writer {
  Writer(LogFile to, std::size_t lines, Form how)
      : file(std::move(to)), lines_max(lines), form(how) {}

  LogFile file;  // the thread's
  const std::size_t lines_max;
  const Form form;

  std::mutex mutex;
  std::condition_variable changed;
  std::deque<std::string> waiting;  // guarded by mutex, as are the next six
  std::size_t waiting_bytes = 0;
  bool moved = false;  // somebody has moved the file away
  bool ending = false;
  bool ended = false;
  bool writing = false;  // a line has left the queue and is not yet written
  TimePoint end_by = kNever;

  std::atomic<std::uint64_t> lost{0};
  std::uint64_t told = 0;  // of them, told in a line; the thread's

  void put(std::string line);
  void run();
  bool write_out(const std::string& line);
  void write_whole(const std::string& line);
  bool reopen_moved();
  void complain(const std::optional<std::string>& trouble);
  void invariants() const;
};

/// The mutex is held.
void Writer::invariants() const {
  CTI_CHECK(waiting.size() <= lines_max);
  CTI_CHECK(waiting_bytes <= limits::kLogQueueBytesMax);
  CTI_CHECK(waiting.empty() == (waiting_bytes == 0));
  CTI_CHECK(!ended || ending);
}

void Writer::put(std::string line) {
  const std::lock_guard lock(mutex);
  while (waiting.size() == lines_max ||
         (!waiting.empty() && waiting_bytes + line.size() > limits::kLogQueueBytesMax)) {
    waiting_bytes -= waiting.front().size();
    waiting.pop_front();
    // relaxed: a counter; nothing is ordered by it.
    lost.fetch_add(1, std::memory_order_relaxed);
  }
  waiting_bytes += line.size();
  waiting.push_back(std::move(line));
  invariants();
  changed.notify_one();
}

/// False: not written. Waits for room as long as the program runs and the file is not moved, and to end_by when it ends.
bool Writer::write_out(const std::string& line) {
  Nanos patience{0};
  for (;;) {
    const Output::Result result = file.write(line, patience);
    if (result != Output::Result::kFull) return result == Output::Result::kWritten;
    patience = kLookEvery;
    const std::lock_guard lock(mutex);
    if (moved || (ending && monotonic_now() >= end_by)) return false;
  }
}

void Writer::write_whole(const std::string& line) {
  // relaxed: a counter; nothing is ordered by it.
  const std::uint64_t lost_now = lost.load(std::memory_order_relaxed);
  if (lost_now != told && write_out(line_about_lost(lost_now - told, form))) told = lost_now;
  complain(file.make_room(line.size()));
  while (!write_out(line)) {
    if (reopen_moved()) continue;  // it waited for room where nobody looks any more
    // relaxed: as above.
    lost.fetch_add(1, std::memory_order_relaxed);
    return;
  }
}

/// False: nobody has moved the file.
bool Writer::reopen_moved() {
  {
    const std::lock_guard lock(mutex);
    if (!std::exchange(moved, false)) return false;
  }
  complain(file.reopen());
  return true;
}

/// About the file itself, in the file itself.
void Writer::complain(const std::optional<std::string>& trouble) {
  if (trouble) static_cast<void>(write_out(whole_line({Level::kError, "log", *trouble}, form)));
}

void Writer::run() {
  // Signals are for the program's other threads; a reader that has gone is an error like any other (EPIPE).
  sigset_t all;
  sigfillset(&all);
  ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
  std::unique_lock lock(mutex);
  for (;;) {
    changed.wait(lock, [this] { return !waiting.empty() || ending || moved; });
    if (moved) {
      lock.unlock();
      static_cast<void>(reopen_moved());
      lock.lock();
      changed.notify_all();  // flush waits for that too
      continue;
    }
    if (waiting.empty()) break;
    const std::string line = std::move(waiting.front());
    waiting.pop_front();
    waiting_bytes -= line.size();
    writing = true;
    invariants();
    lock.unlock();
    write_whole(line);
    lock.lock();
    writing = false;
    if (waiting.empty()) changed.notify_all();  // flush waits for that
  }
  ended = true;
  invariants();
  changed.notify_all();
}

/// Whether what we write as standard error goes to journald: it names its socket or pipe in the environment.
bool standard_error_is_the_journal() {
  const char* const named = std::getenv("JOURNAL_STREAM");
  struct stat is {};
  if (named == nullptr || ::fstat(STDERR_FILENO, &is) != 0) return false;
  return text(static_cast<std::uint64_t>(is.st_dev), ':', static_cast<std::uint64_t>(is.st_ino)) ==
         named;
}

class ServiceSink final : public Sink {
 public:
  ServiceSink(LogFile file, std::size_t queue_lines, Form form)
      : writer_(std::make_unique<Writer>(std::move(file), queue_lines, form)),
        thread_([writer = writer_.get()] { writer->run(); }) {}

  ~ServiceSink() override {
    bool ended = false;
    {
      std::unique_lock lock(writer_->mutex);
      writer_->ending = true;
      writer_->end_by = monotonic_now() + limits::kLogEndMax;
      writer_->changed.notify_all();
      ended = writer_->changed.wait_for(lock, 2 * limits::kLogEndMax,
                                        [this] { return writer_->ended; });
    }
    if (ended) {
      thread_.join();
    } else {
      thread_.detach();  // it hangs in the kernel: it keeps what it uses, and ends with the process
      static_cast<void>(writer_.release());
    }
  }

  void write(const Record& record) override { writer_->put(whole_line(record, writer_->form)); }
  void reopen() override {
    const std::lock_guard lock(writer_->mutex);
    writer_->moved = true;
    writer_->changed.notify_all();
  }
  std::uint64_t lost() const override {
    // relaxed: a counter; nothing is ordered by it.
    return writer_->lost.load(std::memory_order_relaxed);
  }
  bool flush(Nanos limit) override {
    std::unique_lock lock(writer_->mutex);
    return writer_->changed.wait_for(
        lock, limit, [this] {
          return writer_->waiting.empty() && !writer_->writing && !writer_->moved;
        });
  }

 private:
  std::unique_ptr<Writer> writer_;
  std::thread thread_;
};

Result<std::unique_ptr<Sink>, std::string> start_sink(LogFile file, std::size_t queue_lines,
                                                      Form form) {
  try {
    return std::unique_ptr<Sink>(
        std::make_unique<ServiceSink>(std::move(file), queue_lines, form));
  } catch (const std::system_error& refused) {  // short of memory or of threads
    return Err{text("a thread for the log: ", std::string_view(refused.what()))};
  }
}

}  // namespace

Result<std::unique_ptr<Sink>, std::string> make_service_sink(const ServiceSinkOptions& options) {
  CTI_CHECK(options.queue_lines > 0);
  Form form{.json = options.json};
  if (options.file.empty()) {
    form.journal = standard_error_is_the_journal();
    return start_sink(LogFile::standard_error(), options.queue_lines, form);
  }
  auto file = LogFile::open(options.file, options.rotate_bytes, options.keep);
  if (!file.ok()) return Err{file.error()};
  return start_sink(std::move(file).value(), options.queue_lines, form);
}

}  // namespace cti::core::log
