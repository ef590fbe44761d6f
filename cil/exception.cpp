// exception.cpp - the text of a CCtiosException.
#include "cil/exception.hpp"

#include <utility>

namespace cti::cil {

CCtiosException::CCtiosException(std::string message, int iCode, int iStatus)
    : message_(std::move(message)),
      text_(message_ + " (code " + std::to_string(iCode) + ", status " + std::to_string(iStatus) +
            ")"),
      code_(iCode),
      status_(iStatus) {}

}  // namespace cti::cil
