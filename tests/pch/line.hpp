// line.hpp - what the tests of a line read before their first line: the world around it, most of what they take to compile.
#include "tests/unit/broker/line_world.hpp"
