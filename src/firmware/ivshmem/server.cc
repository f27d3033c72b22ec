// SPDX-License-Identifier: GPL-2.0-or-later
// The ivshmem server: see server.h.
#include "firmware/ivshmem/server.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace softvpu::firmware::ivshmem {
namespace {

constexpr int kBacklog = 4;
constexpr int kSoonMs = 20;
constexpr Duration kAcceptPause = std::chrono::seconds(1);  // while there is no descriptor, or no memory, for another guest

UniqueFd make_socket() { return UniqueFd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)); }

bool has_listener(const sockaddr_un& address) {
  const UniqueFd probe = make_socket();
  return connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0 || errno == EAGAIN;
}

}  // namespace

Server::Server(const Layout& layout, ServeSlot serve, Log log)
    : layout_(layout),
      serve_(std::move(serve)),
      make_worker_([this] { return std::make_unique<ForkedSlotWorker>(serve_); }),
      log_(std::move(log)) {}

Server::~Server() {
  if (listener_) (void)unlink(path_.c_str());
}

Status Server::listen(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof(address.sun_path)) return fail(ENAMETOOLONG, "the socket's name");
  std::memcpy(address.sun_path, path.data(), path.size());
  struct stat status {};
  if (lstat(path.c_str(), &status) == 0 && S_ISSOCK(status.st_mode)) {
    if (has_listener(address)) return fail(EADDRINUSE, "a server listens there already");
    (void)unlink(path.c_str());
  }
  UniqueFd listener = make_socket();
  if (!listener) return fail_errno("socket");
  const mode_t mask = umask(0177);
  const int bound = bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  const int error = errno;
  umask(mask);
  if (bound != 0) return fail(error, "bind");
  path_ = path;
  listener_ = std::move(listener);
  if (::listen(listener_.get(), kBacklog) != 0) return fail_errno("listen");
  return {};
}

Status Server::adopt(UniqueFd socket) {
  if (guests_.size() == kMostGuests) return fail(EUSERS, std::to_string(kMostGuests) + " guests are served already");
  auto guest = Guest::create(std::move(socket), layout_, make_worker_, "guest " + std::to_string(++taken_in_));
  if (!guest) return Unexpected(guest.error());
  log_((*guest)->name() + " has connected");
  guests_.push_back(std::move(*guest));
  return {};
}

void Server::accept_guest() {
  UniqueFd socket(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!socket) {
    const int error = errno;
    if (error != EMFILE && error != ENFILE && error != ENOMEM && error != ENOBUFS) return;  // it left, or a signal came
    // It stays in the queue, and the listener readable: asking again at once would be all that this process does.
    log_(std::string("a guest has to wait: ") + std::strerror(error));
    accept_again_at_ = system_clock().now() + kAcceptPause;
    return;
  }
  if (const auto adopted = adopt(std::move(socket)); !adopted)
    log_("a guest is turned away: " + adopted.error().reason + ": " + std::strerror(adopted.error().code));
}

bool Server::step(int timeout_ms, int stop_fd) {
  std::vector<pollfd> fds;
  fds.push_back({stop_fd, POLLIN, 0});
  const bool paused = accept_again_at_ > system_clock().now();
  fds.push_back({paused ? -1 : listener_.get(), POLLIN, 0});  // -1, also without one: poll() passes over it
  for (const auto& guest : guests_) guest->collect(fds);
  if (due_ == Guest::Due::kAtOnce) timeout_ms = 0;
  if ((due_ == Guest::Due::kSoon || paused) && (timeout_ms < 0 || timeout_ms > kSoonMs)) timeout_ms = kSoonMs;
  if (poll(fds.data(), fds.size(), timeout_ms) < 0) return true;  // a signal
  if ((fds[0].revents & POLLIN) != 0) return false;
  if ((fds[1].revents & POLLIN) != 0) accept_guest();
  // Every guest gets the same share of each round, whatever the others do.
  due_ = Guest::Due::kNothing;
  for (const auto& guest : guests_) {
    due_ = std::max(due_, guest->look());
    if (const std::string error = guest->take_error(); !error.empty()) log_(guest->name() + ": " + error);
  }
  std::erase_if(guests_, [this](const auto& guest) {
    if (!guest->over()) return false;
    log_(guest->name() + " has hung up");
    return true;
  });
  return true;
}

uint32_t Server::workers() const {
  uint32_t count = 0;
  for (const auto& guest : guests_) count += guest->workers();
  return count;
}

}  // namespace softvpu::firmware::ivshmem
