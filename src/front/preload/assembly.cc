// SPDX-License-Identifier: LGPL-2.1-or-later
// The product's assembly: every node of the tree is a codec device of the upper half over the lower half that speaks HFI.
// Called by open_file.cc with the opening lock held.
#include "front/preload/assembly.h"

#include <map>
#include <mutex>

#include "front/preload/open_file.h"
#include "v4l2/video_device.h"
#include "vpu/driver.h"

namespace softvpu::preload {
namespace {

// Leaked on purpose, with everything they hold: threads of the program may still be inside at exit.
codec::Driver& driver() {
  static vpu::VpuDriver* const the_driver = new vpu::VpuDriver(vpu::VpuConfig::from_environment());
  return *the_driver;
}

v4l2::VideoDevice& device_for(const TreeEntry& node) {
  static std::mutex& lock = *new std::mutex;
  static auto& devices = *new std::map<uint32_t, std::shared_ptr<v4l2::VideoDevice>>;
  const std::lock_guard guard(lock);
  std::shared_ptr<v4l2::VideoDevice>& device = devices[node.minor];
  if (!device) {
    v4l2::VideoDeviceConfig config;
    config.minor = node.minor;
    config.multiplanar = node.multiplanar;
    config.codec_threads = node.threads;
    config.waiter = &cancellable_waiter();
    device = v4l2::make_codec_device(config, driver());
  }
  return *device;
}

}  // namespace

Result<std::shared_ptr<v4l2::FileHandle>> open_node(const TreeEntry& node) {
  if (node.encoder) return fail(ENXIO, "this build of softvpu has no encoder");
  return device_for(node).open();
}

}  // namespace softvpu::preload
