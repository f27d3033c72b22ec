// SPDX-License-Identifier: LGPL-2.1-or-later
// Private ioctls of the scripted device: a test sets the levels that a real device's queues would have. Used by
// scripted_assembly.cc (in the preloaded library) and by the test programs.
#pragma once

#include <linux/videodev2.h>
#include <sys/ioctl.h>

namespace softvpu::scripted {

inline constexpr int kIn = 1;
inline constexpr int kOut = 2;
inline constexpr int kPri = 4;
inline constexpr int kError = 8;

struct Later {
  int levels;    // to raise, in addition to what is high
  int after_us;  // by another thread
};

struct Counts {
  int files;     // FileHandles alive in this process
  int releases;  // release() calls so far
  int mappings;  // of the file's buffer
  int waiters;   // threads inside kWait
  int errors;    // POLLERRs that poll() reported, of this file
};

inline constexpr unsigned long kSetLevels = _IOW('V', BASE_VIDIOC_PRIVATE + 0, int);
inline constexpr unsigned long kRaiseLater = _IOW('V', BASE_VIDIOC_PRIVATE + 1, Later);
// A completion while the level may be high already: an edge.
inline constexpr unsigned long kComplete = _IOW('V', BASE_VIDIOC_PRIVATE + 2, int);
// Sleeps until kWake; EAGAIN on a non-blocking descriptor.
inline constexpr unsigned long kWait = _IO('V', BASE_VIDIOC_PRIVATE + 3);
inline constexpr unsigned long kWake = _IO('V', BASE_VIDIOC_PRIVATE + 4);
inline constexpr unsigned long kCounts = _IOR('V', BASE_VIDIOC_PRIVATE + 5, Counts);
// From now on the file has a session, which a forked child must not touch.
inline constexpr unsigned long kStartSession = _IO('V', BASE_VIDIOC_PRIVATE + 6);
// Writes this many bytes at this address: any pointer quality is answered, never a crash.
inline constexpr unsigned long kReadInt = _IOR('V', BASE_VIDIOC_PRIVATE + 7, int);

inline constexpr unsigned kBufferBytes = 64 * 1024;

}  // namespace softvpu::scripted
