# Options and the compile settings shared by every target. No ISA flags: kernels choose their
# target at run time (CONTRIBUTING.md, "Add a kernel").
option(HLWQ_BUILD_TESTS "Build the tests and the fuzz targets" ${PROJECT_IS_TOP_LEVEL})
option(HLWQ_BUILD_BENCH "Build the benchmarks" ${PROJECT_IS_TOP_LEVEL})
option(HLWQ_BUILD_STUDY "Build study/ where libtorch is found" ${PROJECT_IS_TOP_LEVEL})
option(HLWQ_INSTALL "Install the program, the libraries and the CMake package" ${PROJECT_IS_TOP_LEVEL})
option(HLWQ_WERROR "Treat warnings as errors" ${PROJECT_IS_TOP_LEVEL})
option(HLWQ_LIBFUZZER "Link the fuzz targets with libFuzzer (clang only)" OFF)
set(HLWQ_SANITIZE "" CACHE STRING "Sanitizers, as -fsanitize= takes them (address,undefined or thread)")
option(HLWQ_ONE_VECTOR_TARGET "Vector kernels for AVX2 alone (and the scalar code)" OFF)
set(HLWQ_TESTS "" CACHE STRING "The folders of tests/ to build; none: all")

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Build type" FORCE)
endif()

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

if(PROJECT_IS_TOP_LEVEL)
  find_program(HLWQ_CCACHE ccache)
  if(HLWQ_CCACHE)
    set(CMAKE_CXX_COMPILER_LAUNCHER "${HLWQ_CCACHE}")
  endif()
endif()

add_library(hlwq_settings INTERFACE)
target_compile_options(hlwq_settings INTERFACE
  # A product is rounded before it is added, on every processor: the same weights give the same file
  # (docs/format.md, "Arithmetic"). Where fusing is wanted, kernels say so.
  $<BUILD_INTERFACE:-ffp-contract=off>
  $<BUILD_INTERFACE:-Wall> $<BUILD_INTERFACE:-Wextra> $<BUILD_INTERFACE:-Wshadow>
  $<BUILD_INTERFACE:-Wnon-virtual-dtor>
  # Designated initializers leave members at their defaults on purpose.
  $<BUILD_INTERFACE:-Wno-missing-field-initializers>)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # False alarms inside std::string's operator+ (GCC bug 105651), on ARM under other names as well.
  target_compile_options(hlwq_settings INTERFACE $<BUILD_INTERFACE:-Wno-restrict>)
  if(CMAKE_SYSTEM_PROCESSOR STREQUAL "aarch64")
    target_compile_options(hlwq_settings INTERFACE
      $<BUILD_INTERFACE:-Wno-array-bounds> $<BUILD_INTERFACE:-Wno-stringop-overflow>)
  endif()
endif()
if(CMAKE_UNITY_BUILD)
  # It takes the files of a unity build for headers.
  target_compile_options(hlwq_settings INTERFACE $<BUILD_INTERFACE:-Wno-subobject-linkage>)
endif()
if(HLWQ_WERROR)
  target_compile_options(hlwq_settings INTERFACE $<BUILD_INTERFACE:-Werror>)
endif()
if(HLWQ_SANITIZE)
  foreach(flag -fsanitize=${HLWQ_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
    target_compile_options(hlwq_settings INTERFACE $<BUILD_INTERFACE:${flag}>)
  endforeach()
  target_link_options(hlwq_settings INTERFACE $<BUILD_INTERFACE:-fsanitize=${HLWQ_SANITIZE}>)
endif()
if(HLWQ_LIBFUZZER)
  target_compile_options(hlwq_settings INTERFACE $<BUILD_INTERFACE:-fsanitize=fuzzer-no-link>)
endif()
