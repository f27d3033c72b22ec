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

PushOutcome RingWriter::push(const Entry& entry) {
  if (end_.broken) return PushOutcome::kCorrupt;
  if (svpu_ring_free(&end_) == 0) {
    // Acquire: pairs with the reader's store of `read` in pop(); the slots up to it are ours again.
    if (!svpu_ring_accept_read(&end_, load_acquire(&ring_.index->read))) return PushOutcome::kCorrupt;
    if (svpu_ring_free(&end_) == 0) return PushOutcome::kFull;
  }
  std::byte* slot = ring_.slots + svpu_ring_offset(&end_);
  Entry out = entry;
  svpu_entry header = out.header();
  header.sequence = svpu_ring_advance_write(&end_);
  out.set_header(header);
  const size_t size = header.size <= SVPU_SLOT_SIZE ? header.size : SVPU_SLOT_SIZE;
  for (size_t at = 0; at < size; at += kWord) {
    uint64_t word;
    std::memcpy(&word, out.bytes + at, kWord);
    store_word(slot + at, word);
  }
  // Release (and more: see take_flag): pairs with the acquire load of `write` in RingReader::pop().
  store_ordered(&ring_.index->write, end_.own);
  return PushOutcome::kOk;
}

bool RingWriter::take_reader_waiting() { return take_flag(&ring_.index->reader_waiting); }

bool RingWriter::prepare_wait_for_space() {
  // Store, full barrier, load: pairs with the reader's store of `read` and its take_writer_waiting().
  store_ordered(&ring_.index->writer_waiting, 1);
  return svpu_ring_accept_read(&end_, load_ordered(&ring_.index->read)) && svpu_ring_free(&end_) == 0;
}

bool RingReader::accept(uint32_t write) {
  if (svpu_ring_accept_write(&end_, write)) return true;
  complaint_ = "the peer moved its write index backwards or past the slots";
  return false;
}

PopOutcome RingReader::pop(Entry& entry) {
  if (end_.broken) return PopOutcome::kCorrupt;
  if (svpu_ring_used(&end_) == 0) {
    // Acquire: pairs with the writer's store of `write` in push(); the slots up to it are filled.
    if (!accept(load_acquire(&ring_.index->write))) return PopOutcome::kCorrupt;
    if (svpu_ring_used(&end_) == 0) return PopOutcome::kEmpty;
  }
  // Each word of the slot is loaded once. The size decides how many and is taken from the copy.
  const std::byte* slot = ring_.slots + svpu_ring_offset(&end_);
  entry = Entry{};
  const uint64_t first = load_word(slot);
  std::memcpy(entry.bytes, &first, kWord);
  const svpu_entry start = entry.header();
  if (svpu_entry_size_valid(start.size)) {
    for (size_t at = kWord; at < start.size; at += kWord) {
      const uint64_t word = load_word(slot + at);
      std::memcpy(entry.bytes + at, &word, kWord);
    }
    // The tail of the last word isn't part of the entry.
    std::memset(entry.bytes + start.size, 0, SVPU_SLOT_SIZE - start.size);
  }
  const char* wrong = svpu_ring_advance_read(&end_, &start);
  // Release (and more: see take_flag): pairs with the acquire load of `read` in RingWriter::push().
  store_ordered(&ring_.index->read, end_.own);
  if (wrong == nullptr) return PopOutcome::kOk;
  complaint_ = wrong;
  return PopOutcome::kMalformed;
}

bool RingReader::take_writer_waiting() { return take_flag(&ring_.index->writer_waiting); }

bool RingReader::prepare_wait() {
  // Store, full barrier, load: pairs with the writer's store of `write` and its take_reader_waiting().
  store_ordered(&ring_.index->reader_waiting, 1);
  return accept(load_ordered(&ring_.index->write)) && svpu_ring_used(&end_) == 0;
}

}  // namespace softvpu::hfi
