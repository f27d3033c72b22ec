// SPDX-License-Identifier: GPL-2.0-or-later
// softvpu-fw --ivshmem-socket as it is started in a terminal: what its workers have of it, and of each other, and which codecs
// they offer. The test plays QEMU and its guest over the server's socket.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <softvpu/hfi.h>
#include <softvpu/ivshmem.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <thread>

#include "base/shared_memory.h"
#include "firmware/ivshmem/guest_socket.h"
#include "hfi/messages.h"
#include "hfi/ring.h"

namespace softvpu {
namespace {

namespace ivshmem = firmware::ivshmem::testing;

using namespace std::chrono_literals;

constexpr uint64_t kRegion = uint64_t{64} << 20;
constexpr int kSessions = 2;

template <typename Condition>
bool eventually(Condition condition) {
  for (int i = 0; i < 1000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(10ms);
  }
  return false;
}

std::string of_process(pid_t pid, const std::string& name) { return "/proc/" + std::to_string(pid) + "/" + name; }

std::string text_of(const std::string& path) {
  std::stringstream all;
  all << std::ifstream(path).rdbuf();
  return all.str();
}

// Where the kernel has put a process's parts: the first address of each name.
std::map<std::string, std::string> layout_of(pid_t pid) {
  std::map<std::string, std::string> found;
  std::istringstream maps(text_of(of_process(pid, "maps")));
  for (std::string line; std::getline(maps, line);) {
    for (const char* part : {"/softvpu-fw", "/libc.so", "/libavcodec.so", "[heap]", "[stack]"}) {
      if (line.find(part) != std::string::npos) found.emplace(part, line.substr(0, line.find('-')));
    }
  }
  return found;
}

class AServerInATerminal : public testing::Test {
 protected:
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "only root may look into workers";
    ASSERT_NE(mkdtemp(folder_), nullptr);
    path_ = std::string(folder_) + "/socket";
    terminal_ = UniqueFd(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
    if (!terminal_ || grantpt(terminal_.get()) != 0 || unlockpt(terminal_.get()) != 0) GTEST_SKIP() << "no pseudo terminal here";
    char name[64];
    ASSERT_EQ(ptsname_r(terminal_.get(), name, sizeof(name)), 0);
    server_ = fork();
    if (server_ == 0) run_server(name);
    ASSERT_TRUE(eventually([this] { return connect_to_server(); }));
    for (int i = 0; i < 3 + 2 * (kSessions + 1); ++i) messages_.push_back(receive());
    auto memory = Mapping::map(messages_[2].get(), 0, kRegion, true);
    ASSERT_TRUE(memory);
    memory_ = std::move(*memory);
  }
  void TearDown() override {
    kill_server();
    unlink(path_.c_str());
    rmdir(folder_);
  }

  void kill_server() {
    if (server_ <= 0) return;
    kill(server_, SIGKILL);
    waitpid(server_, nullptr, 0);
    server_ = -1;
  }

  std::byte* region(uint32_t n) {
    const auto& header = *reinterpret_cast<const svpu_ivshmem_header*>(memory_.data());
    return memory_.data() + header.first_slot + n * header.slot_size;
  }
  // Vector 0 is the control words', 1 slot 0's, …
  void ring(uint32_t vector) const {
    const uint64_t one = 1;
    EXPECT_EQ(write(messages_[3 + vector].get(), &one, sizeof(one)), static_cast<ssize_t>(sizeof(one)));
  }

  // The process of a session that begins in slot `n`; -1: none did.
  pid_t start(uint32_t n) {
    auto& slot = reinterpret_cast<svpu_ivshmem_slot*>(memory_.data() + SVPU_IVSHMEM_SLOTS)[n];
    svpu_header head{};
    head.magic = SVPU_MAGIC;
    head.abi_major = SVPU_ABI_MAJOR;
    head.region_size = SVPU_REGION_SIZE;
    head.generation = 7 + n;
    std::memcpy(region(n), &head, sizeof(head));
    __atomic_store_n(&slot.wanted, head.generation, __ATOMIC_RELEASE);
    ring(0);
    if (!eventually([&] { return __atomic_load_n(&slot.serving, __ATOMIC_ACQUIRE) == head.generation; })) return -1;
    const auto worker = static_cast<pid_t>(__atomic_load_n(&slot.worker, __ATOMIC_ACQUIRE));
    // Jailed, it has a filter.
    const bool jailed =
        eventually([&] { return text_of(of_process(worker, "status")).find("\nSeccomp:\t2\n") != std::string::npos; });
    return jailed ? worker : -1;
  }

 private:
  [[noreturn]] void exec_server() const {
    setenv("SECRET", "of the server", 1);
    execl(SOFTVPU_FW, "softvpu-fw", "--ivshmem-socket", path_.c_str(), "--sessions", "2", "--size", "64",
          codecs_ != nullptr ? "--codecs" : nullptr, codecs_, nullptr);
    _exit(127);
  }
  [[noreturn]] void run_server(const char* terminal) const {
    setsid();
    const int fd = open(terminal, O_RDWR);  // its controlling terminal
    for (int number = 0; number < 3; ++number) dup2(fd, number);
    if (fd > 2) close(fd);
    exec_server();
  }
  bool connect_to_server() {
    socket_ = UniqueFd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    return ivshmem::connect_to(socket_.get(), path_.c_str());
  }
  UniqueFd receive() const {
    const ivshmem::ServerMessage message = ivshmem::receive(socket_.get(), MSG_WAITALL);
    EXPECT_TRUE(message.arrived);
    return UniqueFd(message.fd);
  }

 protected:
  const char* codecs_ = nullptr;  // --codecs; nullptr: without
  char folder_[40] = "/tmp/softvpu-server-test.XXXXXX";
  std::string path_;
  UniqueFd terminal_;
  pid_t server_ = -1;
  UniqueFd socket_;
  std::vector<UniqueFd> messages_;
  Mapping memory_;
};

TEST_F(AServerInATerminal, GivesItsWorkersNothingOfIt) {
  const pid_t worker = start(0);
  ASSERT_GT(worker, 0);
  std::error_code error;
  int descriptors = 0;
  for (const auto& entry : std::filesystem::directory_iterator(of_process(worker, "fd"), error)) {
    const std::string target = std::filesystem::read_symlink(entry.path(), error).string();
    EXPECT_EQ(target.find("/dev/pts"), std::string::npos) << entry.path() << " is " << target;
    EXPECT_EQ(target.find("memfd"), std::string::npos) << entry.path() << " is " << target;
    ++descriptors;
  }
  EXPECT_GE(descriptors, 6) << error.message();
  for (const char* fd : {"fd/0", "fd/1", "fd/2"})
    EXPECT_EQ(std::filesystem::read_symlink(of_process(worker, fd), error), "/dev/null");
  EXPECT_EQ(text_of(of_process(worker, "environ")).size(), 0u);
  EXPECT_EQ(getsid(worker), worker);
}

TEST_F(AServerInATerminal, HasWorkersThatDontKnowEachOthersLayout) {
  const pid_t first = start(0);
  const pid_t second = start(1);
  ASSERT_GT(first, 0);
  ASSERT_GT(second, 0);
  const auto of_server = layout_of(server_);
  const auto of_first = layout_of(first);
  const auto of_second = layout_of(second);
  // AddressSanitizer's allocator has no heap of that name.
  for (const char* part : {"/softvpu-fw", "/libc.so", "/libavcodec.so", "[stack]"}) ASSERT_TRUE(of_first.contains(part)) << part;
  ASSERT_EQ(of_first.size(), of_second.size());
  for (const auto& [part, address] : of_first) {
    EXPECT_NE(address, of_second.at(part)) << part;
    EXPECT_TRUE(!of_server.contains(part) || address != of_server.at(part)) << part;
  }
}

class AServerOfOneCodec : public AServerInATerminal {
 protected:
  AServerOfOneCodec() { codecs_ = "FWHT"; }
};

TEST_F(AServerOfOneCodec, OffersNoOther) {
  ASSERT_GT(start(0), 0);
  hfi::RingWriter commands(hfi::RingMemory::command(region(0)));
  hfi::RingReader messages(hfi::RingMemory::message(region(0)));
  const auto send = [&](const hfi::cmd::Body& body) {
    ASSERT_EQ(commands.push(hfi::serialize(hfi::Command{0, body})), hfi::PushOutcome::kOk);
    if (commands.take_reader_waiting()) ring(1);
  };
  std::vector<std::string> offered;
  const auto until = [&](const auto& done) {
    return eventually([&] {
      for (hfi::Entry entry; messages.pop(entry) == hfi::PopOutcome::kOk;) {
        const auto message = hfi::parse_message(entry);
        if (!message) return false;
        if (const auto* codec = std::get_if<hfi::msg::Codec>(&message->body))
          offered.push_back(to_string(static_cast<FourCC>(codec->coded)));
        if (done(message->body)) return true;
      }
      return false;
    });
  };
  send(hfi::cmd::QueryCapabilities{});
  ASSERT_TRUE(until([](const hfi::msg::Body& body) { return std::holds_alternative<hfi::msg::CapabilitiesEnd>(body); }));
  EXPECT_EQ(offered, (std::vector<std::string>{"FWHT", "FWHT"}));  // its decoder and its encoder
  // Nor does it make one for a guest that asks all the same.
  send(hfi::cmd::Configure{.role = Role::kDecoder, .coded = static_cast<uint32_t>(kH264)});
  ASSERT_TRUE(until([](const hfi::msg::Body& body) {
    const auto* configured = std::get_if<hfi::msg::Configured>(&body);
    return configured != nullptr && configured->status == hfi::WireStatus::kUnsupported;
  }));
}

// As one that a stream has taken over, and that ignores its hang-up.
TEST_F(AServerInATerminal, TakesAStoppedWorkerWithIt) {
  const pid_t worker = start(0);
  ASSERT_GT(worker, 0);
  const UniqueFd pidfd(static_cast<int>(syscall(SYS_pidfd_open, worker, 0)));
  ASSERT_TRUE(pidfd);
  kill(worker, SIGSTOP);
  kill_server();
  pollfd death{pidfd.get(), POLLIN, 0};
  EXPECT_EQ(poll(&death, 1, 10'000), 1);
}

}  // namespace
}  // namespace softvpu
