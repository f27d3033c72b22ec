// SPDX-License-Identifier: LGPL-2.1-or-later
// Both ends of a session while a third hand writes all over their region. Under TSan an access of shared memory that isn't a
// single load or store of a word is a report; what comes out is a whole, checked value, whatever happens in the slots meanwhile.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <random>
#include <thread>

#include "hfi/firmware_endpoint.h"
#include "hfi/host_port.h"
#include "hfi/messages.h"

namespace softvpu::hfi {
namespace {

constexpr auto kFor = std::chrono::milliseconds(700);

void store(std::byte* at, uint64_t word) { __atomic_store_n(reinterpret_cast<uint64_t*>(at), word, __ATOMIC_RELAXED); }

// A slot's first word as an entry that may be right: a known type, a size, any sequence.
uint64_t some_head(uint32_t random) {
  svpu_entry head{};
  head.type = static_cast<svpu_u16>(random % 20);
  head.size = static_cast<svpu_u16>(16 + (random >> 8) % 31 * 8);
  head.sequence = random >> 16 & 7;
  uint64_t word = 0;
  std::memcpy(&word, &head, sizeof word);
  return word;
}

// Slots, and now and then the indices, which ends that ring's life.
void scribble(std::byte* region, uint32_t slots_at, uint32_t slots, svpu_ring_index& index, std::mt19937& random) {
  const uint32_t choice = random();
  std::byte* slot = region + slots_at + size_t{choice >> 8 & (slots - 1) & 15} * SVPU_SLOT_SIZE;
  if (choice % 8 < 3) {
    store(slot, some_head(random()));
  } else if (choice % 8 < 7) {
    store(slot + (random() % (SVPU_SLOT_SIZE / 8)) * 8, random() % 4 == 0 ? ~uint64_t{0} : random() % 70);
  } else if (choice % 1024 == 7) {
    __atomic_store_n(&index.write, random() % 16, __ATOMIC_RELAXED);
  }
}

struct Session {
  Session() {
    port = std::move(*HostPort::create(1));
    firmware = std::move(*FirmwareEndpoint::attach(port->take_firmware_socket(), std::chrono::seconds(5)));
  }
  std::unique_ptr<HostPort> port;
  std::unique_ptr<FirmwareEndpoint> firmware;
};

// What was accepted means the same after another round; a value that was parsed from memory in motion might not.
void expect_whole(const Command& command) {
  const auto again = parse_command(serialize(command));
  ASSERT_TRUE(again) << again.error().reason;
  EXPECT_EQ(*again, command);
}
void expect_whole(const Message& message) {
  const auto again = parse_message(serialize(message));
  ASSERT_TRUE(again) << again.error().reason;
  EXPECT_EQ(*again, message);
}

TEST(ASession, ReadsWholeValuesWhileItsRegionIsScribbledOver) {
  uint64_t commands = 0;
  uint64_t messages = 0;
  uint32_t seed = 20261129;
  const auto end = std::chrono::steady_clock::now() + kFor;
  while (std::chrono::steady_clock::now() < end) {
    Session session;
    std::byte* region = session.port->region().data();
    std::atomic<bool> stop{false};
    std::thread third_hand([&, random = std::mt19937(seed++)]() mutable {
      while (!stop.load(std::memory_order_relaxed)) {
        scribble(region, SVPU_COMMAND_OFFSET, SVPU_COMMAND_SLOTS, *session.port->region().commands().index, random);
        scribble(region, SVPU_MESSAGE_OFFSET, SVPU_MESSAGE_SLOTS, *session.port->region().messages().index, random);
      }
    });
    for (uint64_t round = 1; round < 2000; ++round) {
      if (round % 4 == 0) (void)session.port->send({round, cmd::Flush{Direction::kInput, static_cast<uint32_t>(round)}});
      if (round % 4 == 2) (void)session.firmware->try_send({round, msg::InputDone{WireStatus::kOk}});
      const auto command = session.firmware->next_command();
      if (command.outcome == FirmwareEndpoint::ReadOutcome::kCommand) expect_whole(command.command), ++commands;
      const auto message = session.port->receive();
      if (message.outcome == HostLink::ReceiveOutcome::kMessage) expect_whole(message.message), ++messages;
      if (command.outcome == FirmwareEndpoint::ReadOutcome::kCorrupt || message.outcome == HostLink::ReceiveOutcome::kCorrupt)
        break;
    }
    stop = true;
    third_hand.join();
  }
  EXPECT_GT(commands, 0u);
  EXPECT_GT(messages, 0u);
}

}  // namespace
}  // namespace softvpu::hfi
