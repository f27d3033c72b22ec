// SPDX-License-Identifier: LGPL-2.1-or-later
// Ring ends: see ring.h. The indices are plain integers of a shared page, reached by the compiler's atomic built-ins; slots are
// moved by relaxed 8-byte loads and stores, so that a peer that scribbles while we read is a value, not undefined behaviour.
#include "hfi/ring.h"

namespace softvpu::hfi {
namespace {

uint32_t load_acquire(const svpu_u32* word) { return __atomic_load_n(word, __ATOMIC_ACQUIRE); }
uint32_t load_ordered(const svpu_u32* word) { return __atomic_load_n(word, __ATOMIC_SEQ_CST); }
void store_ordered(svpu_u32* word, uint32_t value) { __atomic_store_n(word, value, __ATOMIC_SEQ_CST); }

// Clears a waiting flag; true for the one call that found it set. Sequentially consistent after the store of our index:
// pairs with prepare_wait()/prepare_wait_for_space() of the peer, which stores the flag and then loads our index.
bool take_flag(svpu_u32* flag) {
  if (load_ordered(flag) != 1) return false;
  uint32_t expected = 1;
  return __atomic_compare_exchange_n(flag, &expected, 0, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

uint64_t load_word(const std::byte* from) { return __atomic_load_n(reinterpret_cast<const uint64_t*>(from), __ATOMIC_RELAXED); }
void store_word(std::byte* to, uint64_t value) { __atomic_store_n(reinterpret_cast<uint64_t*>(to), value, __ATOMIC_RELAXED); }

constexpr size_t kWord = sizeof(uint64_t);

}  // namespace

RingMemory RingMemory::command(std::byte* region) {
  return {reinterpret_cast<svpu_ring_index*>(region + SVPU_COMMAND_INDEX_OFFSET), region + SVPU_COMMAND_OFFSET,
          SVPU_COMMAND_SLOTS};
}
RingMemory RingMemory::message(std::byte* region) {
  return {reinterpret_cast<svpu_ring_index*>(region + SVPU_MESSAGE_INDEX_OFFSET), region + SVPU_MESSAGE_OFFSET,
          SVPU_MESSAGE_SLOTS};
}
RingMemory RingMemory::debug(std::byte* region) {
  return {reinterpret_cast<svpu_ring_index*>(region + SVPU_DEBUG_INDEX_OFFSET), region + SVPU_DEBUG_OFFSET, SVPU_DEBUG_SLOTS};
}

// Takes the reader's index, or finds it impossible: it may only move from where it was up to what was written.
bool RingWriter::accept_read(uint32_t read) {
  if (read - read_ > write_ - read_) {
    corrupt_ = true;
    return false;
  }
  read_ = read;
  return true;
}

PushOutcome RingWriter::push(const Entry& entry) {
  if (corrupt_) return PushOutcome::kCorrupt;
  if (write_ - read_ == ring_.count) {
    // Acquire: pairs with the reader's store of `read` in pop(); the slots up to it are ours again.
    if (!accept_read(load_acquire(&ring_.index->read))) return PushOutcome::kCorrupt;
    if (write_ - read_ == ring_.count) return PushOutcome::kFull;
  }
  Entry out = entry;
  svpu_entry header = out.header();
  header.sequence = sequence_++;
  out.set_header(header);
  const size_t size = header.size <= SVPU_SLOT_SIZE ? header.size : SVPU_SLOT_SIZE;
  std::byte* slot = ring_.slots + size_t{write_ & (ring_.count - 1)} * SVPU_SLOT_SIZE;
  for (size_t at = 0; at < size; at += kWord) {
    uint64_t word;
    std::memcpy(&word, out.bytes + at, kWord);
    store_word(slot + at, word);
  }
  ++write_;
  // Release (and more: see take_flag): pairs with the acquire load of `write` in RingReader::pop().
  store_ordered(&ring_.index->write, write_);
  return PushOutcome::kOk;
}

bool RingWriter::take_reader_waiting() { return take_flag(&ring_.index->reader_waiting); }

bool RingWriter::prepare_wait_for_space() {
  // Store, full barrier, load: pairs with the reader's store of `read` and its take_writer_waiting().
  store_ordered(&ring_.index->writer_waiting, 1);
  return accept_read(load_ordered(&ring_.index->read)) && write_ - read_ == ring_.count;
}

// Takes the writer's index, or finds it impossible: it may only move on, up to `count` past what was read.
bool RingReader::accept_write(uint32_t write) {
  const uint32_t available = write - read_;
  if (available > ring_.count || available < write_ - read_) {
    corrupt_ = true;
    complaint_ = "the peer moved its write index backwards or past the slots";
    return false;
  }
  write_ = write;
  return true;
}

PopOutcome RingReader::pop(Entry& entry) {
  if (corrupt_) return PopOutcome::kCorrupt;
  if (read_ == write_) {
    // Acquire: pairs with the writer's store of `write` in push(); the slots up to it are filled.
    if (!accept_write(load_acquire(&ring_.index->write))) return PopOutcome::kCorrupt;
    if (read_ == write_) return PopOutcome::kEmpty;
  }
  // Each word of the slot is loaded once. The size decides how many and is taken from the copy.
  const std::byte* slot = ring_.slots + size_t{read_ & (ring_.count - 1)} * SVPU_SLOT_SIZE;
  entry = Entry{};
  const uint64_t first = load_word(slot);
  std::memcpy(entry.bytes, &first, kWord);
  const svpu_entry start = entry.header();
  const bool size_ok = start.size >= sizeof(svpu_entry) && start.size <= SVPU_SLOT_SIZE;
  if (size_ok) {
    for (size_t at = kWord; at < start.size; at += kWord) {
      const uint64_t word = load_word(slot + at);
      std::memcpy(entry.bytes + at, &word, kWord);
    }
    // The tail of the last word isn't part of the entry.
    std::memset(entry.bytes + start.size, 0, SVPU_SLOT_SIZE - start.size);
  }
  ++read_;
  // Release (and more: see take_flag): pairs with the acquire load of `read` in RingWriter::push().
  store_ordered(&ring_.index->read, read_);
  const bool sequence_ok = start.sequence == sequence_;
  sequence_ = start.sequence + 1;  // one gap is one complaint
  if (!size_ok) {
    complaint_ = "an entry's size is not 16..256 bytes";
    return PopOutcome::kMalformed;
  }
  if (!sequence_ok) {
    complaint_ = "an entry's sequence number leaves a gap";
    return PopOutcome::kMalformed;
  }
  return PopOutcome::kOk;
}

bool RingReader::take_writer_waiting() { return take_flag(&ring_.index->writer_waiting); }

bool RingReader::prepare_wait() {
  // Store, full barrier, load: pairs with the writer's store of `write` and its take_reader_waiting().
  store_ordered(&ring_.index->reader_waiting, 1);
  return accept_write(load_ordered(&ring_.index->write)) && write_ == read_;
}

}  // namespace softvpu::hfi
