// SPDX-License-Identifier: LGPL-2.1-or-later
// Connects the parts: every node of the tree is a codec device of the upper half, on top of the
// lower half that speaks HFI. Called by open_file.cc with the opening lock held.
#include "front/preload/assembly.h"

#include <map>
#include <mutex>

#include "base/on_first_use.h"
#include "front/preload/open_file.h"
#include "v4l2/video_device.h"
#include "vpu/driver.h"

namespace softvpu::preload {
namespace {

struct Devices {
  std::mutex lock;
  std::map<uint32_t, std::shared_ptr<v4l2::VideoDevice>> by_minor;  // guarded by lock
  vpu::VpuDriver driver{vpu::VpuConfig::from_environment()};
};

OnFirstUse<Devices> devices;

v4l2::VideoDevice& device_for(const TreeEntry& entry) {
  Devices& all = devices.get();
  const std::lock_guard guard(all.lock);
  std::shared_ptr<v4l2::VideoDevice>& device = all.by_minor[entry.spec->minor];
  if (!device) {
    v4l2::VideoDeviceConfig config;
    config.node = *entry.spec;
    config.waiter = &cancellable_waiter();
    device = v4l2::make_codec_device(config, all.driver);
  }
  return *device;
}

}  // namespace

Result<std::shared_ptr<v4l2::FileHandle>> open_node(const TreeEntry& entry) { return device_for(entry).open(); }

void abandon_devices() { devices.abandon(); }

}  // namespace softvpu::preload
