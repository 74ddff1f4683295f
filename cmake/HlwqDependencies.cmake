# Everything comes from the distribution (scripts/install-deps.sh).
find_package(Threads REQUIRED)
find_package(TBB REQUIRED)
find_package(fmt REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(hwy REQUIRED)
find_path(HLWQ_XXHASH_INCLUDE xxhash.h REQUIRED)  # used header-only
if(HLWQ_BUILD_TESTS)
  find_package(GTest REQUIRED)
  include(GoogleTest)
endif()
if(HLWQ_BUILD_BENCH)
  find_package(benchmark REQUIRED)
endif()
