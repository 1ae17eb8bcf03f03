# How everything of Glia is compiled, and which folders a target is made of.

# glia_sources(TARGET [NOT_BELOW] FOLDER...): adds the C files of the folders and of those below. A file that is added to
# a folder is found by the next build. Which folders a build has is decided where this is called.
function(glia_sources target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "NOT_BELOW" "" "")
  set(glob GLOB_RECURSE)
  if(arg_NOT_BELOW)
    set(glob GLOB)
  endif()
  foreach(folder ${arg_UNPARSED_ARGUMENTS})
    file(${glob} found CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${folder}/*.c)
    target_sources(${target} PRIVATE ${found})
  endforeach()
endfunction()

if(GLIA_WERROR)
  set(GLIA_WERROR_OPTION -Werror)
endif()
if(GLIA_SANITIZE)
  set(GLIA_SANITIZE_OPTIONS -fsanitize=${GLIA_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  set(GLIA_NO_UNDEFINED) # their runtime comes with the program
else()
  set(GLIA_NO_UNDEFINED -Wl,--no-undefined)
endif()

# glia_compile(TARGET): C17 and C++20, all warnings, internal symbols hidden, no contraction of a * b + c.
function(glia_compile target)
  set_target_properties(${target} PROPERTIES
    C_STANDARD 17 C_STANDARD_REQUIRED ON C_EXTENSIONS OFF CXX_STANDARD 20 CXX_STANDARD_REQUIRED ON CXX_EXTENSIONS OFF
    POSITION_INDEPENDENT_CODE ON C_VISIBILITY_PRESET hidden)
  foreach(option -Wall -Wextra ${GLIA_WERROR_OPTION} -Wno-missing-field-initializers -ffp-contract=off ${GLIA_SANITIZE_OPTIONS})
    target_compile_options(${target} PRIVATE $<$<COMPILE_LANGUAGE:C,CXX>:${option}>) # nvcc has warnings of its own
  endforeach()
  foreach(option -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wno-misleading-indentation -fno-math-errno)
    target_compile_options(${target} PRIVATE $<$<COMPILE_LANGUAGE:C>:${option}>)
  endforeach()
  target_link_options(${target} PRIVATE ${GLIA_SANITIZE_OPTIONS})
endfunction()

file(GLOB_RECURSE GLIA_KERNELS CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/kernels/*.cu)
# Random numbers are the CPU's to the last bit: no multiplication and addition become one.
set(GLIA_EXACT_KERNELS ${GLIA_KERNELS})
list(FILTER GLIA_EXACT_KERNELS INCLUDE REGEX "/kernels/(random|data)/")

# glia_device_library(TARGET KIND): a library of device code that libglia loads. It has the host side, src/cuda, without
# the folders that only one of them has; all but its description stays inside.
function(glia_device_library target kind)
  glia_compile(${target})
  glia_sources(${target} src/cuda/device src/cuda/ops)
  glia_sources(${target} NOT_BELOW src/cuda)
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/include)
  target_compile_definitions(${target} PRIVATE GLIA_BUILD GLIA_CUDA_KIND="${kind}")
  target_link_libraries(${target} PRIVATE glia_core)
  target_link_options(${target} PRIVATE -Wl,--exclude-libs,ALL -Wl,-Bsymbolic)
  set_target_properties(${target} PROPERTIES CXX_VISIBILITY_PRESET hidden CUDA_VISIBILITY_PRESET hidden)
endfunction()
