// SPDX-License-Identifier: GPL-2.0-or-later
// libavcodec's log goes where the worker wants it (to the debug ring), and never to stderr. Any
// thread.
#pragma once

#include <atomic>

namespace softvpu::firmware::libav {

// `write` gets one line without its end; nullptr: lines are dropped, which is the default. Called
// from libavcodec's threads.
using LogWriter = void (*)(const char* line);
void set_log_writer(LogWriter write);

// While it lives, nothing that libavcodec logs on this thread is written.
class QuietLog {
 public:
  QuietLog();
  ~QuietLog();
  QuietLog(const QuietLog&) = delete;
  QuietLog& operator=(const QuietLog&) = delete;
};

}  // namespace softvpu::firmware::libav
