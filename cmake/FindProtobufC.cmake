# Finds protobuf-c, and makes ProtobufC::protobuf-c. Debian and Ubuntu: libprotobuf-c-dev.
find_path(ProtobufC_INCLUDE_DIR NAMES protobuf-c/protobuf-c.h)
find_library(ProtobufC_LIBRARY NAMES protobuf-c)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(ProtobufC REQUIRED_VARS ProtobufC_LIBRARY ProtobufC_INCLUDE_DIR)
if(ProtobufC_FOUND AND NOT TARGET ProtobufC::protobuf-c)
  add_library(ProtobufC::protobuf-c UNKNOWN IMPORTED)
  set_target_properties(ProtobufC::protobuf-c PROPERTIES IMPORTED_LOCATION ${ProtobufC_LIBRARY}
                                                         INTERFACE_INCLUDE_DIRECTORIES ${ProtobufC_INCLUDE_DIR})
endif()
mark_as_advanced(ProtobufC_INCLUDE_DIR ProtobufC_LIBRARY)
