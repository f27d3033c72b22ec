// SPDX-License-Identifier: LGPL-2.1-or-later
// A ring whose other side is the fuzzer: it writes slots and indices, the ends under test push and pop, and every entry that
// comes out is parsed as a command and as a message. Whatever is accepted must mean the same after another round.
// Links: softvpu_hfi
// Covers: core/ring.c core/message_check.c src/hfi/ring.cc src/hfi/messages.cc
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "fuzz/bytes.h"
#include "hfi/messages.h"
#include "hfi/ring.h"

namespace {

using namespace softvpu::hfi;

constexpr uint32_t kSlots = 8;

struct Shared {
  svpu_ring_index index{};
  alignas(256) std::byte slots[kSlots * SVPU_SLOT_SIZE] = {};
};

void parse(const Entry& entry) {
  if (const auto command = parse_command(entry)) {
    const auto again = parse_command(serialize(*command));
    if (!again || *again != *command) abort();
  }
  if (const auto message = parse_message(entry)) {
    const auto again = parse_message(serialize(*message));
    if (!again || *again != *message) abort();
  }
}

using softvpu::fuzz::Bytes;

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Bytes in(data, size);
  const auto shared = std::make_unique<Shared>();
  const RingMemory memory{&shared->index, shared->slots, kSlots};
  RingReader reader(memory);
  RingWriter writer(memory);
  const bool reading = (in.byte() & 1) != 0;  // which end is ours; the other is the fuzzer's
  uint32_t unread = 0;
  while (!in.empty()) {
    switch (in.byte() % 8) {
      case 0: {  // a slot
        const size_t at = in.byte() % kSlots;
        in.take(shared->slots + at * SVPU_SLOT_SIZE, in.byte() + 1u);
        break;
      }
      case 1:
        shared->index.write += in.byte();
        break;
      case 2:
        shared->index.read += in.byte();
        break;
      case 3:
        in.take(&shared->index, sizeof(shared->index));
        break;
      case 4: {  // a plausible next entry
        svpu_entry header{};
        in.take(&header, sizeof(header));
        header.sequence = shared->index.write;
        std::memcpy(shared->slots + size_t{shared->index.write % kSlots} * SVPU_SLOT_SIZE, &header, sizeof(header));
        ++shared->index.write;
        break;
      }
      case 5:
        if (reading) {
          (void)reader.prepare_wait();
          (void)reader.take_writer_waiting();
        } else {
          (void)writer.prepare_wait_for_space();
          (void)writer.take_reader_waiting();
        }
        break;
      default:
        if (reading) {
          Entry entry;
          const PopOutcome outcome = reader.pop(entry);
          if (outcome == PopOutcome::kOk) {
            if (entry.header().size < sizeof(svpu_entry) || entry.header().size > SVPU_SLOT_SIZE) abort();
            parse(entry);
          }
          if (reader.corrupt() && reader.pop(entry) != PopOutcome::kCorrupt) abort();
        } else {
          Entry entry;
          in.take(entry.bytes, in.byte() + 1u);
          const PushOutcome outcome = writer.push(entry);
          unread = outcome == PushOutcome::kOk ? unread + 1 : unread;
          parse(entry);
        }
    }
  }
  return 0;
}
