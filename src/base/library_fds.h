// SPDX-License-Identifier: LGPL-2.1-or-later
// Tracks which descriptors of the process belong to the library, and moves them when the program
// wants their numbers: dup2() onto one of these numbers works as it would without the library.
// Called by UniqueFd, the preload library and the event loop.
//
// A descriptor is named by a handle; its number may change between two uses. A thread that uses
// numbers is *inside*, from enter() to leave(); no descriptor moves while a thread is inside.
// Everything here is async-signal-safe, except for the callbacks of replace().
#pragma once

namespace softvpu::library_fds {

// Handles start above every number that a descriptor can have.
inline constexpr int kFirstHandle = 1 << 30;

// Records `number` and returns its handle. If there is no room for more (65536): the number itself, recorded; it can't move then.
int add(int number);
// The number behind a handle, or the argument if it is a number.
int number_of(int handle);
// Forgets it; returns its number. For what isn't recorded, the argument.
int remove(int handle);
// The number now belongs to somebody else. The handle stays allocated, but number_of() returns a
// number with which every system call fails.
void give_up(int number);

// The smallest recorded number >= `from`; -1 when there is none.
int next(int from);
bool contains(int number);

// May be nested. A thread that sleeps, or blocks on something outside of the library, is not inside.
void enter();
void leave();
// For a thread that is always inside: lets a waiting replace() proceed.
void pass();
// In a forked child: the threads that were inside in the parent don't exist here.
void forget_others_after_fork();

// The kernel gives a new descriptor the lowest free number, and a closed one's number away at once.
// Until this file has recorded the number, it looks like one of the program's, so no dup2() or
// close_range() of another thread may run while a Birth exists. A Birth lasts from the call that
// creates a descriptor until the descriptor is recorded, and from remove() until it is closed.
// Births may be nested, and several threads may hold one. The constructor waits for a second at
// most: a dup2() that takes longer already has its number and is only waiting for the file that it
// closed.
class Birth {
 public:
  Birth();
  ~Birth();
  Birth(const Birth&) = delete;
  Birth& operator=(const Birth&) = delete;
};

// The other side: while one is held, no other thread begins a Birth. For one system call on numbers that aren't the library's.
class Takeover {
 public:
  Takeover();
  ~Takeover();
  Takeover(const Takeover&) = delete;
  Takeover& operator=(const Takeover&) = delete;
  // False: a Birth doesn't end within a second, or the caller is a signal handler that interrupted one.
  explicit operator bool() const { return held_; }

 private:
  bool held_ = false;
  bool nested_ = false;  // in a signal handler that interrupted one of the same thread
};

// False as long as no descriptor was ever recorded or is about to be.
bool any();

// How the rest of the library takes part in a move.
struct Movers {
  void (*wake)();                   // makes those who are inside and sleep call pass()
  void (*moved)(int from, int to);  // for lists of numbers that the kernel keeps (epoll sets); both are open
};
// dup3(from, number, flags) for a number of ours: our own descriptor of that number is moved away
// first. Returns the number, or -errno. Errors: EBUSY when somebody stays inside for a second, or
// when the calling thread is inside itself (a signal handler); dup3(2)'s.
int replace(int number, int from, int flags, const Movers& movers);

}  // namespace softvpu::library_fds
