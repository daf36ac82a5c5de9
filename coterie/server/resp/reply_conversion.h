// From the canonical form of a reply (base/reply.h) to what a connection has asked for. The
// canonical form is nearly RESP3, and most replies (a status, an error, a number, a string, a plain
// array of them) are the same bytes in RESP2, so that the usual conversion is to find that there is
// nothing to convert.
//
//   canonical      RESP2                        RESP3
//   _              $-1                          _
//   *-1            *-1                          _
//   %n ~n >n       *2n *n *n                    the same
//   #t #f          :1 :0                        the same
//   ,1.5  (12      $3 1.5, $2 12                the same
//   =9 txt:hello   $5 hello                     the same
#pragma once

#include <cstdint>
#include <string_view>

#include "coterie/base/payload.h"
#include "coterie/base/reply.h"

namespace coterie::resp {

enum class Protocol : uint8_t { resp2 = 2, resp3 = 3 };

// One reply as bytes of `protocol`: a reference to `canonical` itself when the bytes are the same.
// REQUIRES: canonical is well formed
Payload convert(const Reply& canonical, Protocol protocol);
// The same, appended.
void append_converted(PayloadBuilder& out, std::string_view canonical, Protocol protocol);

// The size of the first whole reply in `canonical`, all its elements included. REQUIRES: it is well
// formed and not empty
size_t first_reply_bytes(std::string_view canonical);

// A reply of several lines of text: a verbatim string in RESP3, a bulk string in RESP2.
Reply reply_text(std::string_view text);

}  // namespace coterie::resp
