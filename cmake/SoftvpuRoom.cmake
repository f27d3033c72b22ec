# SPDX-License-Identifier: LGPL-2.1-or-later
# softvpu_room(NAME [USES room...] [LIBS library...] [EXCLUDE regex]): a folder is one static library `softvpu_NAME` of all its
# *.cc (not *_test.cc, *_main.cc), and its *_test.cc are the GoogleTest program `NAME_test` (label unit).
find_package(PkgConfig REQUIRED)
if(SOFTVPU_BUILD_TESTS)
  find_package(GTest REQUIRED)
  include(GoogleTest)
endif()

add_library(softvpu_flags INTERFACE)
target_include_directories(softvpu_flags INTERFACE ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR}/include/uapi)
target_compile_options(softvpu_flags INTERFACE -Wall -Wextra -Wshadow -Wnon-virtual-dtor -Wno-missing-field-initializers -Werror)
target_compile_definitions(softvpu_flags INTERFACE _GNU_SOURCE)
if(SOFTVPU_SANITIZE)
  add_compile_options(-fsanitize=${SOFTVPU_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=undefined)
  add_link_options(-fsanitize=${SOFTVPU_SANITIZE})
  # g++ 12 takes what the sanitizers add inside std::regex for an uninitialised read.
  target_compile_options(softvpu_flags INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
endif()
if(SOFTVPU_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)  # what fuzz targets link must tell them which code they reached
endif()

if(SOFTVPU_FUZZ)
  # The rooms under test report their coverage, or the fuzzer would be blind.
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

function(softvpu_room name)
  cmake_parse_arguments(ARG "" "EXCLUDE" "USES;LIBS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc ${CMAKE_CURRENT_SOURCE_DIR}/*/*.cc)
  list(FILTER sources EXCLUDE REGEX "(_test|_main)\\.cc$")
  if(ARG_EXCLUDE)
    list(FILTER sources EXCLUDE REGEX "${ARG_EXCLUDE}")
  endif()
  if(NOT sources)
    message(FATAL_ERROR "room ${name} has no sources")
  endif()
  add_library(softvpu_${name} STATIC ${sources})
  target_link_libraries(softvpu_${name} PUBLIC softvpu_flags ${ARG_LIBS})
  # No exceptions below main(): a forced unwind (thread cancellation) must pass, and none may cross the C ABI.
  target_compile_options(softvpu_${name} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:-fno-exceptions>)
  foreach(use ${ARG_USES})
    target_link_libraries(softvpu_${name} PUBLIC softvpu_${use})
  endforeach()
  if(SOFTVPU_BUILD_TESTS)
    file(GLOB tests CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*_test.cc ${CMAKE_CURRENT_SOURCE_DIR}/*/*_test.cc)
    if(tests)
      softvpu_test(${name}_test LABELS unit SOURCES ${tests} LIBS softvpu_${name})
    endif()
  endif()
endfunction()

# softvpu_test(NAME LABELS label... SOURCES file... LIBS target... [TIMEOUT seconds]): a GoogleTest program, its tests known to CTest.
function(softvpu_test name)
  cmake_parse_arguments(ARG "" "TIMEOUT" "LABELS;SOURCES;LIBS" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  add_executable(${name} ${ARG_SOURCES})
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR})
  target_link_libraries(${name} PRIVATE ${ARG_LIBS} softvpu_flags GTest::gmock GTest::gtest_main)
  gtest_discover_tests(${name} PROPERTIES LABELS "${ARG_LABELS}" TIMEOUT ${ARG_TIMEOUT} DISCOVERY_TIMEOUT 60)
endfunction()
