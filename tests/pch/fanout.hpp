// fanout.hpp - what the tests of the fan-out read before their first line: the world around it.
#include "tests/unit/broker/fanout_world.hpp"
