// cil.hpp - the one header of the client library: includes everything and puts the CTI OS names where programs expect them.
//
// The names live in namespace cti::cil; CTI OS programs know them without one. Define CTI_CIL_NO_GLOBAL_NAMES before the
// include to keep the global namespace clean.
#pragma once

#if defined(_MSVC_LANG) ? _MSVC_LANG < 202002L : __cplusplus < 202002L
#error "the client library needs C++20: compile with -std=c++20, as its pkg-config file says"
#else

#include "cil/agent.hpp"
#include "cil/arguments.hpp"
#include "cil/call.hpp"
#include "cil/computed_statistics.hpp"
#include "cil/events.hpp"
#include "cil/exception.hpp"
#include "cil/keywords.hpp"
#include "cil/listener_arg.hpp"
#include "cil/logger.hpp"
#include "cil/object.hpp"
#include "cil/old_names.hpp"
#include "cil/ref.hpp"
#include "cil/session.hpp"
#include "cil/session_resolver.hpp"
#include "cil/silent_monitor.hpp"
#include "cil/skill_group.hpp"
#include "cil/wait_object.hpp"

#ifndef CTI_CIL_NO_GLOBAL_NAMES
using namespace cti::cil;  // NOLINT: programs written for CTI OS use these names bare
#endif

#endif  // C++20
