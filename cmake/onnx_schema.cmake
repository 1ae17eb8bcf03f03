# glia_onnx_schema(TARGET): the C that protobuf-c's compiler writes for ONNX's schema is a part of the target, whose
# sources include "onnx.pb-c.h".
set(GLIA_ONNX_SCHEMA_FOLDER ${PROJECT_BINARY_DIR}/generated/onnx)
function(glia_onnx_schema target)
  set(folder ${GLIA_ONNX_SCHEMA_FOLDER})
  set(schema ${PROJECT_SOURCE_DIR}/src/onnx/schema/onnx.proto)
  file(MAKE_DIRECTORY ${folder})
  add_custom_command(OUTPUT ${folder}/onnx.pb-c.c ${folder}/onnx.pb-c.h
                     COMMAND ${PROTOBUFC_COMPILER} --c_out=${folder} --proto_path=${PROJECT_SOURCE_DIR}/src/onnx/schema onnx.proto
                     DEPENDS ${schema}
                     COMMENT "Writing C for ONNX's schema"
                     VERBATIM)
  add_custom_target(glia_onnx_schema_c DEPENDS ${folder}/onnx.pb-c.c ${folder}/onnx.pb-c.h)
  add_dependencies(${target} glia_onnx_schema_c)
  target_sources(${target} PRIVATE ${folder}/onnx.pb-c.c ${folder}/onnx.pb-c.h)
  set_source_files_properties(${folder}/onnx.pb-c.c PROPERTIES COMPILE_OPTIONS "-w;-DNDEBUG") # its asserts would end the process
  target_include_directories(${target} PUBLIC ${folder})
endfunction()
