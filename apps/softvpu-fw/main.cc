// SPDX-License-Identifier: GPL-2.0-or-later
// softvpu-fw: the codec worker of one session. Started by the host driver with the session's socket
// as fd 3 (docs/hfi.md, Process); loads what it needs, enters the jail (docs/threat-model.md), and
// only then reads the first byte of a stream.
#include <malloc.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <charconv>
#include <cstdio>
#include <cstring>
#include <optional>

#include <softvpu/fwdev.h>

#include "softvpu-fw/serve_device.h"
#include "softvpu-fw/serve_guests.h"
#include "softvpu-fw/session_arguments.h"

#include "firmware/announce.h"
#include "firmware/catalog.h"
#include "firmware/last_words.h"
#include "firmware/processor_lease.h"
#include "firmware/worker.h"
#include "hfi/firmware_endpoint.h"
#include "sandbox/jail.h"

namespace {

using namespace softvpu;

constexpr int kSocket = 3;
constexpr Duration kHelloLimit = std::chrono::seconds(10);
constexpr Duration kSpareLimit = std::chrono::hours(24 * 365);  // its socket's hang-up ends it before
constexpr int kHeapArenas = 2;                                  // more cost memory and make libc look for processors in /sys

enum ExitStatus { kGood = 0, kUsage = 2, kNoHost = 3, kNoJail = 4, kHostBroken = 5, kStuck = 6 };

void print_help() {
  std::printf(
      "usage: softvpu-fw --device NODE [--codecs LIST]\n"
      "       softvpu-fw --ivshmem-socket PATH [--sessions N] [--size MIB] [--codecs LIST]\n"
      "       softvpu-fw --help | --version\n"
      "\n"
      "The codec worker of one softvpu session. It isn't started by hand: the device starts it, with a socket as\n"
      "file descriptor %d, when a client starts streaming. To use the device, see: softvpu --help\n"
      "\n"
      "  --device NODE   be the firmware of the kernel module, usually /dev/softvpu-fw: one worker per session, until\n"
      "                  the module goes or a signal ends it. Example: softvpu-fw --device /dev/softvpu-fw\n"
      "  --ivshmem-socket PATH\n"
      "                  be the VPU of guests on QEMU (ivshmem-doorbell) until SIGTERM; prints QEMU's arguments. Each guest\n"
      "                  gets N sessions at a time (default 8, at most 32) and a region of MIB mebibytes (default 4096, a\n"
      "                  power of two; memory is used as it is written to)\n"
      "  --codecs LIST   offer these codecs alone, for example h264,vp8 (default: all that there are)\n"
      "\n"
      "exit status: 0 the session ended; 2 started by hand, or wrong arguments; 3 the host didn't say hello; 4 the jail couldn't "
      "be shut;\n"
      "             5 the host broke the protocol; 6 a stream took too long to decode;\n"
      "             7 the kernel's node or the guests' socket can't be served\n",
      kSocket);
}

bool is_socket(int fd) {
  int type = 0;
  socklen_t size = sizeof(type);
  return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_SEQPACKET;
}

hfi::FirmwareEndpoint* log_endpoint = nullptr;

// Serves one session to its end, in a process that does nothing else. `config` describes its jail.
int serve(Result<std::unique_ptr<hfi::FirmwareEndpoint>> attached, sandbox::JailConfig config,
          const firmware::Catalog& catalog = firmware::codec_catalog()) {
  mallopt(M_ARENA_MAX, kHeapArenas);
  signal(SIGPIPE, SIG_IGN);
  // The first process of a pid namespace has no default actions of signals.
  signal(SIGTERM, [](int) { _exit(kGood); });
  (void)prctl(PR_SET_NAME, "softvpu-fw");
  if (!attached) {
    std::fprintf(stderr, "softvpu-fw: %s\n", attached.error().reason.c_str());
    return kNoHost;
  }
  hfi::FirmwareEndpoint& endpoint = **attached;
  log_endpoint = &endpoint;
  firmware::install_last_words(endpoint);
  firmware::set_codec_log([](const char* line) { log_endpoint->debug("%s", line); });
  firmware::preload_codecs();

  firmware::ProcessorLease lease(firmware::ProcessorLease::usual_length());
  config.moves_cpu_limit = true;
  const auto jail = sandbox::enter_jail(config);
  if (!jail) {
    endpoint.last_words("worker: the jail can't be shut, so no stream is read: " + jail.error().reason);
    return kNoJail;
  }
  if (!jail->missing.empty()) endpoint.debug("jail: %s", jail->missing.c_str());

  firmware::Worker worker(endpoint, {.lease = &lease, .catalog = &catalog});
  if (!worker.say_ready(jail->seccomp ? SVPU_JAIL_SECCOMP : 0)) return kGood;
  switch (worker.run()) {
    case firmware::Worker::End::kHostGone:
    case firmware::Worker::End::kAborted:
      _exit(kGood);  // libavcodec may be at work: nobody waits for it
    case firmware::Worker::End::kProtocol:
      _exit(kHostBroken);
    case firmware::Worker::End::kStuck:
      _exit(kStuck);
  }
  _exit(kGood);
}

// The worker of a session that isn't there yet, kept by `softvpu run` (docs/adr/0018): loads what any session needs, reports its
// capabilities if somebody reads them, and waits. No stream can reach it before its hello, after which it is shut in as any other
// worker.
int serve_spare(bool announces) {
  mallopt(M_ARENA_MAX, kHeapArenas);
  firmware::preload_codecs();
  if (announces && !firmware::announce_capabilities(kSocket)) return kNoHost;
  auto attached = hfi::FirmwareEndpoint::attach(UniqueFd(kSocket), kSpareLimit);
  if (!attached && attached.error().code == ECONNRESET) return kGood;  // nobody wanted it
  return serve(std::move(attached), {});
}

// What the sessions of a server offer. `codecs` is its --codecs; nullptr: everything. Errors: those of Catalog::limited_to().
Result<firmware::Catalog> offered_codecs(const char* codecs) {
  if (codecs == nullptr) return firmware::codec_catalog();
  return firmware::codec_catalog().limited_to(codecs);
}

// A decimal number of an option; nullopt: it isn't one.
std::optional<uint32_t> parse_number(const char* text) {
  uint32_t value = 0;
  const char* end = text + std::strlen(text);
  const auto parsed = std::from_chars(text, end, value);
  if (parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
  return value;
}

// nullopt: not a valid use of --ivshmem-socket.
std::optional<apps::GuestOptions> parse_guest_options(int argc, char** argv) {
  apps::GuestOptions options;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (std::strcmp(argv[i], "--ivshmem-socket") == 0) {
      options.socket = argv[i + 1];
      continue;
    }
    const auto number = parse_number(argv[i + 1]);
    if (!number) return std::nullopt;
    if (std::strcmp(argv[i], "--sessions") == 0) {
      options.sessions = *number;
    } else if (std::strcmp(argv[i], "--size") == 0) {
      options.region_mib = *number;
    } else {
      return std::nullopt;
    }
  }
  if (argc % 2 == 0 || options.socket == nullptr) return std::nullopt;
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1 && (std::strcmp(argv[1], "--help") == 0 || std::strcmp(argv[1], "-h") == 0)) {
    print_help();
    return kGood;
  }
  if (argc > 1 && std::strcmp(argv[1], "--version") == 0) {
    std::printf("softvpu-fw %s, HFI %u.%u, %s\n", SOFTVPU_VERSION, SVPU_ABI_MAJOR, SVPU_ABI_MINOR,
                firmware::firmware_name().c_str());
    return kGood;
  }
  const char* codecs = apps::take_codecs(argc, argv);
  const Result<firmware::Catalog> catalog = offered_codecs(codecs);
  if (!catalog) {
    std::fprintf(stderr, "softvpu-fw: --codecs %s: %s\n", codecs, catalog.error().reason.c_str());
    return kUsage;
  }
  if (const auto generation = apps::parse_device_session(argc, argv)) {
    sandbox::JailConfig jail;
    jail.allowed_ioctl = SVPU_FW_GET_BUFFER;
    return serve(hfi::FirmwareEndpoint::over(hfi::attach_device(UniqueFd(kSocket), *generation)), jail, *catalog);
  }
  if (auto slot = apps::parse_slot_session(argc, argv)) {
    sandbox::JailConfig jail;
    jail.address_limit_bytes += slot->heap_size;
    jail.network_namespace = false;  // a guest may end its sessions faster than the kernel its network namespaces
    return serve(hfi::FirmwareEndpoint::over(hfi::attach_slot(std::move(*slot))), jail, *catalog);
  }
  const bool device = argc == 3 && std::strcmp(argv[1], "--device") == 0;
  auto guests = parse_guest_options(argc, argv);
  if (guests && codecs != nullptr) guests->codecs = codecs;
  if (device) return apps::serve_device(argv[2], codecs != nullptr ? codecs : "");
  if (guests) return apps::serve_guests(*guests);
  const bool announces = argc == 3 && std::strcmp(argv[2], "--announce") == 0;
  const bool spare = (argc == 2 || announces) && std::strcmp(argv[1], "--spare") == 0;
  if ((argc > 1 && !spare) || codecs != nullptr) {
    std::fprintf(stderr,
                 "softvpu-fw: invalid arguments; expected --device NODE, or --ivshmem-socket PATH with --sessions N and\n"
                 "--size MIB, decimal numbers, each with --codecs LIST. Try: softvpu-fw --help\n");
    return kUsage;
  }
  if (!is_socket(kSocket)) {
    std::fprintf(stderr,
                 "softvpu-fw: this is the worker that a softvpu device starts by itself; file descriptor %d isn't its socket.\n"
                 "Try: softvpu run -- ffmpeg -c:v h264_v4l2m2m -i clip.mp4 out.yuv\n",
                 kSocket);
    return kUsage;
  }
  if (spare) return serve_spare(announces);
  return serve(hfi::FirmwareEndpoint::attach(UniqueFd(kSocket), kHelloLimit), {});
}
