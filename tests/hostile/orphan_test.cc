// SPDX-License-Identifier: LGPL-2.1-or-later
// Real workers as they are started for a session: what they have, and that they end with a client
// that is killed, even if the client has a seccomp filter, which they inherit.
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/shared_memory.h"
#include "tests/contract/listener.h"
#include "tests/hostile/firmware_bench.h"
#include "tests/hostile/refuse_calls.h"
#include "vpu/driver.h"
#include "vpu/process_link.h"

namespace softvpu {
namespace {

using namespace std::chrono_literals;
using codec::contract::Listener;

// A client of one session, in a process of its own, that waits for its end.
class Client {
 public:
  explicit Client(std::initializer_list<long> refused = {}) {
    int ends[2];
    EXPECT_EQ(pipe2(ends, O_CLOEXEC), 0);
    client_ = fork();
    if (client_ == 0) run(refused, capabilities_.path(), ends[1]);
    close(ends[1]);
    const UniqueFd from(ends[0]);
    if (read(from.get(), &worker_, sizeof(worker_)) == sizeof(worker_) && worker_ > 0)
      pidfd_ = UniqueFd(static_cast<int>(syscall(SYS_pidfd_open, worker_, 0)));
  }
  ~Client() {
    kill();
    if (pidfd_) (void)syscall(SYS_pidfd_send_signal, pidfd_.get(), SIGKILL, nullptr, 0);
  }
  void kill() {
    if (client_ <= 0) return;
    ::kill(client_, SIGKILL);
    waitpid(client_, nullptr, 0);
    client_ = -1;
  }
  bool has_worker() const { return pidfd_.valid(); }
  bool worker_ends_within(int milliseconds) const {
    pollfd wait{pidfd_.get(), POLLIN, 0};
    return poll(&wait, 1, milliseconds) == 1;
  }
  std::string path(const char* name) const { return "/proc/" + std::to_string(worker_) + "/" + name; }
  std::string text(const char* name) const {
    std::stringstream all;
    all << std::ifstream(path(name)).rdbuf();
    return all.str();
  }
  std::string link(const std::string& name) const {
    std::error_code error;
    return std::filesystem::read_symlink(path(name.c_str()), error).string();
  }
  std::string field(const char* file, const std::string& name) const {
    std::istringstream lines(text(file));
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with(name)) return line.substr(name.size());
    }
    return {};
  }

 private:
  [[noreturn]] static void run(std::initializer_list<long> refused, const std::string& capabilities, int to) {
    setenv("SECRET", "of the client", 1);
    if (refused.size() != 0 && !hostile::refuse_calls(refused)) _exit(1);
    EventLoop loop;
    vpu::VpuConfig config{.capability_file = capabilities, .loop = &loop};
    pid_t worker = -1;
    config.make_link = [&]() -> Result<std::unique_ptr<hfi::HostLink>> {
      auto made = vpu::ProcessLink::start(SOFTVPU_FW);
      if (made) worker = static_cast<vpu::ProcessLink&>(**made).pid();
      return made;
    };
    vpu::VpuDriver driver(config);
    const auto listener = std::make_shared<Listener>();
    auto session = driver.open_session({.coded = kH264}, listener);
    if (!session || !(*session)->start()) _exit(2);
    // An input makes the worker announce that it is there, and answer.
    auto memory = SharedMemory::create("softvpu-buffer", 4096);
    const codec::PlaneMemory plane{memory->fd(), 0, 4096, 4096};
    (void)(*session)->map_buffer(codec::Direction::kInput, {0, 1}, {&plane, 1});
    (void)(*session)->queue_input({{0, 1}, codec::Cookie{1}, codec::Tag{1}, 0, 100});
    (void)listener->wait(5s, [](const auto& all) { return !all.empty(); });
    (void)!write(to, &worker, sizeof(worker));
    for (;;) pause();
  }

  const hostile::CapabilityFile capabilities_;
  pid_t client_ = -1;
  pid_t worker_ = -1;
  UniqueFd pidfd_;
};

TEST(AWorker, EndsWithItsClient) {
  Client client;
  ASSERT_TRUE(client.has_worker());
  EXPECT_FALSE(client.worker_ends_within(0));
  client.kill();
  EXPECT_TRUE(client.worker_ends_within(5000));
}

TEST(AWorker, EndsWithItsClientWhoseFilterRefusesPpoll) {
  Client client({SYS_ppoll});
  ASSERT_TRUE(client.has_worker());
  client.kill();
  EXPECT_TRUE(client.worker_ends_within(5000));
}

#if defined(SYS_poll)
TEST(AWorker, EndsAtOnceIfItsClientsFilterRefusesEveryPoll) {
  Client client({SYS_ppoll, SYS_poll});
  ASSERT_TRUE(client.has_worker());
  EXPECT_TRUE(client.worker_ends_within(5000));
}
#endif

TEST(AWorker, HasALimitOnProcessorTime) {
  const Client client;
  ASSERT_TRUE(client.has_worker());
  const std::string limit = client.field("limits", "Max cpu time");
  std::istringstream words(limit);
  unsigned seconds = 0;
  words >> seconds;
  EXPECT_GT(seconds, 0u) << limit;
}

TEST(AWorker, HasNothingOfItsClients) {
  if (geteuid() != 0) GTEST_SKIP() << "only root may look into a worker";
  const Client client;
  ASSERT_TRUE(client.has_worker());
  for (const char* fd : {"fd/0", "fd/1", "fd/2"}) EXPECT_EQ(client.link(fd), "/dev/null");
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(client.path("fd"), error))
    EXPECT_EQ(client.link("fd/" + entry.path().filename().string()).find("memfd"), std::string::npos);
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  EXPECT_EQ(client.text("environ").find("SECRET"), std::string::npos);  // the sanitizer's options are passed on
#else
  EXPECT_EQ(client.text("environ").size(), 0u);
#endif
  // Its session: the sixth field of stat, the fourth after the name.
  std::string stat = client.text("stat");
  stat.erase(0, stat.rfind(')') + 1);
  std::istringstream fields(stat);
  std::string state;
  long parent = 0;
  long group = 0;
  long session = 0;
  fields >> state >> parent >> group >> session;
  EXPECT_EQ(client.path(""), "/proc/" + std::to_string(session) + "/");
  // Inputs are mapped for reading, and can't be mapped otherwise: "sh" would be VM_MAYWRITE, which smaps shows as "mw".
  std::istringstream maps(client.text("smaps"));
  bool in_buffer = false;
  int buffers = 0;
  for (std::string line; std::getline(maps, line);) {
    if (line.find("softvpu-buffer") != std::string::npos) {
      in_buffer = true;
      ++buffers;
      EXPECT_NE(line.find("r--s"), std::string::npos) << line;
    }
    if (!in_buffer || !line.starts_with("VmFlags:")) continue;
    in_buffer = false;
    EXPECT_EQ(line.find(" mw"), std::string::npos) << line;
  }
  EXPECT_EQ(buffers, 1);
}

TEST(AWorker, IsAloneInItsPidNamespaceWhereThatCanBeHad) {
  const auto try_it = [](unsigned long namespaces) {
    const pid_t child = static_cast<pid_t>(syscall(SYS_clone, namespaces | SIGCHLD, nullptr, nullptr, nullptr, nullptr));
    if (child == 0) _exit(0);
    if (child > 0) waitpid(child, nullptr, 0);
    return child > 0;
  };
  if (!try_it(CLONE_NEWPID) && !try_it(CLONE_NEWUSER | CLONE_NEWPID)) GTEST_SKIP() << "this machine gives no pid namespace";
  const Client client;
  ASSERT_TRUE(client.has_worker());
  const std::string pids = client.field("status", "NSpid:");
  EXPECT_TRUE(pids.ends_with("\t1")) << pids;
}

}  // namespace
}  // namespace softvpu
