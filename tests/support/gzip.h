// Gzipped files for tests. In a build without zlib they are as they were.
#pragma once

#include <gtest/gtest.h>

#include "support/files.h"

#ifdef GLIA_TEST_ZLIB
#include <zlib.h>
#undef OF  // zlib's, and a content of support/case.h
#endif

namespace glia {

#ifdef GLIA_TEST_ZLIB
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
#else
inline Bytes gzipped(const Bytes &content) { return content; }
#endif

}  // namespace glia
