# The command line: softvpu run, list, doctor.
find_package(CLI11 REQUIRED)
find_package(fmt REQUIRED)
find_package(nlohmann_json REQUIRED)

file(GLOB softvpu_sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/softvpu/*.cc)
add_executable(softvpu ${softvpu_sources})
target_include_directories(softvpu PRIVATE ${CMAKE_SOURCE_DIR})
target_compile_definitions(softvpu PRIVATE SOFTVPU_VERSION="${PROJECT_VERSION}" SOFTVPU_LIBDIR="${CMAKE_INSTALL_LIBDIR}"
  SOFTVPU_LIBEXECDIR="${CMAKE_INSTALL_LIBEXECDIR}")
target_link_libraries(softvpu PRIVATE softvpu_vpu softvpu_v4l2 softvpu_flags CLI11::CLI11 fmt::fmt nlohmann_json::nlohmann_json)
softvpu_harden(softvpu)
install(TARGETS softvpu RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
