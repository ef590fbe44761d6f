// log_spdlog.cpp - the service's sink with spdlog. The only file that includes it.
#include "core/log_service.hpp"

#include <spdlog/async.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <atomic>

namespace cti::core::log {
namespace {

class SpdlogSink final : public Sink {
 public:
  SpdlogSink(spdlog::sink_ptr target, std::size_t queue_lines)
      : pool_(std::make_shared<spdlog::details::thread_pool>(queue_lines, 1)),
        logger_(std::make_shared<spdlog::async_logger>(
            "ringside", std::move(target), pool_, spdlog::async_overflow_policy::overrun_oldest)) {
    logger_->set_pattern("%v");
    logger_->set_level(spdlog::level::trace);
    logger_->flush_on(spdlog::level::warn);
    logger_->set_error_handler([this](const std::string&) {
      // relaxed: a counter; nothing is ordered by it.
      failed_.fetch_add(1, std::memory_order_relaxed);
    });
  }
  ~SpdlogSink() override {
    logger_->flush();
    logger_.reset();
    pool_.reset();  // writes what is queued, then its thread ends
  }

  void write(Level level, std::string_view component, std::string_view message) override {
    const std::uint64_t now_lost = lost();
    if (now_lost != told_) {
      put(Level::kWarning, "log", text(now_lost - told_, " lines were lost"));
      told_ = now_lost;
    }
    put(level, component, message);
  }

  std::uint64_t lost() const override {
    // relaxed: a counter; nothing is ordered by it.
    return failed_.load(std::memory_order_relaxed) + pool_->overrun_counter();
  }

 private:
  void put(Level level, std::string_view component, std::string_view message) {
    const std::string line =
        text(timestamp(wall_now()), ' ', level_name(level), ' ', component, ": ", message);
    logger_->log(level >= Level::kWarning ? spdlog::level::warn : spdlog::level::info,
                 spdlog::string_view_t(line.data(), line.size()));
  }

  // Shared because the library wants it so; nothing of it is on the message path.
  using Pool = decltype(std::make_shared<spdlog::details::thread_pool>(1, 1));
  Pool pool_;
  decltype(std::make_shared<spdlog::async_logger>("", spdlog::sink_ptr{}, Pool{})) logger_;
  std::atomic<std::uint64_t> failed_{0};
  std::uint64_t told_ = 0;
};

}  // namespace

bool service_sink_is_asynchronous() noexcept { return true; }

Result<std::unique_ptr<Sink>, std::string> make_service_sink(const ServiceSinkOptions& options) {
  try {
    spdlog::sink_ptr target;
    if (options.file.empty()) {
      target = std::make_shared<spdlog::sinks::stderr_sink_mt>();
    } else {
      target = std::make_shared<spdlog::sinks::basic_file_sink_mt>(options.file);
    }
    std::unique_ptr<Sink> sink =
        std::make_unique<SpdlogSink>(std::move(target), options.queue_lines);
    return sink;
  } catch (const std::exception& refused) {
    return Err{text("log file \"", options.file, "\": ", refused.what())};
  }
}

}  // namespace cti::core::log
