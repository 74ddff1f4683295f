# What `cmake --install` puts where, and the package that find_package(hlwq) reads.
#
#   bin/hlwq, its man page and shell completions
#   include/hlwq/*.h           the public API
#   include/hlwq/boxes/<box>/  the headers of the boxes behind it, on the include path of the targets
#   lib/, lib/cmake/hlwq/      one static library a box, hlwq::<box>; hlwq::hlwq is all of them
include(CMakePackageConfigHelpers)

get_property(boxes GLOBAL PROPERTY HLWQ_BOXES)
list(REMOVE_ITEM boxes hlwq_cli)  # the program's own, no library for others

add_library(hlwq_all INTERFACE)
add_library(hlwq::hlwq ALIAS hlwq_all)
set_target_properties(hlwq_all PROPERTIES EXPORT_NAME hlwq)
target_link_libraries(hlwq_all INTERFACE ${boxes})

if(NOT HLWQ_INSTALL)
  return()
endif()

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/hlwq)
install(TARGETS ${boxes} hlwq_settings hlwq_all EXPORT hlwqTargets
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(EXPORT hlwqTargets NAMESPACE hlwq:: DESTINATION ${package_dir})
configure_package_config_file(cmake/hlwqConfig.cmake.in ${PROJECT_BINARY_DIR}/hlwqConfig.cmake
  INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/hlwqConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/hlwqConfig.cmake ${PROJECT_BINARY_DIR}/hlwqConfigVersion.cmake
  DESTINATION ${package_dir})

install(DIRECTORY include/hlwq ${PROJECT_BINARY_DIR}/include/hlwq
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h")
foreach(target ${boxes})
  string(REPLACE "hlwq_" "" box ${target})
  install(DIRECTORY src/${box} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/hlwq/boxes
    FILES_MATCHING PATTERN "*.h" PATTERN "*-inl.h" EXCLUDE)
endforeach()

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
