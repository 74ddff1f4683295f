# libtorch for study/: target hlwq_torch and HLWQ_HAS_TORCH. Either Debian's libtorch-dev, or what lies in a PyTorch
# wheel, with or without CUDA:
#
#   cmake -DHLWQ_TORCH_ROOT="$(python3 -c 'import os, torch; print(os.path.dirname(torch.__file__))')" ...
#
# Headers and libraries are found by hand: a wheel's own package file wants the CUDA toolkit that it was built with.
set(HLWQ_TORCH_ROOT "" CACHE PATH "The torch folder of a PyTorch wheel; empty: the system's libtorch")

set(HLWQ_HAS_TORCH FALSE)
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 15)
  # In C++20 it wants complete types where these headers have none yet (std::vector<c10::IValue>).
  message(STATUS "This clang does not take libtorch's headers in C++20: study/ is left out")
  return()
endif()
set(torch_hints)
if(HLWQ_TORCH_ROOT)
  set(torch_hints PATHS "${HLWQ_TORCH_ROOT}" NO_DEFAULT_PATH)
endif()
unset(HLWQ_TORCH_INCLUDE CACHE)
unset(HLWQ_TORCH_CPU CACHE)
unset(HLWQ_TORCH_C10 CACHE)
unset(HLWQ_TORCH_CUDA CACHE)
find_path(HLWQ_TORCH_INCLUDE torch/csrc/api/include/torch/torch.h ${torch_hints} PATH_SUFFIXES include)
find_library(HLWQ_TORCH_CPU torch_cpu ${torch_hints} PATH_SUFFIXES lib)
find_library(HLWQ_TORCH_C10 c10 ${torch_hints} PATH_SUFFIXES lib)
find_library(HLWQ_TORCH_CUDA torch_cuda ${torch_hints} PATH_SUFFIXES lib)
if(NOT (HLWQ_TORCH_INCLUDE AND HLWQ_TORCH_CPU AND HLWQ_TORCH_C10))
  message(STATUS "libtorch is not there: study/ is left out (scripts/install-deps.sh study)")
  return()
endif()
set(HLWQ_HAS_TORCH TRUE)
message(STATUS "libtorch: ${HLWQ_TORCH_CPU}")

add_library(hlwq_torch INTERFACE)
target_include_directories(hlwq_torch SYSTEM INTERFACE
  ${HLWQ_TORCH_INCLUDE} ${HLWQ_TORCH_INCLUDE}/torch/csrc/api/include)
# Compiled with the sanitizers, its headers tell of things inside a library that was not.
target_link_libraries(hlwq_torch INTERFACE ${HLWQ_TORCH_CPU} ${HLWQ_TORCH_C10})
if(HLWQ_TORCH_CUDA)
  # Nothing refers to it by name: it registers itself.
  target_link_libraries(hlwq_torch INTERFACE "-Wl,--no-as-needed,${HLWQ_TORCH_CUDA},--as-needed")
endif()
if(HLWQ_TORCH_ROOT)
  target_link_options(hlwq_torch INTERFACE "-Wl,-rpath,${HLWQ_TORCH_ROOT}/lib")
endif()
