# The library that others link, what `cmake --install` puts where, and the package that
# find_package(hlwq) reads.
#
#   bin/hlwq                   with its man page and shell completions
#   include/hlwq/*.h           the public API
#   lib/libhlwq.a              all boxes but the program's own (hlwq_add_box)
#   lib/cmake/hlwq/            the package: target hlwq::hlwq
include(CMakePackageConfigHelpers)

get_property(boxes GLOBAL PROPERTY HLWQ_BOXES)
get_property(externals GLOBAL PROPERTY HLWQ_EXTERNALS)
list(REMOVE_DUPLICATES externals)
list(REMOVE_ITEM externals nlohmann_json::nlohmann_json)  # headers alone, which no public header uses

add_library(hlwq_library STATIC)
add_library(hlwq::hlwq ALIAS hlwq_library)
foreach(box ${boxes})
  target_sources(hlwq_library PRIVATE $<TARGET_OBJECTS:${box}>)
endforeach()
set_target_properties(hlwq_library PROPERTIES OUTPUT_NAME hlwq EXPORT_NAME hlwq LINKER_LANGUAGE CXX)
target_compile_features(hlwq_library PUBLIC cxx_std_20)
target_include_directories(hlwq_library PUBLIC
  $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
  $<BUILD_INTERFACE:${PROJECT_BINARY_DIR}/include>
  $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
target_link_libraries(hlwq_library PRIVATE ${externals})

if(NOT HLWQ_INSTALL)
  return()
endif()

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/hlwq)
install(TARGETS hlwq_library EXPORT hlwqTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(EXPORT hlwqTargets NAMESPACE hlwq:: DESTINATION ${package_dir})
configure_package_config_file(cmake/hlwqConfig.cmake.in ${PROJECT_BINARY_DIR}/hlwqConfig.cmake
  INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/hlwqConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/hlwqConfig.cmake ${PROJECT_BINARY_DIR}/hlwqConfigVersion.cmake
  DESTINATION ${package_dir})

install(DIRECTORY include/hlwq ${PROJECT_BINARY_DIR}/include/hlwq
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h")
if(TARGET hlwq)
  install(TARGETS hlwq RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
  if(NOT CMAKE_CROSSCOMPILING)
    # The program writes its own man page and completions.
    set(generated ${PROJECT_BINARY_DIR}/share)
    set(man_page ${generated}/hlwq.1)
    set(bash_script ${generated}/hlwq.bash)
    set(zsh_script ${generated}/_hlwq)
    set(fish_script ${generated}/hlwq.fish)
    file(MAKE_DIRECTORY ${generated})
    add_custom_command(OUTPUT ${man_page} ${bash_script} ${zsh_script} ${fish_script}
      COMMAND hlwq help --man > ${man_page}
      COMMAND hlwq help --completions bash > ${bash_script}
      COMMAND hlwq help --completions zsh > ${zsh_script}
      COMMAND hlwq help --completions fish > ${fish_script}
      DEPENDS hlwq COMMENT "Writing the man page and shell completions" VERBATIM)
    add_custom_target(hlwq_share ALL DEPENDS ${man_page} ${bash_script} ${zsh_script} ${fish_script})
    install(FILES ${man_page} DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
    install(FILES ${bash_script} RENAME hlwq
      DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
    install(FILES ${zsh_script} DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)
    install(FILES ${fish_script} DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
  endif()
endif()
