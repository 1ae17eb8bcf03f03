# cmake --install: the library, its headers, find_package(glia) and pkg-config's glia.pc. All paths inside are relative,
# so the installed tree can be moved.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

install(TARGETS glia EXPORT gliaTargets LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
# libglia looks for its devices in the folder that it lies in.
foreach(device glia_cuda glia_emulated)
  if(TARGET ${device})
    install(TARGETS ${device} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
  endif()
endforeach()
install(DIRECTORY include/glia DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h")

set(GLIA_CMAKE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/glia)
set(GLIA_CONFIG_DEPENDENCIES)
set(GLIA_PC_STATIC)
# What a program links beside the static library.
if(NOT BUILD_SHARED_LIBS)
  set(GLIA_CONFIG_DEPENDENCIES "include(CMakeFindDependencyMacro)\nfind_dependency(Threads)\n")
  set(private -pthread -lm)
  foreach(library ${CMAKE_DL_LIBS})
    list(APPEND private -l${library})
  endforeach()
  if(oneDNN_FOUND)
    install(FILES cmake/FindoneDNN.cmake DESTINATION ${GLIA_CMAKE_DIR})
    string(APPEND GLIA_CONFIG_DEPENDENCIES "list(PREPEND CMAKE_MODULE_PATH \"\${CMAKE_CURRENT_LIST_DIR}\")\n"
                  "find_dependency(oneDNN 2...<4)\nlist(POP_FRONT CMAKE_MODULE_PATH)\n")
    list(PREPEND private -ldnnl ${GLIA_CXX_RUNTIME})
  endif()
  set(modules)
  foreach(library "ZLIB zlib" "PNG libpng" "JPEG libjpeg") # as CMake and pkg-config call them
    separate_arguments(names UNIX_COMMAND "${library}")
    list(GET names 0 package)
    if(${package}_FOUND)
      string(APPEND GLIA_CONFIG_DEPENDENCIES "find_dependency(${package})\n")
      list(GET names 1 module)
      list(APPEND modules ${module})
    endif()
  endforeach()
  if(modules)
    list(JOIN modules ", " modules)
    string(APPEND GLIA_PC_STATIC "Requires.private: ${modules}\n")
  endif()
  list(JOIN private " " private)
  string(APPEND GLIA_PC_STATIC "Libs.private: ${private}\n")
endif()
install(EXPORT gliaTargets NAMESPACE glia:: DESTINATION ${GLIA_CMAKE_DIR})
configure_package_config_file(cmake/gliaConfig.cmake.in ${PROJECT_BINARY_DIR}/gliaConfig.cmake
                              INSTALL_DESTINATION ${GLIA_CMAKE_DIR})
# Before 1.0 a new minor version may change the API.
write_basic_package_version_file(${PROJECT_BINARY_DIR}/gliaConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/gliaConfig.cmake ${PROJECT_BINARY_DIR}/gliaConfigVersion.cmake
        DESTINATION ${GLIA_CMAKE_DIR})

set(GLIA_PC_DIR ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
file(RELATIVE_PATH GLIA_PC_PREFIX /prefix/${GLIA_PC_DIR} /prefix)
configure_file(cmake/glia.pc.in ${PROJECT_BINARY_DIR}/glia.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/glia.pc DESTINATION ${GLIA_PC_DIR})
