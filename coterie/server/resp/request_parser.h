// What a client sends, cut into requests: RESP arrays of bulk strings, and inline commands (a line
// of words, as a person types it into telnet). The parser is a machine over bytes: it may be fed in
// any pieces and finds the same requests.
//
// Nothing is copied where it can be helped: the words of a request are views into the bytes that
// were fed, or into the parser's own buffer when a request came in several pieces. Limits hold
// before memory is spent: what a header announces is checked when the header is read, and only what
// has arrived is stored.
//
//   parser.feed(bytes);
//   while (parser.next() == RequestParser::Outcome::complete) {
//     ... parser.words() ...
//     parser.consume();
//   }
//   parser.settle();   // before `bytes` go away
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace coterie::resp {

struct RequestLimits {
  size_t request_bytes_max = 32u << 20;  // of one request, its headers included; at most 2 GiB
  size_t elements_max = 1'048'576;       // of one array
  size_t bulk_bytes_max = 32u << 20;     // of one bulk string
  size_t inline_bytes_max = 64u << 10;   // of an inline command, and of any header line
  // What a client may send before it has authenticated.
  size_t unauthenticated_elements_max = 10;
  size_t unauthenticated_bulk_bytes_max = 16'384;
};

class RequestParser {
 public:
  enum class Outcome {
    complete,    // words() is a request; consume() goes on to the next one
    incomplete,  // more bytes are needed
    malformed,   // error() says why; for good: the stream cannot be trusted any further
  };

  explicit RequestParser(const RequestLimits& limits = {}) : limits_(limits) {}

  // Takes bytes as they arrive and borrows them until settle(). Invalidates words().
  void feed(std::string_view bytes);
  // Looks for the next request. Asked again without consume(), it answers the same. Empty requests
  // are skipped.
  Outcome next();
  // The request that next() has found; never empty. Valid until the next feed or settle, even after
  // consume().
  std::span<const std::string_view> words() const { return words_; }
  // Goes past that request. REQUIRES: next() has returned complete
  void consume();
  // Ends the loan of the fed bytes: keeps a copy of what has not been consumed. A request that was
  // found and not consumed is found again. Invalidates words().
  void settle();

  // "Protocol error: ...", without the code. REQUIRES: next() has returned malformed
  const std::string& error() const { return error_; }
  // While false (the default is true) the limits for unauthenticated clients hold. For requests not
  // begun yet.
  void set_authenticated(bool authenticated) { authenticated_ = authenticated; }
  // Bytes fed and not consumed.
  size_t waiting_bytes() const { return window_.size() - start_; }
  // Memory held, for limits and CLIENT LIST.
  size_t buffer_bytes() const { return buffer_.capacity() + marks_.capacity() * sizeof(Mark); }

 private:
  struct Mark {
    uint32_t offset;  // from the start of the request
    uint32_t size_bytes;
  };

  Outcome next_array();
  Outcome next_inline();
  Outcome next_element(const char*& at, const char* end);
  Outcome malformed(std::string text);
  void forget_partial();

  RequestLimits limits_;
  bool authenticated_ = true;
  bool borrowed_ = false;  // window_ is the caller's, not buffer_
  bool found_ = false;     // words_ is a request
  std::string error_;      // not empty: malformed, for good

  std::string buffer_;
  std::string_view window_;  // all that is there
  size_t start_ = 0;         // where the current request begins in window_
  size_t scanned_ = 0;       // how far it has been parsed

  // Of an array that is being read.
  uint32_t elements_left_ = 0;
  int64_t bulk_bytes_ = -1;  // of the element whose header has been read; -1: its header comes next
  std::vector<Mark> marks_;  // its elements so far

  std::vector<std::string_view> words_;
  std::deque<std::string> unescaped_;  // words of inline commands that had quotes; addresses stay
};

// Splits a line into words by Redis' rules: words are parted by white space; "..." knows the
// escapes \n \r \t \b \a
// \\ \" and \xHH; '...' knows \'; a closing quote must be followed by white space or the end. Words
// are appended, as views into `line` or, where they had quotes, into strings appended to
// `unescaped`. Returns false when quotes do not match.
bool split_words(std::string_view line, std::vector<std::string_view>& words,
                 std::deque<std::string>& unescaped);

}  // namespace coterie::resp
