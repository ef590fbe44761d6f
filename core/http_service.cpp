// http_service.cpp - the thread around the responder. epoll: a scrape every few seconds needs no ring.
#include "core/http_service.hpp"

#include "core/epoll_io.hpp"

#include <pthread.h>
#include <signal.h>

#include <system_error>
#include <utility>

namespace cti::core {

HttpService::HttpService(std::unique_ptr<Io> io, HttpResponder::Answer answer)
    : io_(std::move(io)), responder_(*io_, std::move(answer)) {}

Result<std::unique_ptr<HttpService>, IoError> HttpService::start(const Endpoint& at,
                                                                 HttpResponder::Answer answer) {
  auto io = make_epoll_io(HttpResponder::io_limits());
  if (!io.ok()) return Err{io.error()};
  std::unique_ptr<HttpService> made(new HttpService(std::move(io).value(), std::move(answer)));
  if (auto listening = made->responder_.listen(at); !listening.ok()) return Err{listening.error()};
  made->port_ = made->responder_.port();
  try {
    made->thread_ = std::thread([service = made.get()] { service->run(); });
  } catch (const std::system_error& refused) {
    return Err{
        IoError{refused.code().value(), std::string("a thread for HTTP: ") + refused.what()}};
  }
  return made;
}

HttpService::~HttpService() {
  // release -> the acquire in run: nothing hangs on it but the end.
  stop_.store(true, std::memory_order_release);
  io_->wake();
  if (thread_.joinable()) thread_.join();
}

void HttpService::run() {
  sigset_t all;
  sigfillset(&all);
  ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
  ::pthread_setname_np(::pthread_self(), "http");
  // acquire <- the release in the destructor.
  while (!stop_.load(std::memory_order_acquire)) responder_.turn(kNever);
}

}  // namespace cti::core
