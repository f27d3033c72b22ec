// SPDX-License-Identifier: LGPL-2.1-or-later
// An object that is made when it is first used, and never destroyed: threads of the program may be inside at exit.
//
// Not a function's static: the compiler guards those with a lock, and a child of fork() inherits it locked for ever if another
// thread was about to make the object. tests/preload/library_test.cc finds the library's guards: there are none.
#pragma once

#include <atomic>

namespace softvpu {

// For objects of static storage duration. Threads: any. Two that come at once both make a T, which must have no effect outside of
// itself until it is used; one of the two is deleted.
template <typename T>
class OnFirstUse {
 public:
  T& get() {
    T* made = made_.load(std::memory_order_acquire);
    if (made != nullptr) return *made;
    T* const mine = new T;
    if (made_.compare_exchange_strong(made, mine, std::memory_order_acq_rel)) return *mine;
    delete mine;
    return *made;
  }
  // In a child of fork(): a new one. The old one is left alone, with the locks that it may hold.
  void abandon() { made_.store(new T, std::memory_order_release); }

 private:
  std::atomic<T*> made_{nullptr};
};

}  // namespace softvpu
