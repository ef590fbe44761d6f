// exception.hpp - what one-argument getters throw when a key is missing or a value does not convert.
#pragma once

#include <exception>
#include <string>

namespace cti::cil {

/// Thrown only towards the program that called a getter, never by or through the event thread.
class CCtiosException : public std::exception {
 public:
  CCtiosException(std::string message, int iCode, int iStatus);

  /// E_CTIOS_INVALID_ARGUMENT and relatives (wire/error_code.hpp).
  int GetCode() const noexcept { return code_; }
  int GetStatus() const noexcept { return status_; }
  /// The message alone.
  const std::string& GetString() const noexcept { return message_; }
  /// Message, code and status in one line.
  const char* What() const noexcept { return text_.c_str(); }
  const char* what() const noexcept override { return text_.c_str(); }

 private:
  std::string message_;
  std::string text_;
  int code_;
  int status_;
};

}  // namespace cti::cil
