include(GNUInstallDirs)

# hlwq_add_box(NAME [PROGRAM] SOURCES ... [DEPS box ...] [LINK lib ...] [PRIVATE_LINK lib ...])
#
# The library of one folder of src/: target hlwq_NAME, alias hlwq::NAME. DEPS are other boxes and
# must follow the arrows that tools/check_layers.py knows; the include check runs before each build.
# PROGRAM: the program's own, no part of the library that others link.
function(hlwq_add_box name)
  cmake_parse_arguments(BOX "PROGRAM" "" "SOURCES;DEPS;LINK;PRIVATE_LINK" ${ARGN})
  hlwq_keep_apart(${BOX_SOURCES})
  add_library(hlwq_${name} STATIC ${BOX_SOURCES})
  add_library(hlwq::${name} ALIAS hlwq_${name})
  target_compile_features(hlwq_${name} PUBLIC cxx_std_20)
  target_include_directories(hlwq_${name} PUBLIC
    ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/include ${PROJECT_BINARY_DIR}/include)
  list(TRANSFORM BOX_DEPS PREPEND hlwq::)
  target_link_libraries(hlwq_${name} PUBLIC ${BOX_DEPS} ${BOX_LINK} PRIVATE hlwq_settings ${BOX_PRIVATE_LINK})
  add_dependencies(hlwq_${name} hlwq_check_layers)
  if(NOT BOX_PROGRAM)
    set_property(GLOBAL APPEND PROPERTY HLWQ_BOXES hlwq_${name})
    set_property(GLOBAL APPEND PROPERTY HLWQ_EXTERNALS ${BOX_LINK} ${BOX_PRIVATE_LINK})
  endif()
endfunction()

# hlwq_add_test(BOX SOURCES ... [LINK lib ...]): one GoogleTest program for the tests of a box.
function(hlwq_add_test box)
  cmake_parse_arguments(TEST "" "" "SOURCES;LINK" ${ARGN})
  hlwq_keep_apart(${TEST_SOURCES})
  add_executable(${box}_tests ${TEST_SOURCES})
  target_include_directories(${box}_tests PRIVATE ${PROJECT_SOURCE_DIR})
  target_link_libraries(${box}_tests PRIVATE hlwq::${box} ${TEST_LINK} hlwq_test_support
    hlwq_settings GTest::gmock GTest::gtest_main)
  gtest_discover_tests(${box}_tests DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT 600 LABELS ${box})
endfunction()

find_package(Python3 REQUIRED COMPONENTS Interpreter)
add_custom_target(hlwq_check_layers
  COMMAND ${Python3_EXECUTABLE} ${PROJECT_SOURCE_DIR}/tools/check_layers.py ${PROJECT_SOURCE_DIR}
  COMMENT "Checking that includes follow the layers" VERBATIM)
