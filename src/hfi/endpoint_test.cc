// SPDX-License-Identifier: LGPL-2.1-or-later
// Both ends of a session over real sockets, eventfds and a shared memfd, in one process: LoopbackLink and FirmwareEndpoint.
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <functional>
#include <thread>

#include "base/raw_syscall.h"
#include "hfi/host_port.h"
#include "hfi/testing/loopback_link.h"
#include "hfi/transport/packet.h"
#include "tests/hostile/refuse_calls.h"

namespace softvpu::hfi {
namespace {

using namespace std::chrono_literals;

LoopbackLink::Pair connected() {
  auto pair = LoopbackLink::create(7);
  EXPECT_TRUE(pair) << pair.error().reason;
  return std::move(*pair);
}

bool readable(int fd) {
  pollfd entry{fd, POLLIN, 0};
  return raw::poll(&entry, 1, 0) == 1;
}

TEST(AConnectedPair, CarriesCommandsAndMessages) {
  auto [link, firmware] = connected();
  EXPECT_EQ(firmware->endpoint().generation(), 7u);
  EXPECT_EQ(firmware->endpoint().next_command().outcome, FirmwareEndpoint::ReadOutcome::kEmpty);
  ASSERT_EQ(link->send(Command{1, cmd::Configure{Role::kDecoder, 5}}), HostLink::SendOutcome::kOk);
  auto read = firmware->endpoint().next_command();
  ASSERT_EQ(read.outcome, FirmwareEndpoint::ReadOutcome::kCommand);
  EXPECT_EQ(std::get<cmd::Configure>(read.command.body).coded, 5u);
  EXPECT_EQ(firmware->endpoint().send(Message{1, msg::Configured{}}), FirmwareEndpoint::SendOutcome::kOk);
  auto received = link->receive();
  ASSERT_EQ(received.outcome, HostLink::ReceiveOutcome::kMessage);
  EXPECT_EQ(received.message.cookie, 1u);
  EXPECT_EQ(link->receive().outcome, HostLink::ReceiveOutcome::kEmpty);
}

TEST(AFirmware, CannotSendThroughItsSocket) {
  auto port = HostPort::create(7);
  ASSERT_TRUE(port);
  const UniqueFd socket = (*port)->take_firmware_socket();
  const auto before = signal(SIGPIPE, SIG_IGN);
  EXPECT_EQ(raw::write(socket.get(), "hello", 5), -EPIPE);
  signal(SIGPIPE, before);
  // What the host sends still arrives, and its end isn't there yet.
  EXPECT_TRUE(FirmwareEndpoint::attach(UniqueFd(fcntl(socket.get(), F_DUPFD_CLOEXEC, 0)), 1s));
  pollfd hangup{socket.get(), POLLRDHUP, 0};
  EXPECT_EQ(raw::poll(&hangup, 1, 0), 0);
  (*port)->hang_up();
  EXPECT_EQ(raw::poll(&hangup, 1, 0), 1);
}

TEST(AFirmware, KeepsNoDescriptorOfTheRegion) {
  auto port = HostPort::create(7);
  ASSERT_TRUE(port);
  struct stat region {};
  ASSERT_EQ(fstat((*port)->region().fd(), &region), 0);
  const auto endpoint = FirmwareEndpoint::attach((*port)->take_firmware_socket(), 1s);
  ASSERT_TRUE(endpoint);
  int found = 0;
  for (int fd = 0; fd < 4096; ++fd) {
    struct stat status {};
    if (fd != (*port)->region().fd() && fstat(fd, &status) == 0)
      found += status.st_dev == region.st_dev && status.st_ino == region.st_ino;
  }
  EXPECT_EQ(found, 0);
}

constexpr int kNoFilter = 99;

// What `body` returns in a child in which `calls` are refused; kNoFilter if they can't be.
int with_calls_refused(std::initializer_list<long> calls, const std::function<int()>& body) {
  const pid_t child = fork();
  if (child == 0) {
    alarm(20);
    _exit(hostile::refuse_calls(calls) ? body() : kNoFilter);
  }
  int status = 0;
  if (waitpid(child, &status, 0) != child) return -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

struct WithAFilter : testing::Test {
  void SetUp() override {
    if (with_calls_refused({SYS_sethostname}, [] { return 0; }) == kNoFilter)
      GTEST_SKIP() << "this kernel has no seccomp filters";
  }
};
using AHostUnderItsOwnFilter = WithAFilter;
using AFirmwareUnderItsClientsFilter = WithAFilter;

TEST_F(AHostUnderItsOwnFilter, BeginsASessionWithoutShutdown) {
  EXPECT_EQ(with_calls_refused({SYS_shutdown},
                               [] {
                                 auto port = HostPort::create(7);
                                 if (!port) return 1;
                                 const UniqueFd socket = (*port)->take_firmware_socket();
                                 if (shutdown(socket.get(), SHUT_RD) != -1 || errno != EPERM) return 2;
                                 (*port)->hang_up();
                                 pollfd hangup{socket.get(), POLLRDHUP, 0};
                                 return raw::poll(&hangup, 1, 0) == 1 ? 0 : 3;
                               }),
            0);
}

TEST_F(AFirmwareUnderItsClientsFilter, StillWaitsIfOneOfThePollsIsLeft) {
#if defined(SYS_poll)
  EXPECT_EQ(with_calls_refused({SYS_ppoll},
                               [] {
                                 auto [link, firmware] = connected();
                                 FirmwareEndpoint& endpoint = firmware->endpoint();
                                 if (!endpoint.wait(5ms).timeout || endpoint.host_gone()) return 1;
                                 if (link->send(Command{0, cmd::Drain{}}) != HostLink::SendOutcome::kOk) return 2;
                                 if (!endpoint.wait(std::nullopt).commands) return 3;
                                 (void)endpoint.next_command();
                                 link->kill();
                                 return endpoint.wait(std::nullopt).hangup && endpoint.host_gone() ? 0 : 4;
                               }),
            0);
#else
  GTEST_SKIP() << "this architecture has no poll(2), only ppoll(2)";
#endif
}

TEST_F(AFirmwareUnderItsClientsFilter, EndsIfItCannotWait) {
#if defined(SYS_poll)
  const std::initializer_list<long> polls{SYS_ppoll, SYS_poll};
#else
  const std::initializer_list<long> polls{SYS_ppoll};
#endif
  EXPECT_EQ(
      with_calls_refused(polls,
                         [] {
                           auto [link, firmware] = connected();
                           FirmwareEndpoint& endpoint = firmware->endpoint();
                           if (!endpoint.wait(std::nullopt).hangup || !endpoint.host_gone()) return 1;
                           // Nor does a sender wait for room in the ring forever.
                           while (endpoint.try_send(Message{1, msg::Pong{}}) == FirmwareEndpoint::SendOutcome::kOk) continue;
                           return endpoint.send(Message{1, msg::Pong{}}) == FirmwareEndpoint::SendOutcome::kPeerGone ? 0 : 2;
                         }),
      0);
  // An attempt to attach ends before its time limit.
  EXPECT_EQ(with_calls_refused(polls,
                               [] {
                                 UniqueFd host;
                                 UniqueFd socket;
                                 if (!make_packet_pair(host, socket)) return 1;
                                 const auto endpoint = FirmwareEndpoint::attach(std::move(socket), 1h);
                                 return !endpoint && endpoint.error().code == EPERM ? 0 : 2;
                               }),
            0);
}

TEST_F(AFirmwareUnderItsClientsFilter, EndsIfItCannotClearItsDoorbells) {
  EXPECT_EQ(with_calls_refused({SYS_read},
                               [] {
                                 auto [link, firmware] = connected();
                                 firmware->endpoint().nudge();
                                 return firmware->endpoint().wait(std::nullopt).hangup ? 0 : 1;
                               }),
            0);
}

TEST(AFirmware, SleepsUntilACommandANudgeATimeoutOrTheHostsEnd) {
  auto [link, firmware] = connected();
  EXPECT_TRUE(firmware->endpoint().wait(0ms).timeout);
  EXPECT_TRUE(firmware->endpoint().wait(5ms).timeout);
  firmware->endpoint().nudge();
  EXPECT_TRUE(firmware->endpoint().wait(std::nullopt).nudged);
  std::thread sender([&link = link] {
    std::this_thread::sleep_for(20ms);
    EXPECT_EQ(link->send(Command{0, cmd::Drain{}}), HostLink::SendOutcome::kOk);
  });
  EXPECT_TRUE(firmware->endpoint().wait(std::nullopt).commands);
  sender.join();
  EXPECT_EQ(firmware->endpoint().next_command().outcome, FirmwareEndpoint::ReadOutcome::kCommand);
  EXPECT_FALSE(firmware->endpoint().host_gone());
  std::thread killer([&link = link] {
    std::this_thread::sleep_for(20ms);
    link->kill();
  });
  EXPECT_TRUE(firmware->endpoint().wait(std::nullopt).hangup);
  killer.join();
  EXPECT_TRUE(firmware->endpoint().host_gone());
  EXPECT_TRUE(readable(link->hangup_fd()));
}

TEST(AHost, IsRungOnlyWhenItSleeps) {
  auto [link, firmware] = connected();
  EXPECT_EQ(firmware->endpoint().send(Message{0, msg::Drained{}}), FirmwareEndpoint::SendOutcome::kOk);
  EXPECT_FALSE(readable(link->doorbell_fd()));
  EXPECT_FALSE(link->prepare_sleep(false));
  EXPECT_EQ(link->receive().outcome, HostLink::ReceiveOutcome::kMessage);
  EXPECT_TRUE(link->prepare_sleep(false));
  EXPECT_EQ(firmware->endpoint().send(Message{0, msg::Drained{}}), FirmwareEndpoint::SendOutcome::kOk);
  EXPECT_TRUE(readable(link->doorbell_fd()));
}

TEST(AHostWithAFullRing, IsRungWhenACommandFitsAgain) {
  auto [link, firmware] = connected();
  uint32_t sent = 0;
  while (link->send(Command{0, cmd::Resume{}}) == HostLink::SendOutcome::kOk) ++sent;
  EXPECT_EQ(sent, SVPU_COMMAND_SLOTS);
  EXPECT_TRUE(link->prepare_sleep(true));
  EXPECT_FALSE(readable(link->doorbell_fd()));
  EXPECT_EQ(firmware->endpoint().next_command().outcome, FirmwareEndpoint::ReadOutcome::kCommand);
  EXPECT_TRUE(readable(link->doorbell_fd()));
  EXPECT_EQ(link->send(Command{0, cmd::Resume{}}), HostLink::SendOutcome::kOk);
}

TEST(AFirmwareWithAFullRing, SaysSoAndSleepsUntilTheHostReads) {
  auto [link, firmware] = connected();
  FirmwareEndpoint& endpoint = firmware->endpoint();
  for (uint32_t i = 0; i < SVPU_MESSAGE_SLOTS; ++i)
    ASSERT_EQ(endpoint.try_send(Message{i, msg::Pong{}}), FirmwareEndpoint::SendOutcome::kOk);
  EXPECT_EQ(endpoint.try_send(Message{0, msg::Pong{}}), FirmwareEndpoint::SendOutcome::kFull);
  std::thread reader([&link = link] {
    std::this_thread::sleep_for(20ms);
    EXPECT_EQ(link->receive().outcome, HostLink::ReceiveOutcome::kMessage);
  });
  EXPECT_EQ(endpoint.send(Message{1000, msg::Pong{}}), FirmwareEndpoint::SendOutcome::kOk);
  reader.join();
  // And a second time with the dispatcher asleep in wait(), which takes the doorbell and passes it on.
  std::thread dispatcher([&endpoint] {
    while (!endpoint.wait(std::nullopt).hangup) {
    }
  });
  std::thread sender([&endpoint] { EXPECT_EQ(endpoint.send(Message{1001, msg::Pong{}}), FirmwareEndpoint::SendOutcome::kOk); });
  std::this_thread::sleep_for(20ms);
  EXPECT_EQ(link->receive().outcome, HostLink::ReceiveOutcome::kMessage);
  sender.join();
  link->kill();
  dispatcher.join();
}

TEST(AFirmwareWaitingForSpace, EndsWhenTheHostHangsUp) {
  auto [link, firmware] = connected();
  FirmwareEndpoint& endpoint = firmware->endpoint();
  for (uint32_t i = 0; i < SVPU_MESSAGE_SLOTS; ++i)
    ASSERT_EQ(endpoint.try_send(Message{i, msg::Pong{}}), FirmwareEndpoint::SendOutcome::kOk);
  std::thread killer([&link = link] {
    std::this_thread::sleep_for(20ms);
    link->kill();
  });
  EXPECT_EQ(endpoint.send(Message{0, msg::Pong{}}), FirmwareEndpoint::SendOutcome::kPeerGone);
  killer.join();
}

// Many senders, a dispatcher and a reading host: nothing is lost, nobody sleeps forever.
TEST(SeveralFirmwareThreads, SendThroughOneSmallRing) {
  auto [link, firmware] = connected();
  FirmwareEndpoint& endpoint = firmware->endpoint();
  constexpr uint64_t kEach = 20'000;
  std::thread dispatcher([&endpoint] {
    while (true) {
      const auto wake = endpoint.wait(std::nullopt);
      if (wake.hangup) return;
      while (endpoint.next_command().outcome == FirmwareEndpoint::ReadOutcome::kCommand) {
      }
    }
  });
  const auto send_all = [&endpoint](uint64_t base) {
    for (uint64_t i = 0; i < kEach; ++i)
      ASSERT_EQ(endpoint.send(Message{base + i, msg::Pong{}}), FirmwareEndpoint::SendOutcome::kOk);
  };
  std::thread one(send_all, 1'000'000);
  std::thread two(send_all, 2'000'000);
  uint64_t next_one = 1'000'000;
  uint64_t next_two = 2'000'000;
  for (uint64_t got = 0; got < 2 * kEach;) {
    const auto received = link->receive();
    if (received.outcome == HostLink::ReceiveOutcome::kEmpty) {
      if (got % 7 == 0) (void)link->send(Command{0, cmd::Resume{}});
      if (link->prepare_sleep(false)) {
        pollfd bell{link->doorbell_fd(), POLLIN, 0};
        ASSERT_EQ(raw::poll(&bell, 1, 20'000), 1) << "a wake-up was lost after " << got;
        uint64_t count = 0;
        raw::read(link->doorbell_fd(), &count, sizeof(count));
      }
      continue;
    }
    ASSERT_EQ(received.outcome, HostLink::ReceiveOutcome::kMessage);
    uint64_t& next = received.message.cookie >= 2'000'000 ? next_two : next_one;
    ASSERT_EQ(received.message.cookie, next);
    ++next;
    ++got;
  }
  one.join();
  two.join();
  link->kill();
  dispatcher.join();
}

UniqueFd some_memory() { return UniqueFd(raw::memfd_create("test", MFD_CLOEXEC)); }

TEST(BufferMemory, IsFoundByNameInAnyOrder) {
  auto [link, firmware] = connected();
  const UniqueFd a = some_memory();
  const UniqueFd b = some_memory();
  const int one[] = {a.get()};
  const int two[] = {a.get(), b.get()};
  ASSERT_EQ(link->send_memory(Direction::kInput, {3, 1}, one), HostLink::SendOutcome::kOk);
  ASSERT_EQ(link->send_memory(Direction::kOutput, {3, 1}, two), HostLink::SendOutcome::kOk);
  auto output = firmware->endpoint().take_memory(Direction::kOutput, {3, 1});
  ASSERT_TRUE(output) << output.error().reason;
  EXPECT_EQ((*output)->num_planes(), 2u);
  EXPECT_TRUE((*output)->fd(0) >= 0 && (*output)->fd(1) >= 0 && (*output)->fd(2) < 0);
  EXPECT_FALSE((*output)->map(2, {0, 4096, 4096}, true)) << "none came for it";
  EXPECT_TRUE(firmware->endpoint().take_memory(Direction::kInput, {3, 1}));
  const auto again = firmware->endpoint().take_memory(Direction::kInput, {3, 1});
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, ENOENT);
}

// What a host's client brings isn't sealed (dmabuf.rst).
TEST(BufferMemory, IsAnyMemfdThatIsLargeEnough) {
  auto [link, firmware] = connected();
  constexpr svpu_plane kPlane{0, 8192, 8192};
  uint32_t generation = 0;
  const auto map = [&](int fd) {
    const UniqueFd owned(fd);
    const int one[] = {fd};
    const BufferName name{1, ++generation};
    EXPECT_EQ(link->send_memory(Direction::kOutput, name, one), HostLink::SendOutcome::kOk);
    auto memory = firmware->endpoint().take_memory(Direction::kOutput, name);
    if (!memory) return memory.error().code;
    const auto at = (*memory)->map(0, kPlane, true);
    if (at) (*at)[8191] = std::byte{1};
    return at ? 0 : at.error().code;
  };
  const auto memfd = [](off_t size, unsigned flags) {
    const int fd = memfd_create("a client's", flags | MFD_CLOEXEC);
    EXPECT_EQ(ftruncate(fd, size), 0);
    return fd;
  };
  EXPECT_EQ(map(memfd(8192, MFD_ALLOW_SEALING)), 0);
  EXPECT_EQ(map(memfd(8192, 0)), 0);
  EXPECT_EQ(map(memfd(4097, 0)), 0) << "up to the end of its last page";
  EXPECT_EQ(map(memfd(4096, 0)), EINVAL);
  EXPECT_EQ(map(memfd(0, 0)), EINVAL);
  EXPECT_EQ(map(eventfd(0, EFD_CLOEXEC)), EINVAL);
  EXPECT_EQ(map(open("/", O_RDONLY | O_CLOEXEC)), EINVAL);
  EXPECT_EQ(map(open("/proc/self/exe", O_RDONLY | O_CLOEXEC)), EINVAL);
}

TEST(BufferMemory, OfAnImpossibleNameIsRefusedAndCostsNoOther) {
  auto [link, firmware] = connected();
  const UniqueFd a = some_memory();
  const int one[] = {a.get()};
  ASSERT_EQ(link->send_memory(Direction::kInput, {64, 1}, one), HostLink::SendOutcome::kOk);
  ASSERT_EQ(link->send_memory(Direction::kInput, {1, 0}, one), HostLink::SendOutcome::kOk);
  ASSERT_EQ(link->send_memory(Direction::kInput, {1, 1}, {}), HostLink::SendOutcome::kOk);
  ASSERT_EQ(link->send_memory(Direction::kInput, {2, 1}, one), HostLink::SendOutcome::kOk);
  EXPECT_TRUE(firmware->endpoint().take_memory(Direction::kInput, {2, 1}));
  const auto bad = firmware->endpoint().take_memory(Direction::kInput, {1, 1});
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().code, EPROTO);
}

TEST(MemoryForAFirmwareThatDoesNotRead, SaysFullInsteadOfBlocking) {
  auto [link, firmware] = connected();
  const UniqueFd a = some_memory();
  const int one[] = {a.get()};
  int sent = 0;
  while (sent < 100'000 && link->send_memory(Direction::kInput, {1, 1}, one) == HostLink::SendOutcome::kOk) ++sent;
  EXPECT_LT(sent, 100'000);
  EXPECT_GT(sent, 8);
  EXPECT_TRUE(firmware->endpoint().take_memory(Direction::kInput, {1, 1}));
  EXPECT_EQ(link->send_memory(Direction::kInput, {1, 1}, one), HostLink::SendOutcome::kOk);
}

TEST(ADyingFirmware, LeavesItsLastWords) {
  auto [link, firmware] = connected();
  EXPECT_EQ(link->last_words(), "");
  firmware->endpoint().last_words("first");
  firmware->endpoint().last_words("segmentation fault in h264\n");
  EXPECT_EQ(link->last_words(), "segmentation fault in h264.");
  firmware->endpoint().last_words(std::string(2 * SVPU_PAGE, 'z'));
  EXPECT_EQ(link->last_words().size(), SVPU_PAGE - 1);
}

TEST(DebugText, ReachesTheHostAndIsDroppedWhenFull) {
  auto [link, firmware] = connected();
  for (int i = 0; i < 200; ++i) firmware->endpoint().debug("line %d", i);
  std::string line;
  uint32_t lines = 0;
  while (link->next_debug_line(line)) {
    EXPECT_EQ(line, "line " + std::to_string(lines));
    ++lines;
  }
  EXPECT_EQ(lines, SVPU_DEBUG_SLOTS);
  EXPECT_FALSE(readable(link->doorbell_fd()));
}

TEST(ABrokenRing, IsToldApartOnBothSides) {
  auto [link, firmware] = connected();
  __atomic_store_n(&firmware->message_index().write, 5000u, __ATOMIC_RELEASE);
  EXPECT_EQ(link->receive().outcome, HostLink::ReceiveOutcome::kCorrupt);
  __atomic_store_n(&firmware->command_index().write, 5000u, __ATOMIC_RELEASE);
  const auto read = firmware->endpoint().next_command();
  EXPECT_EQ(read.outcome, FirmwareEndpoint::ReadOutcome::kCorrupt);
  EXPECT_FALSE(read.complaint.empty());
  __atomic_store_n(&firmware->message_index().read, 5000u, __ATOMIC_RELEASE);
  FirmwareEndpoint::SendOutcome outcome = FirmwareEndpoint::SendOutcome::kOk;
  for (uint32_t i = 0; i <= SVPU_MESSAGE_SLOTS && outcome == FirmwareEndpoint::SendOutcome::kOk; ++i)
    outcome = firmware->endpoint().send(Message{0, msg::Pong{}});
  EXPECT_EQ(outcome, FirmwareEndpoint::SendOutcome::kPeerGone);
}

TEST(AMalformedMessage, IsSkippedAndTheNextOneRead) {
  auto [link, firmware] = connected();
  Entry bad = serialize(Message{0, msg::InputDone{}});  // cookie 0
  firmware->raw_push(bad);
  Entry good = serialize(Message{4, msg::InputDone{}});
  svpu_entry header = good.header();
  header.sequence = 1;
  good.set_header(header);
  firmware->raw_push(good);
  EXPECT_EQ(link->receive().outcome, HostLink::ReceiveOutcome::kMalformed);
  EXPECT_EQ(link->receive().outcome, HostLink::ReceiveOutcome::kMessage);
}

// attach() with what a wrong host could send.
class AFirmwareOfAWrongHost : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(make_packet_pair(host_, firmware_)); }
  int attach(const svpu_transport_hello& hello, std::span<const int> fds, size_t size = sizeof(svpu_transport_hello)) {
    EXPECT_TRUE(make_packet_pair(host_, firmware_));
    EXPECT_TRUE(send_packet(host_.get(), std::as_bytes(std::span(&hello, 1)).first(size), fds));
    auto endpoint = FirmwareEndpoint::attach(std::move(firmware_), 1s);
    return endpoint ? 0 : endpoint.error().code;
  }
  static svpu_transport_hello hello() { return {SVPU_TRANSPORT_HELLO, SVPU_REGION_SIZE, SVPU_ABI_MAJOR, 3, 0, {}}; }
  UniqueFd host_;
  UniqueFd firmware_;
  UniqueFd event_{raw::eventfd(0, EFD_CLOEXEC)};
};

TEST_F(AFirmwareOfAWrongHost, TimesOutWithoutAHello) {
  auto endpoint = FirmwareEndpoint::attach(std::move(firmware_), 10ms);
  ASSERT_FALSE(endpoint);
  EXPECT_EQ(endpoint.error().code, ETIMEDOUT);
}

TEST_F(AFirmwareOfAWrongHost, SeesTheHostLeave) {
  host_.reset();
  auto endpoint = FirmwareEndpoint::attach(std::move(firmware_), 1s);
  ASSERT_FALSE(endpoint);
  EXPECT_EQ(endpoint.error().code, ECONNRESET);
}

TEST_F(AFirmwareOfAWrongHost, RefusesARegionThatCanShrink) {
  const UniqueFd memory = some_memory();
  ASSERT_EQ(raw::ftruncate(memory.get(), SVPU_REGION_SIZE), 0);
  const int fds[] = {memory.get(), event_.get(), event_.get()};
  EXPECT_EQ(attach(hello(), fds), EINVAL);
}

TEST_F(AFirmwareOfAWrongHost, RefusesTooFewDescriptors) {
  auto region = Region::create(3);
  ASSERT_TRUE(region);
  const int fds[] = {region->fd(), event_.get()};
  EXPECT_EQ(attach(hello(), fds), EPROTO);
}

TEST_F(AFirmwareOfAWrongHost, RefusesAnotherGeneration) {
  auto region = Region::create(4);
  ASSERT_TRUE(region);
  const int fds[] = {region->fd(), event_.get(), event_.get()};
  EXPECT_EQ(attach(hello(), fds), EPROTO);
}

TEST_F(AFirmwareOfAWrongHost, RefusesAnotherAbi) {
  auto region = Region::create(3);
  ASSERT_TRUE(region);
  const int fds[] = {region->fd(), event_.get(), event_.get()};
  svpu_transport_hello other = hello();
  other.abi_major = SVPU_ABI_MAJOR + 1;
  EXPECT_EQ(attach(other, fds), EPROTONOSUPPORT);
}

// Version 1 had a shorter hello: the version is what is wrong with it.
TEST_F(AFirmwareOfAWrongHost, NamesTheVersionOfAnOldOne) {
  auto region = Region::create(3);
  ASSERT_TRUE(region);
  const int fds[] = {region->fd(), event_.get(), event_.get()};
  svpu_transport_hello old = hello();
  old.abi_major = 1;
  EXPECT_EQ(attach(old, fds, 16), EPROTONOSUPPORT);
  EXPECT_EQ(attach(hello(), fds, 16), EPROTO) << "cut";
}

TEST_F(AFirmwareOfAWrongHost, ServesOneSession) {
  auto region = Region::create(3);
  ASSERT_TRUE(region);
  const int fds[] = {region->fd(), event_.get(), event_.get()};
  svpu_transport_hello second = hello();
  second.session = 1;
  EXPECT_EQ(attach(second, fds), EPROTO);
}

TEST_F(AFirmwareOfAWrongHost, RefusesAnEmptyHeader) {
  auto memory = SharedMemory::create("test", SVPU_REGION_SIZE);
  ASSERT_TRUE(memory);
  const int fds[] = {memory->fd(), event_.get(), event_.get()};
  EXPECT_EQ(attach(hello(), fds), EPROTO);
}

TEST_F(AFirmwareOfAWrongHost, AcceptsARightOneAndSaysItsAbi) {
  auto region = Region::create(3);
  ASSERT_TRUE(region);
  const int fds[] = {region->fd(), event_.get(), event_.get()};
  EXPECT_EQ(attach(hello(), fds), 0);
  EXPECT_EQ(region->firmware_abi(), SVPU_ABI_MAJOR << 16 | SVPU_ABI_MINOR);
}

}  // namespace
}  // namespace softvpu::hfi
