// SPDX-License-Identifier: LGPL-2.1-or-later
// Loaded by LD_PRELOAD after the library under test: malloc() and its kin, of which some fail. Used
// by allocation_faults_test.cc.
//
// SOFTVPU_FAULT_MALLOC=FIRST:COUNT[:FILE]: of the allocations that are counted, number FIRST and
// the COUNT - 1 after it fail. With FILE, the end of a loaded file's path, those count that its
// code makes between softvpu_fault_arm(1) and (0), which the client calls. Without it all do, from
// the start. SOFTVPU_FAULT_COUNT names a file that holds their number, as 8 bytes.
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <new>

extern "C" {
void* __libc_malloc(size_t);
void* __libc_calloc(size_t, size_t);
void* __libc_realloc(void*, size_t);
void* __libc_memalign(size_t, size_t);
void __libc_free(void*);
}

namespace {

std::atomic<bool> armed{false};
std::atomic<unsigned long> own_count{0};
std::atomic<unsigned long>* counted = &own_count;
unsigned long first = 0;
unsigned long last = 0;
uintptr_t begin = 0;  // of the code that is counted
uintptr_t end = 0;

int find_code(dl_phdr_info* info, size_t, void* wanted) {
  const char* name = static_cast<const char*>(wanted);
  const size_t length = strlen(name);
  const size_t size = strlen(info->dlpi_name);
  if (size < length || strcmp(info->dlpi_name + size - length, name) != 0) return 0;
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    if (info->dlpi_phdr[i].p_type != PT_LOAD) continue;
    const uintptr_t at = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
    if (begin == 0 || at < begin) begin = at;
    if (at + info->dlpi_phdr[i].p_memsz > end) end = at + info->dlpi_phdr[i].p_memsz;
  }
  return 1;
}

// A worker is killed at its end, and in its jail it can't write files: the number is in the file
// itself.
void count_in_file(const char* path) {
  const int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0 || ftruncate(fd, sizeof(*counted)) != 0) return;
  void* at = mmap(nullptr, sizeof(*counted), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (at != MAP_FAILED) counted = new (at) std::atomic<unsigned long>(0);
  close(fd);
}

__attribute__((constructor)) void prepare() {
  const char* text = getenv("SOFTVPU_FAULT_MALLOC");
  if (text == nullptr) return;
  if (const char* path = getenv("SOFTVPU_FAULT_COUNT")) count_in_file(path);
  char* rest = nullptr;
  first = strtoul(text, &rest, 10);
  const unsigned long count = *rest == ':' ? strtoul(rest + 1, &rest, 10) : 1;
  last = count > ~first ? ~0ul : first + count - 1;
  if (*rest == ':') {
    dl_iterate_phdr(find_code, rest + 1);
  } else {
    end = ~uintptr_t{0};
    armed = true;
  }
}

bool fails(const void* caller) {
  const auto at = reinterpret_cast<uintptr_t>(caller);
  if (!armed.load(std::memory_order_relaxed) || at < begin || at >= end) return false;
  const unsigned long number = counted->fetch_add(1) + 1;
  return number >= first && number <= last && first != 0;
}

void* none() {
  errno = ENOMEM;
  return nullptr;
}

}  // namespace

#define CALLER __builtin_return_address(0)
#define EXPORT extern "C" __attribute__((visibility("default")))

EXPORT void* malloc(size_t size) noexcept { return fails(CALLER) ? none() : __libc_malloc(size); }
EXPORT void* calloc(size_t count, size_t size) noexcept { return fails(CALLER) ? none() : __libc_calloc(count, size); }
EXPORT void* realloc(void* old, size_t size) noexcept { return fails(CALLER) ? none() : __libc_realloc(old, size); }
EXPORT void* memalign(size_t alignment, size_t size) noexcept {
  return fails(CALLER) ? none() : __libc_memalign(alignment, size);
}
EXPORT void* aligned_alloc(size_t alignment, size_t size) noexcept {
  return fails(CALLER) ? none() : __libc_memalign(alignment, size);
}
EXPORT int posix_memalign(void** out, size_t alignment, size_t size) noexcept {
  void* memory = fails(CALLER) ? nullptr : __libc_memalign(alignment, size);
  if (memory == nullptr) return ENOMEM;
  *out = memory;
  return 0;
}

EXPORT void softvpu_fault_arm(int on) { armed = on != 0; }
EXPORT unsigned long softvpu_fault_count() { return *counted; }
