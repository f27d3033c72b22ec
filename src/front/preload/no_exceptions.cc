// SPDX-License-Identifier: LGPL-2.1-or-later
// Where the C++ runtime would throw, the process is terminated here with a message that says why.
// Linked into the preload library only.
//
// Reason: libstdc++'s own versions pull in its exception machinery, whose constructor allocates 70
// KiB in every process that loads the library. The library doesn't use exceptions; these functions
// are reached only when memory runs out or because of a bug of ours.
#include <unwind.h>

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <mutex>
#include <new>

#include "base/raw_syscall.h"
#include "front/preload/memory_reserve.h"

namespace {

namespace memory_reserve = softvpu::preload::memory_reserve;

[[noreturn]] void give_up(const char* what) {
  char line[160];
  const int length = std::snprintf(line, sizeof line, "softvpu: fatal: %s in the preload library\n", what);
  softvpu::raw::write(2, line, static_cast<size_t>(length));
  std::abort();
}

void* allocate(std::size_t size) {
  void* memory = std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) memory = memory_reserve::allocate(size);
  if (memory == nullptr) give_up("out of memory");
  return memory;
}

void free_any(void* memory) {
  if (!memory_reserve::release(memory)) std::free(memory);
}

void* allocate_aligned(std::size_t size, std::size_t alignment) {
  void* memory = nullptr;
  if (::posix_memalign(&memory, alignment < sizeof(void*) ? sizeof(void*) : alignment, size) == 0) return memory;
  if (alignment <= 64) memory = memory_reserve::allocate(size);
  if (memory == nullptr) give_up("out of memory");
  return memory;
}

}  // namespace

void* operator new(std::size_t size) { return allocate(size); }
void* operator new[](std::size_t size) { return allocate(size); }
void* operator new(std::size_t size, std::align_val_t alignment) {
  return allocate_aligned(size, static_cast<std::size_t>(alignment));
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return std::malloc(size == 0 ? 1 : size); }
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept { return std::malloc(size == 0 ? 1 : size); }
void operator delete(void* memory) noexcept { free_any(memory); }
void operator delete[](void* memory) noexcept { free_any(memory); }
void operator delete(void* memory, std::size_t) noexcept { free_any(memory); }
void operator delete[](void* memory, std::size_t) noexcept { free_any(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { free_any(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { free_any(memory); }
void operator delete(void* memory, const std::nothrow_t&) noexcept { free_any(memory); }

namespace std {

void __throw_bad_alloc() { give_up("out of memory"); }
void __throw_bad_array_new_length() { give_up("a size beyond memory"); }
void __throw_bad_function_call() { give_up("a call of an empty function"); }
void __throw_bad_cast() { give_up("a bad cast"); }
void __throw_logic_error(const char* what) { give_up(what); }
void __throw_length_error(const char* what) { give_up(what); }
void __throw_invalid_argument(const char* what) { give_up(what); }
void __throw_out_of_range(const char* what) { give_up(what); }
void __throw_out_of_range_fmt(const char* what, ...) { give_up(what); }
void __throw_runtime_error(const char* what) { give_up(what); }
void __throw_system_error(int error) { give_up(std::strerror(error)); }

void terminate() noexcept { give_up("terminate()"); }
[[noreturn]] void __glibcxx_assert_fail(const char*, int, const char*, const char* condition) noexcept { give_up(condition); }

}  // namespace std

extern "C" {

void __cxa_pure_virtual() { give_up("a pure virtual call"); }
void* __cxa_allocate_exception(size_t) noexcept { give_up("an exception"); }
void __cxa_free_exception(void*) noexcept {}
void __cxa_throw(void*, void*, void (*)(void*)) { give_up("an exception"); }
void __cxa_rethrow() { give_up("an exception"); }
void* __cxa_begin_catch(void*) noexcept { give_up("an exception"); }
void __cxa_end_catch() {}
void __cxa_call_terminate(void*) noexcept { give_up("terminate()"); }

// The personality function that frames of the static libstdc++ refer to. The only unwinding that
// gets here is thread cancellation, which must continue.
_Unwind_Reason_Code __gxx_personality_v0(int, _Unwind_Action, _Unwind_Exception_Class, _Unwind_Exception*, _Unwind_Context*) {
  return _URC_CONTINUE_UNWIND;
}

}  // extern "C"
