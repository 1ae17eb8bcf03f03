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
