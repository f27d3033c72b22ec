// SPDX-License-Identifier: LGPL-2.1-or-later
// Starts the test program again under `softvpu run`, with the library under test in front of libc.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

int main(int argc, char** argv) {
  bool lists = false;
  for (int i = 1; i < argc; ++i) lists = lists || std::strcmp(argv[i], "--gtest_list_tests") == 0;
  if (!lists && std::getenv("SOFTVPU_ROOT") == nullptr) {
    ::setenv("SOFTVPU_PRELOAD", SOFTVPU_LIBRARY, 1);
    ::setenv("LC_ALL", "C", 1);                 // programs' messages as the tests know them
    ::setenv("SOFTVPU_FW", SOFTVPU_WORKER, 1);  // /bin/true where nothing starts a codec
#ifdef SOFTVPU_AS_GUEST
    ::setenv("SOFTVPU_DEBUG", "1", 0);  // what doesn't work says why
#endif
    ::setenv("ASAN_OPTIONS", "verify_asan_link_order=0", 0);  // sanitizer builds: the preloaded library comes first
    std::vector<char*> command = {const_cast<char*>(SOFTVPU_CLI), const_cast<char*>("run"), const_cast<char*>("--")};
    command.insert(command.end(), argv, argv + argc);
    command[3] = const_cast<char*>("/proc/self/exe");
    char self[4096] = {};
    if (::readlink("/proc/self/exe", self, sizeof self - 1) > 0) command[3] = self;
    command.push_back(nullptr);
    ::execv(command[0], command.data());
    std::perror(command[0]);
    return 127;
  }
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
