# SPDX-License-Identifier: GPL-2.0-or-later
add_executable(softvpu-fw softvpu-fw/main.cc softvpu-fw/serve_device.cc softvpu-fw/serve_guests.cc
               softvpu-fw/session_arguments.cc softvpu-fw/memory_failures.cc)
target_include_directories(softvpu-fw PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
target_link_libraries(softvpu-fw PRIVATE softvpu_firmware softvpu_sandbox softvpu_hfi)
softvpu_harden(softvpu-fw)
install(TARGETS softvpu-fw DESTINATION ${CMAKE_INSTALL_LIBEXECDIR}/softvpu)
target_compile_definitions(softvpu-fw PRIVATE SOFTVPU_VERSION="${PROJECT_VERSION}")
