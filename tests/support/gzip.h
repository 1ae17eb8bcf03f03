// Gzipped files for tests, of builds with zlib.
#pragma once

#include <gtest/gtest.h>
#include <zlib.h>
#undef OF  // zlib's, and a content of support/case.h

#include "support/files.h"

namespace glia {

inline Bytes gzipped(const Bytes &content, int level = 6) {
    z_stream stream = {};
    EXPECT_EQ(deflateInit2(&stream, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    Bytes out(deflateBound(&stream, uLong(content.size())));
    stream.next_in   = const_cast<unsigned char *>(content.data());
    stream.avail_in  = uInt(content.size());
    stream.next_out  = out.data();
    stream.avail_out = uInt(out.size());
    EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
    out.resize(stream.total_out);
    deflateEnd(&stream);
    return out;
}

}  // namespace glia
