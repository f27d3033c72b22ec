// SPDX-License-Identifier: LGPL-2.1-or-later
// The driver over HFI with the codec process that belongs to this program. Called by verb_list.cc and doctor_parts.cc.
#include "apps/softvpu/local_driver.h"

#include "apps/softvpu/installation.h"
#include "vpu/driver.h"

namespace softvpu::cli {

Result<std::unique_ptr<codec::Driver>> local_driver() {
  Result<std::string> firmware = firmware_program();
  if (!firmware) return fail(firmware.error().code, "softvpu-fw: " + firmware.error().reason);
  vpu::VpuConfig config = vpu::VpuConfig::from_environment();
  config.firmware = *firmware;
  config.workers.clear();
  config.capability_file.clear();  // what it can do now, not what it could when somebody asked
  return std::make_unique<vpu::VpuDriver>(std::move(config));
}

}  // namespace softvpu::cli
