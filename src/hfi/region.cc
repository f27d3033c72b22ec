// SPDX-License-Identifier: LGPL-2.1-or-later
// Header and last words of a session region: see region.h. Shared words are reached by relaxed atomics: the peer may scribble.
#include "hfi/region.h"

#include <cstring>

#include "hfi/messages.h"

namespace softvpu::hfi {
namespace {

uint64_t load_word(const std::byte* from) { return __atomic_load_n(reinterpret_cast<const uint64_t*>(from), __ATOMIC_RELAXED); }

svpu_header copy_header(const std::byte* region) {
  svpu_header header;
  static_assert(sizeof(header) % sizeof(uint64_t) == 0);
  auto* to = reinterpret_cast<std::byte*>(&header);
  for (size_t at = 0; at < sizeof(header); at += sizeof(uint64_t)) {
    const uint64_t word = load_word(region + SVPU_HEADER_OFFSET + at);
    std::memcpy(to + at, &word, sizeof(word));
  }
  return header;
}

svpu_u32* firmware_abi_word(std::byte* region) {
  return reinterpret_cast<svpu_u32*>(region + SVPU_HEADER_OFFSET + offsetof(svpu_header, firmware_abi));
}

}  // namespace

Result<Region> Region::create(uint32_t generation) {
  auto memory = SharedMemory::create("softvpu-region", SVPU_REGION_SIZE);
  if (!memory) return Unexpected(memory.error());
  auto mapping = memory->map();
  if (!mapping) return Unexpected(mapping.error());
  Region region;
  region.memory_ = std::move(*memory);
  region.mapping_ = std::move(*mapping);
  svpu_header header{};
  header.magic = SVPU_MAGIC;
  header.abi_major = SVPU_ABI_MAJOR;
  header.abi_minor = SVPU_ABI_MINOR;
  header.region_size = SVPU_REGION_SIZE;
  header.generation = generation;
  std::memcpy(region.data() + SVPU_HEADER_OFFSET, &header, sizeof(header));  // nobody else has the memory yet
  return region;
}

Result<Region> Region::adopt(UniqueFd memfd, uint32_t expected_generation) {
  auto memory = SharedMemory::adopt(std::move(memfd), SVPU_REGION_SIZE);
  if (!memory) return Unexpected(memory.error());
  auto mapping = Mapping::map(memory->fd(), 0, SVPU_REGION_SIZE, true);
  if (!mapping) return Unexpected(mapping.error());
  Region region;
  region.mapping_ = std::move(*mapping);  // the descriptor isn't needed any more
  if (const auto accepted = region.accept_header(expected_generation); !accepted) return Unexpected(accepted.error());
  return region;
}

Result<Region> Region::adopt_session(int session, uint32_t expected_generation, uint64_t offset) {
  auto mapping = Mapping::map(session, offset, SVPU_REGION_SIZE, true);
  if (!mapping) return Unexpected(mapping.error());
  Region region;
  region.mapping_ = std::move(*mapping);
  if (const auto accepted = region.accept_header(expected_generation); !accepted) return Unexpected(accepted.error());
  return region;
}

Status Region::accept_header(uint32_t expected_generation) {
  const svpu_header header = copy_header(data());
  if (header.magic != SVPU_MAGIC) return fail(EPROTO, "the region's magic isn't SVPU: not a softvpu host?");
  if (header.abi_major != SVPU_ABI_MAJOR) {
    return fail(EPROTONOSUPPORT, "the host speaks ABI " + std::to_string(header.abi_major) + ", this firmware " +
                                     std::to_string(SVPU_ABI_MAJOR) + "; install matching versions");
  }
  if (header.region_size != SVPU_REGION_SIZE) return fail(EPROTO, "the region's header states another size");
  if (header.generation == 0 || header.generation != expected_generation)
    return fail(EPROTO, "the region is of another generation than the hello packet");
  __atomic_store_n(firmware_abi_word(data()), SVPU_ABI_MAJOR << 16 | SVPU_ABI_MINOR, __ATOMIC_RELEASE);
  return {};
}

uint32_t Region::firmware_abi() const { return __atomic_load_n(firmware_abi_word(data()), __ATOMIC_ACQUIRE); }

void Region::write_last_words(std::string_view text) const {
  std::byte* page = data() + SVPU_LAST_WORDS_OFFSET;
  const size_t size = text.size() < SVPU_PAGE ? text.size() : SVPU_PAGE - 1;
  for (size_t at = 0; at < SVPU_PAGE; at += sizeof(uint64_t)) {
    uint64_t word = 0;
    if (at < size) std::memcpy(&word, text.data() + at, size - at < sizeof(word) ? size - at : sizeof(word));
    __atomic_store_n(reinterpret_cast<uint64_t*>(page + at), word, __ATOMIC_RELAXED);
  }
}

std::string Region::read_last_words() const {
  std::string text(SVPU_PAGE, '\0');
  for (size_t at = 0; at < SVPU_PAGE; at += sizeof(uint64_t)) {
    const uint64_t word = load_word(data() + SVPU_LAST_WORDS_OFFSET + at);
    std::memcpy(text.data() + at, &word, sizeof(word));
  }
  return printable(text);
}

}  // namespace softvpu::hfi
