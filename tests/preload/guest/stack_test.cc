// SPDX-License-Identifier: LGPL-2.1-or-later
// How much of the caller's stack our calls take: threads with PTHREAD_STACK_MIN, fibres and signal handlers have little of it,
// and the kernel's own V4L2 takes none. An ioctl may take 4 KiB.
#include <dirent.h>
#include <gtest/gtest.h>
#include <limits.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <ucontext.h>

#include <csignal>
#include <cstring>
#include <thread>
#include <vector>

#include "tests/preload/guest/codec.h"
#include "v4l2/decoder/decoder_ioctls.h"

namespace softvpu::guest {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || !defined(__OPTIMIZE__)
constexpr const char* kUnfit = "frames are larger in a build with sanitizers or without optimisation";
#else
constexpr const char* kUnfit = nullptr;
#endif

constexpr size_t kIoctlLimit = 4096;
constexpr unsigned char kPaint = 0xa5;

// A stack that shows how deep it was used: code runs on it as a fibre.
class PaintedStack {
 public:
  explicit PaintedStack(size_t size = 256 * 1024) : size_(size) {
    memory_ = static_cast<unsigned char*>(::mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  }
  ~PaintedStack() { ::munmap(memory_, size_); }
  PaintedStack(const PaintedStack&) = delete;
  PaintedStack& operator=(const PaintedStack&) = delete;

  // Bytes below the frame that calls `body`.
  template <typename F>
  size_t depth_of(F&& body) {
    std::memset(memory_, kPaint, size_);
    ::getcontext(&fibre_);
    fibre_.uc_stack.ss_sp = memory_;
    fibre_.uc_stack.ss_size = size_;
    fibre_.uc_link = &caller_;
    running_ = this;
    body_ = [](void* function) { (*static_cast<std::remove_reference_t<F>*>(function))(); };
    argument_ = &body;
    ::makecontext(&fibre_, &PaintedStack::enter, 0);
    ::swapcontext(&caller_, &fibre_);
    running_ = nullptr;
    size_t untouched = 0;
    while (untouched < size_ && memory_[untouched] == kPaint) ++untouched;
    return static_cast<size_t>(top_ - (memory_ + untouched));
  }

 private:
  static void enter() {
    running_->top_ = static_cast<unsigned char*>(__builtin_frame_address(0));
    running_->body_(running_->argument_);
  }
  static inline PaintedStack* running_ = nullptr;
  size_t size_;
  unsigned char* memory_;
  unsigned char* top_ = nullptr;
  ucontext_t caller_{};
  ucontext_t fibre_{};
  void (*body_)(void*) = nullptr;
  void* argument_ = nullptr;
};

// Measures and judges.
template <typename F>
void expect_at_most(size_t limit, const char* name, F&& body) {
  PaintedStack stack;
  const size_t depth = stack.depth_of(body);
  EXPECT_LE(depth, limit) << name;
  ::testing::Test::RecordProperty(name, static_cast<int>(depth));
  if (std::getenv("SOFTVPU_PRINT_STACKS") != nullptr) std::printf("%s %zu\n", name, depth);
}

class ACallersStack : public testing::Test {
 protected:
  void SetUp() override {
    if (kUnfit != nullptr) GTEST_SKIP() << kUnfit;
    // A process's first thread has the dynamic linker bind a function of libc, and its second one on a used stack another. It
    // saves the processor's vector registers meanwhile, on the stack of whoever creates the thread: less than a kilobyte or
    // several, as the processor has them. That is no ioctl's own need.
    for (int i = 0; i < 2; ++i) std::thread([] {}).join();
  }
};

// Whatever the arguments are: zeros are a query for most and an error for others.
TEST_F(ACallersStack, HoldsEveryIoctlOfTheTable) {
  const Codec codec;
  ASSERT_GE(codec.fd(), 0);
  for (const v4l2::IoctlRow& row : v4l2::decoder_ioctls().all()) {
    for (const uint32_t type : {0u, kOutput, kCapture}) {
      alignas(16) unsigned char argument[512] = {};
      std::memcpy(argument, &type, sizeof type);
      expect_at_most(kIoctlLimit, row.name, [&] { ::ioctl(codec.fd(), row.request, argument); });
    }
  }
}

void run_a_session() {
  Codec codec;
  ASSERT_GE(codec.fd(), 0);
  const auto ioctl_of = [&](const char* name, auto&& body) {
    int answer = 0;
    expect_at_most(kIoctlLimit, name, [&] { answer = body(); });
    EXPECT_EQ(answer, 0) << name;
  };
  ioctl_of("S_FMT", [&] { return codec.set_format(); });
  ioctl_of("REQBUFS", [&] { return codec.request_buffers(2); });
  v4l2_create_buffers create{};
  create.count = 1;
  create.memory = V4L2_MEMORY_MMAP;
  create.format.type = kOutput;
  ASSERT_EQ(codec.call(VIDIOC_G_FMT, &create.format), 0);
  ioctl_of("CREATE_BUFS", [&] { return codec.call(VIDIOC_CREATE_BUFS, &create); });
  v4l2_plane plane{};
  v4l2_buffer buffer = Codec::buffer_of(0, &plane);
  ioctl_of("QUERYBUF", [&] { return codec.call(VIDIOC_QUERYBUF, &buffer); });
  ioctl_of("EXPBUF", [&] {
    const int fd = codec.export_buffer(O_RDONLY | O_CLOEXEC);
    return fd < 0 ? fd : ::close(fd);
  });
  expect_at_most(4096, "mmap", [&] {
    void* at = ::mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_SHARED, codec.fd(), plane.m.mem_offset);
    EXPECT_NE(at, MAP_FAILED);
    ::munmap(at, kBytes);
  });
  v4l2_event_subscription subscription{};
  subscription.type = V4L2_EVENT_SOURCE_CHANGE;
  ioctl_of("SUBSCRIBE_EVENT", [&] { return codec.call(VIDIOC_SUBSCRIBE_EVENT, &subscription); });
  ioctl_of("STREAMON", [&] { return codec.stream(true); });
  for (int i = 0; i < 3; ++i) {
    ioctl_of("QBUF", [&] { return codec.queue(0); });
    pollfd wanted{codec.fd(), POLLOUT, 0};
    ASSERT_EQ(::poll(&wanted, 1, 10'000), 1);
    ioctl_of("DQBUF", [&] { return codec.dequeue(); });
  }
  std::vector<v4l2_ext_control> many(V4L2_CID_MAX_CTRLS);
  for (auto& control : many) control.id = V4L2_CID_MIN_BUFFERS_FOR_CAPTURE;
  v4l2_ext_controls controls{};
  controls.count = static_cast<uint32_t>(many.size());
  controls.controls = many.data();
  ioctl_of("G_EXT_CTRLS", [&] { return codec.call(VIDIOC_G_EXT_CTRLS, &controls); });
  v4l2_decoder_cmd command{};
  command.cmd = V4L2_DEC_CMD_STOP;
  ioctl_of("DECODER_CMD", [&] { return codec.call(VIDIOC_DECODER_CMD, &command); });
  ioctl_of("STREAMOFF", [&] { return codec.stream(false); });
  ioctl_of("STREAMON again", [&] { return codec.stream(true); });
  ioctl_of("STREAMOFF again", [&] { return codec.stream(false); });
  ioctl_of("REQBUFS 0", [&] { return codec.request_buffers(0); });
  ASSERT_EQ(codec.start(), 0);
  expect_at_most(4096, "close", [&] { codec.close(); });
}

// The first session of a process also starts the helper thread.
TEST_F(ACallersStack, HoldsEveryIoctlOfASession) { run_a_session(); }

// Memory that the client brings: attached, and with the session.
TEST_F(ACallersStack, HoldsEveryMemoryType) {
  constexpr uint32_t kBrought = 4 << 20;
  std::vector<char> bytes(kBrought);
  const int memfd = ::memfd_create("a client's", MFD_CLOEXEC);
  ASSERT_EQ(::ftruncate(memfd, kBrought), 0);
  for (const uint32_t memory : {uint32_t{V4L2_MEMORY_USERPTR}, uint32_t{V4L2_MEMORY_DMABUF}}) {
    const Codec codec;
    ASSERT_EQ(codec.set_format(), 0);
    v4l2_requestbuffers request{.count = 1, .type = kOutput, .memory = memory};
    ASSERT_EQ(codec.call(VIDIOC_REQBUFS, &request), 0);
    ASSERT_EQ(codec.stream(true), 0);
    for (int i = 0; i < 2; ++i) {
      v4l2_plane plane{};
      plane.bytesused = 100;
      plane.length = kBrought;
      if (memory == V4L2_MEMORY_DMABUF)
        plane.m.fd = memfd;
      else
        plane.m.userptr = reinterpret_cast<unsigned long>(bytes.data());
      v4l2_buffer buffer = Codec::buffer_of(0, &plane);
      buffer.memory = memory;
      int answer = -1;
      expect_at_most(kIoctlLimit, "QBUF of brought memory", [&] { answer = codec.call(VIDIOC_QBUF, &buffer); });
      ASSERT_EQ(answer, 0);
      pollfd wanted{codec.fd(), POLLOUT, 0};
      ASSERT_EQ(::poll(&wanted, 1, 10'000), 1);
      expect_at_most(kIoctlLimit, "DQBUF of brought memory", [&] { answer = codec.call(VIDIOC_DQBUF, &buffer); });
      ASSERT_EQ(answer, 0);
    }
  }
  ::close(memfd);
}

TEST_F(ACallersStack, HoldsTheOtherCalls) {
  constexpr size_t kLimit = 4096;
  constexpr size_t kPathLimit = 6144;
  Codec codec;
  const int fd = codec.fd();
  ASSERT_GE(fd, 0);
  pollfd one{fd, POLLIN | POLLPRI, 0};
  std::vector<pollfd> many(1000, one);
  expect_at_most(kLimit, "poll", [&] { ::poll(&one, 1, 1); });
  expect_at_most(kLimit, "poll of many", [&] { ::poll(many.data(), many.size(), 1); });
  fd_set reads;
  fd_set excepts;
  FD_ZERO(&reads);
  for (int i = 0; i < 20; ++i) FD_SET(i, &reads);
  FD_SET(fd, &reads);
  excepts = reads;
  timeval moment{0, 1000};
  expect_at_most(kLimit, "select", [&] { ::select(fd + 1, &reads, nullptr, &excepts, &moment); });
  const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
  epoll_event event{.events = EPOLLIN | EPOLLPRI, .data = {}};
  expect_at_most(kLimit, "epoll_ctl", [&] { ::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event); });
  expect_at_most(kLimit, "epoll_wait", [&] { ::epoll_wait(epoll, &event, 1, 1); });
  ::close(epoll);
  expect_at_most(kLimit, "dup", [&] { ::close(::dup(fd)); });
  expect_at_most(kLimit, "dup2", [&] { ::dup2(fd, 300); });
  expect_at_most(kLimit, "close_range", [&] { ::close_range(300, 310, 0); });
  expect_at_most(kLimit, "fcntl", [&] { ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL)); });
  char byte = 0;
  expect_at_most(kLimit, "read", [&] { ::read(fd, &byte, 1); });
  expect_at_most(kLimit, "write", [&] { ::write(fd, &byte, 1); });
  struct stat status {};
  expect_at_most(kLimit, "fstat", [&] { ::fstat(fd, &status); });
  expect_at_most(kPathLimit, "stat", [&] { ::stat(kNode, &status); });
  expect_at_most(kPathLimit, "open", [&] { ::close(::open(kNode, O_RDWR | O_CLOEXEC)); });
  expect_at_most(kPathLimit, "open of another file", [&] { ::close(::open("/dev/null", O_RDWR | O_CLOEXEC)); });
  DIR* directory = nullptr;
  expect_at_most(kPathLimit, "opendir", [&] { directory = ::opendir("/dev"); });
  expect_at_most(kPathLimit, "readdir", [&] {
    while (::readdir(directory) != nullptr) {
    }
  });
  expect_at_most(kPathLimit, "closedir", [&] { ::closedir(directory); });
}

// With every line that there is, to a descriptor that takes them all.
TEST_F(ACallersStack, HoldsTheLinesForDebugging) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::setenv("SOFTVPU_DEBUG", "4", 1);
    const int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    ::dup2(nothing, 2);
    ::execl("/proc/self/exe", "again", "--gtest_filter=ACallersStack.HoldsEveryIoctl*:ACallersStack.HoldsTheOther*", nullptr);
    ::_exit(99);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0) << "run it alone: SOFTVPU_DEBUG=4 … --gtest_filter=ACallersStack.HoldsEvery*";
}

void* session_on_a_thread(void* answer) {
  const Codec codec;
  int& result = *static_cast<int*>(answer);
  result = codec.start();
  for (int i = 0; i < 5 && result == 0; ++i) result = codec.round_trip();
  return nullptr;
}

TEST_F(ACallersStack, OfTheSmallestThreadIsEnough) {
  const auto size = static_cast<size_t>(::sysconf(_SC_THREAD_STACK_MIN));
  pthread_attr_t attributes;
  ASSERT_EQ(::pthread_attr_init(&attributes), 0);
  ASSERT_EQ(::pthread_attr_setstacksize(&attributes, size), 0);
  pthread_t thread{};
  int result = 1;
  ASSERT_EQ(::pthread_create(&thread, &attributes, &session_on_a_thread, &result), 0);
  ::pthread_join(thread, nullptr);
  EXPECT_EQ(result, 0) << size;
}

const Codec* handled = nullptr;
volatile int handler_answer = 1;

TEST_F(ACallersStack, OfASignalHandlerIsEnough) {
  const Codec codec;
  handled = &codec;
  const long frame = ::sysconf(_SC_MINSIGSTKSZ);
  std::vector<unsigned char> memory(static_cast<size_t>(frame) + kIoctlLimit);
  stack_t alternate{};
  alternate.ss_sp = memory.data();
  alternate.ss_size = memory.size();
  stack_t before{};
  ASSERT_EQ(::sigaltstack(&alternate, &before), 0);
  struct sigaction action {};
  action.sa_flags = SA_ONSTACK;
  action.sa_handler = [](int) {
    v4l2_capability capability{};
    handler_answer = handled->call(VIDIOC_QUERYCAP, &capability);
  };
  struct sigaction old {};
  ASSERT_EQ(::sigaction(SIGUSR1, &action, &old), 0);
  ::raise(SIGUSR1);
  EXPECT_EQ(handler_answer, 0);
  ::sigaction(SIGUSR1, &old, nullptr);
  handled = nullptr;
  before.ss_flags = SS_DISABLE;
  ::sigaltstack(&before, nullptr);
}

}  // namespace
}  // namespace softvpu::guest
