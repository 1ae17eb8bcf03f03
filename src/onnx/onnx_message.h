/* Bytes of a file as a message of the schema. */
#ifndef GLI_ONNX_MESSAGE_H
#define GLI_ONNX_MESSAGE_H

#include <protobuf-c/protobuf-c.h>

#include "core/arena.h"
#include "io/bytes.h"

enum { GLI_ONNX_MOST_DEPTH = 64 };

/* Unpacks a message into the arena, of at most twice the bytes and 32 MB. protobuf-c's code trusts the nesting, and
 * makes a struct of 100 bytes from two: so the nesting is looked at first, and the memory is counted. */
glia_status gli_onnx_unpack(const gli_named_bytes *from, const ProtobufCMessageDescriptor *type, gli_arena *arena,
                            ProtobufCMessage **out);

#endif
