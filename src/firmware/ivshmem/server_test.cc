// SPDX-License-Identifier: GPL-2.0-or-later
// The ivshmem server against a fake QEMU over a socket pair: the protocol, sessions, and guests that write garbage everywhere.
#include "firmware/ivshmem/server.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <fstream>
#include <optional>
#include <random>

#include "base/clock.h"
#include "firmware/ivshmem/greeting.h"
#include "firmware/ivshmem/guest_socket.h"
#include "firmware/worker.h"
#include "hfi/messages.h"
#include "hfi/region.h"
#include "hfi/ring.h"

namespace softvpu::firmware::ivshmem {
namespace {

constexpr uint64_t kRegion = uint64_t{64} << 20;
constexpr uint32_t kSlots = 2;

struct Received {
  int64_t value = 0;
  UniqueFd fd;
};

// nullopt: there is no message.
std::optional<Received> receive_now(int socket) {
  const testing::ServerMessage message = testing::receive(socket, MSG_DONTWAIT);
  if (!message.arrived) return std::nullopt;
  return Received{message.value, UniqueFd(message.fd)};
}

// A guest and its QEMU: everything of the region is theirs to write.
class FakeGuest {
 public:
  explicit FakeGuest(Server& server) : server_(server) {
    int ends[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    socket_ = UniqueFd(ends[0]);
    adopted = server.adopt(UniqueFd(ends[1])).has_value();
    while (auto message = receive_now(socket_.get())) received.push_back(std::move(*message));
    if (received.size() < 3) return;
    auto mapped = Mapping::map(received[2].fd.get(), 0, kRegion, true);
    EXPECT_TRUE(mapped.has_value());
    if (mapped) memory_ = std::move(*mapped);
    // Workers are forked from this very process: what they inherit of the region must be the server's fault.
    EXPECT_EQ(madvise(memory_.data(), memory_.size(), MADV_DONTFORK), 0);
  }

  svpu_ivshmem_header& header() const { return *reinterpret_cast<svpu_ivshmem_header*>(memory_.data()); }
  svpu_ivshmem_slot& slot(uint32_t n) const {
    return reinterpret_cast<svpu_ivshmem_slot*>(memory_.data() + SVPU_IVSHMEM_SLOTS)[n];
  }
  std::byte* region(uint32_t n) const { return memory_.data() + header().first_slot + n * header().slot_size; }
  std::byte* heap(uint32_t n) const { return region(n) + header().heap_offset; }
  std::span<std::byte> memory() const { return memory_.bytes(); }

  void ring(uint32_t vector = 0) const {
    const uint64_t one = 1;
    EXPECT_EQ(write(received[3 + vector].fd.get(), &one, sizeof(one)), static_cast<ssize_t>(sizeof(one)));
  }
  // Interrupts of `vector` since the last call.
  uint64_t interrupts(uint32_t vector = 0) const {
    uint64_t count = 0;
    if (read(received[3 + kSlots + 1 + vector].fd.get(), &count, sizeof(count)) < 0) return 0;
    return count;
  }
  void set(svpu_u32& word, uint32_t value) const { __atomic_store_n(&word, value, __ATOMIC_RELEASE); }
  static uint32_t get(const svpu_u32& word) { return __atomic_load_n(&word, __ATOMIC_ACQUIRE); }

  // Runs the server until `done`. False: not within ten seconds.
  template <typename Done>
  bool until(Done done) const {
    const TimePoint end = system_clock().now() + std::chrono::seconds(10);
    while (!done()) {
      if (system_clock().now() > end) return false;
      server_.step(20);
    }
    return true;
  }
  void open_region(uint32_t n, uint32_t generation) const {
    std::memset(region(n), 0, SVPU_REGION_SIZE);
    svpu_header head{};
    head.magic = SVPU_MAGIC;
    head.abi_major = SVPU_ABI_MAJOR;
    head.region_size = SVPU_REGION_SIZE;
    head.generation = generation;
    std::memcpy(region(n), &head, sizeof(head));
  }
  bool start(uint32_t n, uint32_t generation) const {
    open_region(n, generation);
    set(slot(n).wanted, generation);
    ring();
    return until([&] { return get(slot(n).serving) == generation; });
  }
  void hang_up() { socket_.reset(); }
  void send_byte() const { EXPECT_EQ(send(socket_.get(), "x", 1, 0), 1); }

  bool adopted = false;
  std::vector<Received> received;

 private:
  Server& server_;
  UniqueFd socket_;
  Mapping memory_;
};

// Workers of the tests.
int sleep_until_hangup(hfi::SlotSession slot) {
  pollfd wait{slot.hangup.get(), POLLIN, 0};
  poll(&wait, 1, -1);
  return 0;
}
int end_at_once(hfi::SlotSession) { return 0; }
int decode(hfi::SlotSession slot) {
  auto endpoint = hfi::FirmwareEndpoint::over(hfi::attach_slot(std::move(slot)));
  if (!endpoint) return 1;
  Worker worker(**endpoint);
  if (worker.say_ready(0)) worker.run();
  _exit(0);
}

// Writes into the heap's first bytes what it can reach: "inside" or what else is mapped or open of the region.
int report_reach(hfi::SlotSession slot) {
  const uint64_t from = slot.region_offset;
  const uint64_t to = slot.heap_offset + slot.heap_size;
  const auto endpoint = hfi::FirmwareEndpoint::over(hfi::attach_slot(std::move(slot)));
  if (!endpoint) return 1;
  const auto memory = (*endpoint)->take_memory(hfi::Direction::kInput, {0, 1});
  std::byte* const heap = *(*memory)->map(0, {0, SVPU_PAGE, SVPU_PAGE}, true);
  std::string found;
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    if (line.find("softvpu-ivshmem") == std::string::npos) continue;
    unsigned long start = 0;
    unsigned long end = 0;
    unsigned long offset = 0;
    if (std::sscanf(line.c_str(), "%lx-%lx %*s %lx", &start, &end, &offset) != 3 || offset < from || offset + end - start > to)
      found += "mapped: " + line + "\n";
  }
  for (int fd = 0; fd < 4096; ++fd) {
    char name[256] = {};
    if (readlink(("/proc/self/fd/" + std::to_string(fd)).c_str(), name, sizeof(name) - 1) < 0) continue;
    if (std::strstr(name, "softvpu-ivshmem") != nullptr) found += std::string("open: ") + name + "\n";
  }
  if (found.empty()) found = "inside";
  std::memcpy(heap, found.c_str(), found.size() + 1);
  std::_Exit(0);
}

Layout layout() { return *Layout::make(kRegion, kSlots); }
Server::Log quiet() {
  return [](const std::string&) {};
}

TEST(ALayout, RefusesWhatIsNoBarOrHoldsNoStream) {
  EXPECT_FALSE(Layout::make(kRegion - 1, 1));
  EXPECT_FALSE(Layout::make(kRegion, 0));
  EXPECT_FALSE(Layout::make(kRegion, SVPU_IVSHMEM_MAX_SLOTS + 1));
  EXPECT_FALSE(Layout::make(kRegion, 8));
  const auto good = Layout::make(uint64_t{4} << 30, 8);
  ASSERT_TRUE(good);
  EXPECT_LE(good->slot_offset(7) + good->slot_size, good->region_size);
  EXPECT_GE(good->first_slot, Control::kSize);
  EXPECT_GE(good->heap_offset, SVPU_REGION_SIZE);
}

TEST(AGreeting, IsWhatQemuExpects) {
  Server server(layout(), sleep_until_hangup, quiet());
  const FakeGuest guest(server);
  ASSERT_EQ(guest.received.size(), 3 + 2 * (kSlots + 1));
  EXPECT_EQ(guest.received[0].value, 0);
  EXPECT_FALSE(guest.received[0].fd);
  EXPECT_EQ(guest.received[1].value, kGuestPeer);
  EXPECT_EQ(guest.received[2].value, -1);
  struct stat status {};
  ASSERT_EQ(fstat(guest.received[2].fd.get(), &status), 0);
  EXPECT_EQ(static_cast<uint64_t>(status.st_size), kRegion);
  for (uint32_t v = 0; v <= kSlots; ++v) {
    EXPECT_EQ(guest.received[3 + v].value, kServerPeer);
    EXPECT_EQ(guest.received[4 + kSlots + v].value, kGuestPeer);
    // A full counter must block neither QEMU nor us.
    EXPECT_TRUE(fcntl(guest.received[3 + v].fd.get(), F_GETFL) & O_NONBLOCK);
  }
  EXPECT_EQ(guest.header().magic, SVPU_IVSHMEM_MAGIC);
  EXPECT_EQ(guest.header().num_slots, kSlots);
  EXPECT_EQ(guest.header().region_size, kRegion);
  EXPECT_EQ(guest.header().up, 1u);
}

TEST(AServer, AnswersAPing) {
  Server server(layout(), sleep_until_hangup, quiet());
  const FakeGuest guest(server);
  guest.set(guest.header().ping, 77);
  guest.ring();
  EXPECT_TRUE(guest.until([&] { return guest.get(guest.header().pong) == 77; }));
  EXPECT_EQ(guest.interrupts(), 1u);
}

TEST(AServer, KeepsAWorkerAsLongAsItsSessionIsWanted) {
  Server server(layout(), sleep_until_hangup, quiet());
  const FakeGuest guest(server);
  ASSERT_TRUE(guest.start(1, 5));
  EXPECT_GT(guest.interrupts(), 0u);
  EXPECT_EQ(server.workers(), 1u);
  guest.set(guest.slot(1).wanted, 0);
  guest.ring();
  EXPECT_TRUE(guest.until([&] { return guest.get(guest.slot(1).serving) == 0 && guest.get(guest.slot(1).ended) == 0; }));
  EXPECT_EQ(server.workers(), 0u);
  EXPECT_GT(guest.interrupts(), 0u);
}

TEST(AServer, EndsAWorkerBeforeTheNextOfItsSlotBegins) {
  Server server(layout(), sleep_until_hangup, quiet());
  const FakeGuest guest(server);
  ASSERT_TRUE(guest.start(0, 5));
  const uint32_t first = guest.get(guest.slot(0).worker);
  ASSERT_TRUE(guest.start(0, 6));
  EXPECT_EQ(kill(static_cast<pid_t>(first), 0), -1);
  EXPECT_EQ(server.workers(), 1u);
}

// A guest can't keep the host busy with starts: 20 within a second, the others later.
TEST(AServer, StartsSoManyWorkersASecond) {
  Server server(layout(), sleep_until_hangup, quiet());
  const FakeGuest guest(server);
  const TimePoint begin = system_clock().now();
  for (uint32_t generation = 1; generation <= 41; ++generation) ASSERT_TRUE(guest.start(0, generation)) << generation;
  EXPECT_GE(system_clock().now() - begin, std::chrono::seconds(2));
}

TEST(AServer, ReportsThatAWorkerHasEndedAndDoesntStartItAgain) {
  Server server(layout(), end_at_once, quiet());
  const FakeGuest guest(server);
  guest.set(guest.slot(0).wanted, 9);
  guest.ring();
  ASSERT_TRUE(guest.until([&] { return guest.get(guest.slot(0).ended) == 9 && guest.get(guest.slot(0).serving) == 0; }));
  guest.ring();
  server.step(50);
  EXPECT_EQ(server.workers(), 0u);
  // The same number again is another session.
  guest.set(guest.slot(0).wanted, 0);
  guest.ring();
  ASSERT_TRUE(guest.until([&] { return guest.get(guest.slot(0).ended) == 0; }));
  guest.set(guest.slot(0).wanted, 9);
  guest.ring();
  EXPECT_TRUE(guest.until([&] { return guest.get(guest.slot(0).ended) == 9; }));
}

TEST(AServer, TakesAHeapsMemoryBack) {
  Server server(layout(), sleep_until_hangup, quiet());
  const FakeGuest guest(server);
  guest.set(guest.slot(0).held, 1);
  guest.ring();
  ASSERT_TRUE(guest.until([&] { return guest.get(guest.slot(0).kept) == 1; }));
  std::memset(guest.heap(0), 1, 1 << 20);
  std::memset(guest.heap(1), 1, 1 << 20);
  struct stat status {};
  fstat(guest.received[2].fd.get(), &status);
  const auto before = status.st_blocks;
  guest.set(guest.slot(0).held, 0);
  guest.ring();
  ASSERT_TRUE(guest.until([&] { return guest.get(guest.slot(0).kept) == 0; }));
  fstat(guest.received[2].fd.get(), &status);
  EXPECT_LE(status.st_blocks, before - (1 << 20) / 512);
  EXPECT_EQ(guest.heap(0)[1000], std::byte{0});
  EXPECT_EQ(guest.heap(1)[1000], std::byte{1});
}

TEST(AServer, EndsAGuestsSessionsWhenQemuHangsUp) {
  Server server(layout(), sleep_until_hangup, quiet());
  FakeGuest guest(server);
  const FakeGuest other(server);
  ASSERT_TRUE(guest.start(0, 1));
  ASSERT_TRUE(guest.start(1, 2));
  ASSERT_TRUE(other.start(0, 1));
  guest.hang_up();
  EXPECT_TRUE(other.until([&] { return server.guests() == 1; }));
  EXPECT_EQ(server.workers(), 1u);
}

TEST(AServer, DropsAQemuThatSendsAnything) {
  Server server(layout(), sleep_until_hangup, quiet());
  const FakeGuest guest(server);
  guest.send_byte();
  EXPECT_TRUE(guest.until([&] { return server.guests() == 0; }));
}

TEST(AServer, NotifiesItsGuestsOfItsEnd) {
  auto server = std::make_unique<Server>(layout(), sleep_until_hangup, quiet());
  const FakeGuest guest(*server);
  ASSERT_TRUE(guest.start(0, 1));
  (void)guest.interrupts();
  const auto worker = static_cast<pid_t>(guest.get(guest.slot(0).worker));
  server.reset();
  EXPECT_EQ(guest.get(guest.header().up), 0u);
  EXPECT_GT(guest.interrupts(), 0u);
  EXPECT_EQ(kill(worker, 0), -1);
}

TEST(AServer, TurnsAwayOneGuestTooMany) {
  Server server(layout(), sleep_until_hangup, quiet());
  std::vector<std::unique_ptr<FakeGuest>> guests;
  for (size_t i = 0; i < Server::kMostGuests; ++i) {
    guests.push_back(std::make_unique<FakeGuest>(server));
    EXPECT_TRUE(guests.back()->adopted);
  }
  EXPECT_FALSE(FakeGuest(server).adopted);
}

TEST(AServersSocket, IsPrivateAndTakenOverFromADeadServerOnly) {
  char folder[] = "/tmp/softvpu-ivshmem-test.XXXXXX";
  ASSERT_NE(mkdtemp(folder), nullptr);
  const std::string path = std::string(folder) + "/socket";
  {
    Server server(layout(), sleep_until_hangup, quiet());
    ASSERT_TRUE(server.listen(path));
    struct stat status {};
    ASSERT_EQ(stat(path.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600u);
    Server second(layout(), sleep_until_hangup, quiet());
    EXPECT_EQ(second.listen(path).error().code, EADDRINUSE);
  }
  EXPECT_NE(access(path.c_str(), F_OK), 0);
  {
    const UniqueFd dead(socket(AF_UNIX, SOCK_STREAM, 0));
    const sockaddr_un address = testing::unix_address(path.c_str());
    ASSERT_EQ(bind(dead.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  }
  {
    Server server(layout(), sleep_until_hangup, quiet());
    EXPECT_TRUE(server.listen(path));
  }
  rmdir(folder);
}

TEST(ASlotsWorker, ReachesItsSlotAndNothingElse) {
  Server server(layout(), report_reach, quiet());
  const FakeGuest other(server);
  const FakeGuest guest(server);
  guest.open_region(1, 3);
  guest.set(guest.slot(1).wanted, 3);
  guest.ring();
  ASSERT_TRUE(guest.until([&] { return guest.get(guest.slot(1).ended) == 3; }));
  EXPECT_STREQ(reinterpret_cast<const char*>(guest.heap(1)), "inside");
}

TEST(ASlotsWorker, AnswersCommands) {
  Server server(layout(), decode, quiet());
  const FakeGuest guest(server);
  ASSERT_TRUE(guest.start(0, 4));
  hfi::RingWriter commands(hfi::RingMemory::command(guest.region(0)));
  hfi::RingReader messages(hfi::RingMemory::message(guest.region(0)));
  ASSERT_EQ(commands.push(hfi::serialize(hfi::Command{0, hfi::cmd::QueryCapabilities{}})), hfi::PushOutcome::kOk);
  if (commands.take_reader_waiting()) guest.ring(1);
  bool ready = false;
  bool end = false;
  uint32_t codecs = 0;
  EXPECT_TRUE(guest.until([&] {
    hfi::Entry entry;
    while (messages.pop(entry) == hfi::PopOutcome::kOk) {
      const auto message = hfi::parse_message(entry);
      if (!message) return false;
      ready |= std::holds_alternative<hfi::msg::Ready>(message->body);
      codecs += std::holds_alternative<hfi::msg::Codec>(message->body) ? 1 : 0;
      end |= std::holds_alternative<hfi::msg::CapabilitiesEnd>(message->body);
    }
    return end;
  }));
  EXPECT_TRUE(ready);
  EXPECT_GE(codecs, 5u);
}

// MAP_BUFFER of memory that isn't in the heap ends the session with an error, not the worker with a crash.
TEST(ASlotsWorker, RefusesMemoryBeyondItsHeap) {
  Server server(layout(), decode, quiet());
  const FakeGuest guest(server);
  const uint64_t heap_size = layout().heap_size();
  uint32_t generation = 10;
  for (const auto& plane : {svpu_plane{heap_size, 4096, 4096}, svpu_plane{heap_size - 4096, 4096, 8192},
                            svpu_plane{uint64_t{1} << 62, 4096, 4096}, svpu_plane{0, 1u << 31, 0xfffff000u}}) {
    ASSERT_TRUE(guest.start(0, ++generation));
    hfi::RingWriter commands(hfi::RingMemory::command(guest.region(0)));
    hfi::RingReader messages(hfi::RingMemory::message(guest.region(0)));
    hfi::cmd::MapBuffer map{.direction = hfi::Direction::kOutput, .buffer = {0, 1}, .num_planes = 1};
    map.plane[0] = plane;
    ASSERT_EQ(commands.push(hfi::serialize(hfi::Command{0, map})), hfi::PushOutcome::kOk);
    if (commands.take_reader_waiting()) guest.ring(1);
    bool refused = false;
    EXPECT_TRUE(guest.until([&] {
      hfi::Entry entry;
      while (messages.pop(entry) == hfi::PopOutcome::kOk) {
        const auto message = hfi::parse_message(entry);
        refused |= message && std::holds_alternative<hfi::msg::SessionError>(message->body);
      }
      return refused || guest.get(guest.slot(0).ended) == generation;
    }));
    EXPECT_TRUE(refused);
  }
}

// The whole region is the guest's. Whatever it writes there: the server goes on, and the other guest's session doesn't notice.
TEST(AServer, SurvivesAGuestThatWritesGarbageEverywhere) {
  Server server(layout(), decode, quiet());
  const FakeGuest good(server);
  FakeGuest bad(server);
  ASSERT_TRUE(good.start(0, 8));
  const uint32_t worker = good.get(good.slot(0).worker);
  std::minstd_rand random(4711);
  for (int round = 0; round < 60; ++round) {
    // Control words, with small numbers among them, so that sessions do begin; then a region's rings.
    auto* words = reinterpret_cast<svpu_u32*>(bad.memory().data());
    for (size_t i = 0; i < (SVPU_IVSHMEM_SLOTS + kSlots * sizeof(svpu_ivshmem_slot)) / sizeof(svpu_u32); ++i)
      bad.set(words[i], random() % 3 == 0 ? static_cast<uint32_t>(random()) : static_cast<uint32_t>(random() % 4));
    // Geometry is only written by the server, never read again; FakeGuest would fall over it.
    const uint64_t at = layout().slot_offset(random() % kSlots);
    if (round % 2 == 0) {
      for (size_t i = 0; i < SVPU_REGION_SIZE / sizeof(svpu_u32); i += 1 + random() % 64)
        bad.set(words[at / sizeof(svpu_u32) + i], static_cast<uint32_t>(random()));
    }
    bad.ring(0);
    bad.ring(1 + static_cast<uint32_t>(random() % kSlots));
    server.step(5);
  }
  good.set(good.header().ping, 99);
  good.ring();
  EXPECT_TRUE(good.until([&] { return good.get(good.header().pong) == 99; }));
  EXPECT_EQ(good.get(good.slot(0).serving), 8u);
  EXPECT_EQ(good.get(good.slot(0).worker), worker);
  bad.hang_up();
  EXPECT_TRUE(good.until([&] { return server.guests() == 1; }));
  EXPECT_EQ(server.workers(), 1u);
}

}  // namespace
}  // namespace softvpu::firmware::ivshmem
