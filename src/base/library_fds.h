// SPDX-License-Identifier: LGPL-2.1-or-later
// Which descriptors of the process are the library's, and how they make way for the program around it: dup2() onto one of their
// numbers works as with any kernel. Called by UniqueFd, the preload library and the event loop.
//
// A descriptor is named by a handle; its number may change between two uses. Who uses numbers is *inside*: from enter() to
// leave(), and nothing moves while somebody is. Everything here is async-signal-safe, but for the callbacks of replace().
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
// The number is somebody else's now; its handle stays in use, and no system call does anything with the number that it names.
void give_up(int number);

// The smallest recorded number >= `from`; -1 when there is none.
int next(int from);
bool contains(int number);

// May be nested. A thread that sleeps, or blocks on something outside of the library, is not inside.
void enter();
void leave();
// For a thread that is inside for all of its life: lets a replace() that waits go ahead.
void pass();
// In a forked child: those who were inside in the parent don't exist here.
void forget_others_after_fork();

// The kernel gives a new descriptor the lowest free number, and a closed one's number away at once. Between that and the books of
// this file the number looks like the program's: no dup2() or close_range() of another thread runs while a Birth lives. It lasts
// from the call that makes a descriptor until it is recorded, and from remove() until it is closed. May be nested; several
// threads may be in one. It begins after a second at most: a dup2() that lasts longer has its number already, and waits for the
// file that it closed.
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

// False as long as nothing was recorded and nothing is about to be.
bool any();

// How the rest of the library takes part in a move.
struct Movers {
  void (*wake)();                   // makes those who are inside and sleep call pass()
  void (*moved)(int from, int to);  // for lists of numbers that the kernel keeps (epoll sets); both are open
};
// dup3(from, number, flags) for a number of ours: what is ours moves away before. Returns the number, or -errno. Errors: EBUSY
// when somebody stays inside for a second, or when the calling thread is inside itself (a signal handler); dup3(2)'s.
int replace(int number, int from, int flags, const Movers& movers);

}  // namespace softvpu::library_fds
