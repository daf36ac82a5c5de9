# Flags that hold for every target. The reasons are in docs/decisions/.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})

add_compile_options(-Wall -Wextra -Wshadow -Wnon-virtual-dtor -Werror -ffp-contract=off
                    -fno-omit-frame-pointer)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 miscompiles coroutines: they are switched off, so that nobody starts using them.
  add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-fno-coroutines>)
  # Known false alarms of g++ 12 at -O2.
  add_compile_options(-Wno-array-bounds -Wno-stringop-overflow -Wno-restrict -Wno-maybe-uninitialized -Wno-dangling-pointer -Wno-stringop-overread)
endif()
add_compile_definitions(BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_SEPARATE_COMPILATION
                        BOOST_ASIO_DISABLE_CONCEPTS)
include_directories(${CMAKE_SOURCE_DIR})

# Places in messages are told from the root of the project, whoever built it and where.
add_compile_options(-fmacro-prefix-map=${CMAKE_SOURCE_DIR}/=)

find_program(COTERIE_CCACHE ccache)
if(COTERIE_CCACHE)
  # Without this it does not cache what is compiled with a precompiled header.
  set(launcher ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${COTERIE_CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${launcher})
  set(CMAKE_C_COMPILER_LAUNCHER ${launcher})
endif()

set(COTERIE_SANITIZE "" CACHE STRING "sanitizers, as -fsanitize takes them")
if(COTERIE_SANITIZE)
  add_compile_options(-fsanitize=${COTERIE_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${COTERIE_SANITIZE})
endif()
if(COTERIE_MUTANTS)
  add_compile_definitions(COTERIE_MUTANTS=1)
endif()
