// log_direct.cpp - the service's sink of a build without spdlog: each line is written where it is made.
#include "core/log_service.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace cti::core::log {
namespace {

class FileSink final : public Sink {
 public:
  explicit FileSink(int descriptor)
      : descriptor_(descriptor), inner_(descriptor_sink(descriptor)) {}
  ~FileSink() override { ::close(descriptor_); }
  void write(Level level, std::string_view component, std::string_view message) override {
    inner_->write(level, component, message);
  }
  std::uint64_t lost() const override { return inner_->lost(); }

 private:
  const int descriptor_;
  const std::unique_ptr<Sink> inner_;
};

}  // namespace

bool service_sink_is_asynchronous() noexcept { return false; }

Result<std::unique_ptr<Sink>, std::string> make_service_sink(const ServiceSinkOptions& options) {
  if (options.file.empty()) return descriptor_sink(STDERR_FILENO);
  const int descriptor =
      ::open(options.file.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
  if (descriptor < 0) {
    return Err{text("log file \"", options.file, "\": ", std::string_view(std::strerror(errno)))};
  }
  std::unique_ptr<Sink> sink = std::make_unique<FileSink>(descriptor);
  return sink;
}

}  // namespace cti::core::log
