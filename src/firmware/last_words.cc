// SPDX-License-Identifier: GPL-2.0-or-later
// Last words: see last_words.h. The handler uses nothing that isn't async-signal-safe.
#include "firmware/last_words.h"

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>

namespace softvpu::firmware {
namespace {

constexpr size_t kStackBytes = 64 << 10;
constexpr int kSignalled = 128;  // exit status, as a shell's

std::atomic<hfi::FirmwareEndpoint*> listener{nullptr};
std::atomic<const char*> current_activity{"starting"};

struct Fatal {
  int signal;
  const char* text;
  bool sanitizers_too;
};
constexpr Fatal kFatal[] = {
    {SIGSEGV, "invalid memory access (SIGSEGV)", false},
    {SIGBUS, "memory that isn't there (SIGBUS)", false},
    {SIGILL, "illegal instruction (SIGILL)", false},
    {SIGFPE, "arithmetic error (SIGFPE)", false},
    {SIGSYS, "forbidden system call (SIGSYS)", true},
    {SIGABRT, "aborted itself (SIGABRT)", true},
    {SIGXCPU, "processor time used up without a sign of the host (SIGXCPU)", true},
};

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

class Text {
 public:
  Text& operator<<(const char* text) {
    while (*text != '\0' && used_ < sizeof(bytes_)) bytes_[used_++] = *text++;
    return *this;
  }
  Text& hex(uintptr_t value) {
    *this << "0x";
    for (int shift = static_cast<int>(sizeof(value) * 8) - 4; shift >= 0; shift -= 4) {
      const char digit[] = {"0123456789abcdef"[value >> shift & 15], '\0'};
      *this << digit;
    }
    return *this;
  }
  std::string_view view() const { return {bytes_, used_}; }

 private:
  char bytes_[512] = {};
  size_t used_ = 0;
};

void on_fatal(int signal, siginfo_t* info, void*) {
  Text text;
  text << "worker: ";
  for (const Fatal& fatal : kFatal) {
    if (fatal.signal == signal) text << fatal.text;
  }
  if (signal == SIGSEGV || signal == SIGBUS) (text << " at ").hex(reinterpret_cast<uintptr_t>(info->si_addr));
  text << " while " << current_activity.load();
  if (hfi::FirmwareEndpoint* endpoint = listener.load()) endpoint->last_words(text.view());
  // The first process of a pid namespace isn't ended by signals of its own making, nor by this one of the kernel's.
  if (signal == SIGXCPU || (getpid() == 1 && (signal == SIGABRT || info->si_code <= 0))) _exit(kSignalled + signal);
  // SA_RESETHAND: the default action is back. A fault happens again on return; everything else is sent again.
  if (signal == SIGABRT || signal == SIGSYS || info->si_code <= 0) raise(signal);
}

}  // namespace

void install_last_words(hfi::FirmwareEndpoint& endpoint) {
  static const AlternateStack& stack = *new AlternateStack;
  (void)stack;
  listener = &endpoint;
  for (const Fatal& fatal : kFatal) {
    if (kSanitized && !fatal.sanitizers_too) continue;
    struct sigaction action {};
    action.sa_sigaction = on_fatal;
    action.sa_flags = SA_SIGINFO | SA_RESETHAND | SA_ONSTACK;
    sigemptyset(&action.sa_mask);
    (void)sigaction(fatal.signal, &action, nullptr);
  }
}

void set_activity(const char* activity) { current_activity = activity; }

AlternateStack::AlternateStack() {
  if (kSanitized) return;  // sanitizers set their own
  memory_ = std::make_unique<std::byte[]>(kStackBytes);
  const stack_t stack{.ss_sp = memory_.get(), .ss_flags = 0, .ss_size = kStackBytes};
  (void)sigaltstack(&stack, nullptr);
}

AlternateStack::~AlternateStack() {
  if (!memory_) return;
  const stack_t off{.ss_sp = nullptr, .ss_flags = SS_DISABLE, .ss_size = 0};
  (void)sigaltstack(&off, nullptr);
}

}  // namespace softvpu::firmware
