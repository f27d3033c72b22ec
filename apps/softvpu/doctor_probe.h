// SPDX-License-Identifier: LGPL-2.1-or-later
// What `softvpu doctor` runs under `softvpu run` to see whether a program gets the device. Called by main.cc for the hidden
// --probe.
#pragma once

namespace softvpu::cli {

// Prints one line; 0 when the device answered.
int doctor_probe();

}  // namespace softvpu::cli
