// SPDX-License-Identifier: GPL-2.0-or-later
// What the sanitizers' runtimes must not blame on this room. They ask these functions; nobody else calls them. The libraries
// aren't instrumented. libx265, which makes the tests' HEVC clips, leaks, and TSan doesn't see its threads wait for each other.
// libavcodec's frame threads hand pictures over by atomics: what one allocates and another frees is no race. "called_from_lib"
// leaves out only what those libraries do themselves; our callbacks on their threads are watched.
extern "C" __attribute__((visibility("default"))) const char* __lsan_default_suppressions();
extern "C" const char* __lsan_default_suppressions() { return "leak:libx265.so\n"; }
extern "C" __attribute__((visibility("default"))) const char* __tsan_default_suppressions();
extern "C" const char* __tsan_default_suppressions() {
  return "race:libx265.so\ncalled_from_lib:libavcodec.so\ncalled_from_lib:libavutil.so\n";
}
