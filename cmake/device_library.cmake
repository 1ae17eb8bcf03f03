# What the libraries of devices share, libglia_cuda and libglia_emulated.
file(GLOB GLIA_CUDA_SOURCES CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/cuda/*.c)
file(GLOB GLIA_KERNELS CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/kernels/*.cu)

# A library of device code that libglia loads: everything in it but its description stays inside.
function(glia_device_library target kind)
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/include)
  target_compile_definitions(${target} PRIVATE GLIA_BUILD GLIA_CUDA_KIND="${kind}")
  foreach(option -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wno-missing-field-initializers
                 -Wno-misleading-indentation ${werror} -ffp-contract=off)
    target_compile_options(${target} PRIVATE $<$<COMPILE_LANGUAGE:C>:${option}>)
  endforeach()
  target_link_libraries(${target} PRIVATE glia_core)
  target_link_options(${target} PRIVATE -Wl,--exclude-libs,ALL -Wl,-Bsymbolic)
  set_target_properties(${target} PROPERTIES C_VISIBILITY_PRESET hidden CXX_VISIBILITY_PRESET hidden
                                             CUDA_VISIBILITY_PRESET hidden)
endfunction()
