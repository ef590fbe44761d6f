// deployment.hpp - the ringsided and the ringside-sim that a run starts for itself, and what this machine must allow.
//
// Ends     both are children: they end with this object, and the kernel ends them should this program die first.
#pragma once

#include "core/base/result.hpp"
#include "core/io.hpp"
#include "tools/launch/child.hpp"
#include "tools/load/options.hpp"

#include <memory>
#include <string>

namespace cti::load {

class Deployment {
 public:
  /// Starts both, or takes the server that the options name. The error is a sentence.
  static Result<std::unique_ptr<Deployment>, std::string> start(const Options& options);
  ~Deployment();

  const core::Endpoint& server() const noexcept { return server_; }
  /// Port 0: there is no simulator to ask.
  const core::Endpoint& control() const noexcept { return control_; }
  /// 0: not on this machine, or not known.
  pid_t server_pid() const noexcept { return server_pid_; }
  pid_t switch_pid() const noexcept { return switch_ ? switch_->pid() : 0; }
  /// What has become of a started program that should run; empty: nothing.
  std::string server_death();
  std::string switch_death();
  /// What the server said of itself when it was ready.
  const std::string& server_words() const noexcept { return server_words_; }

 private:
  Deployment() = default;
  Result<void, std::string> start_switch(const Options& options, const std::string& programs);
  Result<void, std::string> start_server(const Options& options, const std::string& programs);

  std::unique_ptr<tools::Child> switch_, ringsided_;
  core::Endpoint server_, control_, upstream_;
  pid_t server_pid_ = 0;
  std::string server_words_, config_file_;
};

/// Raises the soft limit of descriptors; what is missing for so many sessions, in words; empty: nothing.
std::string missing_limits(const Options& options);

}  // namespace cti::load
