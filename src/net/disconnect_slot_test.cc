// A callback that fails leaves nobody waiting.
#include "net/disconnect_slot.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <thread>

namespace neso::net {
namespace {

TEST(DisconnectSlotTest, ACallbackThatThrowsHasEndedNevertheless) {
  DisconnectSlot slot;
  slot.Set([] { throw std::runtime_error("on purpose"); });
  std::thread([&] { EXPECT_THROW(slot.Trigger(), std::runtime_error); }).join();
  slot.Set({});  // returns: the callback is not running any more
}

}  // namespace
}  // namespace neso::net
