# Installs BUILD below WORK, builds the example of SOURCE against it, and looks at what both print.
file(REMOVE_RECURSE ${WORK})
set(prefix ${WORK}/prefix)

function(run result)
  execute_process(COMMAND ${ARGN} OUTPUT_VARIABLE output ERROR_VARIABLE output RESULT_VARIABLE code)
  if(NOT code EQUAL 0)
    list(JOIN ARGN " " command)
    message(FATAL_ERROR "${command}: ${code}\n${output}")
  endif()
  set(${result} "${output}" PARENT_SCOPE)
endfunction()

run(ignored ${CMAKE_COMMAND} --install ${BUILD} --prefix ${prefix})
foreach(file bin/hlwq share/man/man1/hlwq.1 share/bash-completion/completions/hlwq
    share/zsh/site-functions/_hlwq share/fish/vendor_completions.d/hlwq.fish
    include/hlwq/hlwq.h include/hlwq/version.h share/doc/hlwq/LICENSE)
  if(NOT EXISTS ${prefix}/${file})
    message(FATAL_ERROR "not installed: ${file}")
  endif()
endforeach()
# Public headers, and nothing else, are on the include path of others.
file(GLOB_RECURSE headers RELATIVE ${prefix}/include ${prefix}/include/*)
file(GLOB public RELATIVE ${SOURCE}/include ${SOURCE}/include/hlwq/*.h)
list(APPEND public hlwq/version.h)
list(SORT headers)
list(SORT public)
if(NOT headers STREQUAL public)
  message(FATAL_ERROR "include/: want ${public}, got ${headers}")
endif()
run(version ${prefix}/bin/hlwq --version)
if(NOT version STREQUAL "hlwq ${VERSION}\n")
  message(FATAL_ERROR "hlwq --version: want hlwq ${VERSION}, got ${version}")
endif()

run(ignored ${CMAKE_COMMAND} -S ${SOURCE}/tests/install/consumer -B ${WORK}/build -D CMAKE_PREFIX_PATH=${prefix}
  -D CMAKE_CXX_COMPILER=${CXX} -D WANTED_VERSION=${VERSION})
run(ignored ${CMAKE_COMMAND} --build ${WORK}/build)
run(output ${WORK}/build/quantize_and_chat
  ${SOURCE}/tests/golden/good/gguf/llama-bpe/model.gguf ${WORK}/coded "hello")
if(NOT output MATCHES "hlwq ${VERSION}\n" OR NOT output MATCHES "bits per weight" OR NOT output MATCHES "tokens/s")
  message(FATAL_ERROR "quantize_and_chat: got ${output}")
endif()
