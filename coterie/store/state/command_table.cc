// The rows of the command table, ordered by number. Numbers are format: a new command takes a free
// number of its group, the number of one that goes is never used again.
//
// Arity, flags and key positions are those that Redis 7 reports in COMMAND INFO (a test compares
// them). The lookups by name and by number are indexes that the compiler builds.
#include <array>
#include <cstddef>

#include "coterie/store/state/command.h"

namespace coterie::state {

namespace {

using enum CommandClass;

constexpr CommandSpec rows[] = {
    // Internal: in the log or between rooms.
    {1, "open-session", 4, flag_write, 0, 0, 0, internal, "internal",
     "Opens the session of a node; its id is the entry's index.", "node replica nonce"},
    {2, "close-session", 2, flag_write, 0, 0, 0, internal, "internal",
     "Closes a session and drops its waiting requests.", "session"},
    {3, "cancel-request", 2, flag_write, 0, 0, 0, internal, "internal",
     "Takes a waiting request of the same session out of the line.", "number"},
    {4, "revisions", -2, flag_readonly, 1, -1, 1, internal, "internal",
     "The revisions of keys, 0 for those that are absent.", "key [key ...]"},
    {5, "transaction", 3, flag_write, 0, 0, 0, internal, "internal",
     "Guards and commands of a transaction, applied as a whole.", "guards commands"},
    // Of clients, executed by the core: they wrap another command.
    {6, "once", -4, flag_write | flag_denyoom, 0, 0, 0, write, "coterie",
     "Applies a command once for a client's number; asked again, replays its reply.",
     "client number command [argument ...]"},
    {7, "fence", -4, flag_write | flag_denyoom, 0, 0, 0, write, "coterie",
     "Applies a command unless the token is below the highest that the resource has seen.",
     "resource token command [argument ...]"},
    // Strings.
    {100, "get", 2, flag_readonly | flag_fast, 1, 1, 1, read, "string", "The value of a key.",
     "key"},
    {101, "set", -3, flag_write | flag_denyoom, 1, 1, 1, write, "string",
     "Sets the value of a key; with TOKEN the reply is a fencing token.",
     "key value [NX | XX | IFEQ old] [GET | TOKEN] "
     "[EX seconds | PX milliseconds | EXAT unix-seconds | PXAT unix-milliseconds | KEEPTTL]"},
    {102, "setnx", 3, flag_write | flag_denyoom | flag_fast, 1, 1, 1, write, "string",
     "Sets the value of a key that does not exist.", "key value"},
    {103, "setex", 4, flag_write | flag_denyoom, 1, 1, 1, write, "string",
     "Sets a value and its time to live in seconds.", "key seconds value"},
    {104, "psetex", 4, flag_write | flag_denyoom, 1, 1, 1, write, "string",
     "Sets a value and its time to live in milliseconds.", "key milliseconds value"},
    {105, "getset", 3, flag_write | flag_denyoom | flag_fast, 1, 1, 1, write, "string",
     "Sets the value of a key and returns the old one.", "key value"},
    {106, "getdel", 2, flag_write | flag_fast, 1, 1, 1, write, "string",
     "Returns the value of a key and deletes the key.", "key"},
    {107, "mget", -2, flag_readonly | flag_fast, 1, -1, 1, read, "string",
     "The values of several keys.", "key [key ...]"},
    {108, "mset", -3, flag_write | flag_denyoom, 1, -1, 2, write, "string",
     "Sets several keys at once.", "key value [key value ...]"},
    {109, "incr", 2, flag_write | flag_denyoom | flag_fast, 1, 1, 1, write, "string",
     "Adds one to the integer at a key.", "key"},
    {110, "incrby", 3, flag_write | flag_denyoom | flag_fast, 1, 1, 1, write, "string",
     "Adds to the integer at a key.", "key increment"},
    {111, "decr", 2, flag_write | flag_denyoom | flag_fast, 1, 1, 1, write, "string",
     "Subtracts one from the integer at a key.", "key"},
    {112, "decrby", 3, flag_write | flag_denyoom | flag_fast, 1, 1, 1, write, "string",
     "Subtracts from the integer at a key.", "key decrement"},
    {113, "append", 3, flag_write | flag_denyoom | flag_fast, 1, 1, 1, write, "string",
     "Appends to the value of a key.", "key value"},
    {114, "strlen", 2, flag_readonly | flag_fast, 1, 1, 1, read, "string",
     "The length in bytes of the value of a key.", "key"},
    // Keys of any type.
    {200, "del", -2, flag_write, 1, -1, 1, write, "generic", "Deletes keys.", "key [key ...]"},
    {201, "unlink", -2, flag_write | flag_fast, 1, -1, 1, write, "generic",
     "Deletes keys; the same as DEL.", "key [key ...]"},
    {202, "exists", -2, flag_readonly | flag_fast, 1, -1, 1, read, "generic",
     "How many of the keys exist.", "key [key ...]"},
    {203, "type", 2, flag_readonly | flag_fast, 1, 1, 1, read, "generic",
     "The type of the value at a key.", "key"},
    {204, "expire", -3, flag_write | flag_fast, 1, 1, 1, write, "generic",
     "Sets the time to live of a key in seconds.", "key seconds [NX | XX | GT | LT]"},
    {205, "pexpire", -3, flag_write | flag_fast, 1, 1, 1, write, "generic",
     "Sets the time to live of a key in milliseconds.", "key milliseconds [NX | XX | GT | LT]"},
    {206, "expireat", -3, flag_write | flag_fast, 1, 1, 1, write, "generic",
     "Sets the moment at which a key expires.", "key unix-seconds [NX | XX | GT | LT]"},
    {207, "pexpireat", -3, flag_write | flag_fast, 1, 1, 1, write, "generic",
     "Sets the moment at which a key expires, in milliseconds.",
     "key unix-milliseconds [NX | XX | GT | LT]"},
    {208, "ttl", 2, flag_readonly | flag_fast, 1, 1, 1, read, "generic",
     "The time to live of a key in seconds.", "key"},
    {209, "pttl", 2, flag_readonly | flag_fast, 1, 1, 1, read, "generic",
     "The time to live of a key in milliseconds.", "key"},
    {210, "expiretime", 2, flag_readonly | flag_fast, 1, 1, 1, read, "generic",
     "The moment at which a key expires, in Unix seconds.", "key"},
    {211, "pexpiretime", 2, flag_readonly | flag_fast, 1, 1, 1, read, "generic",
     "The moment at which a key expires, in Unix milliseconds.", "key"},
    {212, "persist", 2, flag_write | flag_fast, 1, 1, 1, write, "generic",
     "Removes the time to live of a key.", "key"},
    {213, "rename", 3, flag_write, 1, 2, 1, write, "generic",
     "Renames a key and overwrites the new name.", "key newkey"},
    {214, "renamenx", 3, flag_write | flag_fast, 1, 2, 1, write, "generic",
     "Renames a key unless the new name exists.", "key newkey"},
    {215, "keys", 2, flag_readonly, 0, 0, 0, read, "generic", "All keys that match a pattern.",
     "pattern"},
    {216, "scan", -2, flag_readonly, 0, 0, 0, read, "generic",
     "Walks over the keys; a cursor is a hash position and holds on every node.",
     "cursor [MATCH pattern] [COUNT count] [TYPE type]"},
    {217, "randomkey", 1, flag_readonly, 0, 0, 0, read, "generic",
     "A key, picked by rank from log time: the same on every node.", ""},
    // Lists.
    {300, "lpush", -3, flag_write | flag_denyoom | flag_fast, 1, 1, 1, write, "list",
     "Prepends elements to a list.", "key element [element ...]"},
    {301, "rpush", -3, flag_write | flag_denyoom | flag_fast, 1, 1, 1, write, "list",
     "Appends elements to a list.", "key element [element ...]"},
    {302, "lpushx", -3, flag_write | flag_denyoom | flag_fast, 1, 1, 1, write, "list",
     "Prepends elements to a list that exists.", "key element [element ...]"},
    {303, "rpushx", -3, flag_write | flag_denyoom | flag_fast, 1, 1, 1, write, "list",
     "Appends elements to a list that exists.", "key element [element ...]"},
    {304, "lpop", -2, flag_write | flag_fast, 1, 1, 1, write, "list",
     "Removes and returns the first elements of a list.", "key [count]"},
    {305, "rpop", -2, flag_write | flag_fast, 1, 1, 1, write, "list",
     "Removes and returns the last elements of a list.", "key [count]"},
    {306, "llen", 2, flag_readonly | flag_fast, 1, 1, 1, read, "list", "The length of a list.",
     "key"},
    {307, "lrange", 4, flag_readonly, 1, 1, 1, read, "list", "A range of elements of a list.",
     "key start stop"},
    {308, "lindex", 3, flag_readonly, 1, 1, 1, read, "list", "The element of a list at an index.",
     "key index"},
    {309, "lset", 4, flag_write | flag_denyoom, 1, 1, 1, write, "list",
     "Sets the element of a list at an index.", "key index element"},
    {310, "lrem", 4, flag_write, 1, 1, 1, write, "list", "Removes elements that equal a value.",
     "key count element"},
    {311, "ltrim", 4, flag_write, 1, 1, 1, write, "list",
     "Keeps a range of a list and removes the rest.", "key start stop"},
    {312, "blpop", -3, flag_write | flag_blocking | flag_noscript, 1, -2, 1, blocking, "list",
     "Removes and returns the first element of the first list that has one; waits for it.",
     "key [key ...] timeout"},
    {313, "brpop", -3, flag_write | flag_blocking | flag_noscript, 1, -2, 1, blocking, "list",
     "Removes and returns the last element of the first list that has one; waits for it.",
     "key [key ...] timeout"},
    // Hashes.
    {400, "hset", -4, flag_write | flag_denyoom | flag_fast, 1, 1, 1, write, "hash",
     "Sets fields of a hash.", "key field value [field value ...]"},
    {401, "hsetnx", 4, flag_write | flag_denyoom | flag_fast, 1, 1, 1, write, "hash",
     "Sets a field of a hash that does not exist.", "key field value"},
    {402, "hmset", -4, flag_write | flag_denyoom | flag_fast, 1, 1, 1, write, "hash",
     "Sets fields of a hash; HSET with the reply OK.", "key field value [field value ...]"},
    {403, "hget", 3, flag_readonly | flag_fast, 1, 1, 1, read, "hash",
     "The value of a field of a hash.", "key field"},
    {404, "hmget", -3, flag_readonly | flag_fast, 1, 1, 1, read, "hash",
     "The values of several fields of a hash.", "key field [field ...]"},
    {405, "hdel", -3, flag_write | flag_fast, 1, 1, 1, write, "hash", "Deletes fields of a hash.",
     "key field [field ...]"},
    {406, "hgetall", 2, flag_readonly, 1, 1, 1, read, "hash", "All fields and values of a hash.",
     "key"},
    {407, "hexists", 3, flag_readonly | flag_fast, 1, 1, 1, read, "hash",
     "Whether a field of a hash exists.", "key field"},
    {408, "hlen", 2, flag_readonly | flag_fast, 1, 1, 1, read, "hash",
     "The number of fields of a hash.", "key"},
    {409, "hkeys", 2, flag_readonly, 1, 1, 1, read, "hash", "All fields of a hash.", "key"},
    {410, "hvals", 2, flag_readonly, 1, 1, 1, read, "hash", "All values of a hash.", "key"},
    {411, "hincrby", 4, flag_write | flag_denyoom | flag_fast, 1, 1, 1, write, "hash",
     "Adds to the integer at a field of a hash.", "key field increment"},
    // Sets.
    {500, "sadd", -3, flag_write | flag_denyoom | flag_fast, 1, 1, 1, write, "set",
     "Adds members to a set.", "key member [member ...]"},
    {501, "srem", -3, flag_write | flag_fast, 1, 1, 1, write, "set", "Removes members from a set.",
     "key member [member ...]"},
    {502, "sismember", 3, flag_readonly | flag_fast, 1, 1, 1, read, "set",
     "Whether a value is a member of a set.", "key member"},
    {503, "smismember", -3, flag_readonly | flag_fast, 1, 1, 1, read, "set",
     "Whether values are members of a set.", "key member [member ...]"},
    {504, "smembers", 2, flag_readonly, 1, 1, 1, read, "set", "All members of a set.", "key"},
    {505, "scard", 2, flag_readonly | flag_fast, 1, 1, 1, read, "set",
     "The number of members of a set.", "key"},
    // Publish and subscribe.
    {800, "subscribe", -2, flag_pubsub | flag_noscript | flag_loading | flag_stale, 0, 0, 0,
     connection, "pubsub", "Listens to channels.", "channel [channel ...]"},
    {801, "unsubscribe", -1, flag_pubsub | flag_noscript | flag_loading | flag_stale, 0, 0, 0,
     connection, "pubsub", "Stops listening to channels; to all without arguments.",
     "[channel ...]"},
    {802, "publish", 3, flag_fast | flag_pubsub | flag_loading | flag_stale, 0, 0, 0, write,
     "pubsub", "Sends a message to the subscribers of a channel on every node.", "channel message"},
    {803, "psubscribe", -2, flag_pubsub | flag_noscript | flag_loading | flag_stale, 0, 0, 0,
     connection, "pubsub", "Listens to the channels that match patterns.", "pattern [pattern ...]"},
    {804, "punsubscribe", -1, flag_pubsub | flag_noscript | flag_loading | flag_stale, 0, 0, 0,
     connection, "pubsub", "Stops listening to patterns; to all without arguments.",
     "[pattern ...]"},
    {805, "pubsub", -2, 0, 0, 0, 0, connection, "pubsub", "About the subscribers of this node.",
     "CHANNELS [pattern] | NUMSUB [channel ...] | NUMPAT"},
    // Transactions.
    {900, "multi", 1, flag_fast | flag_noscript | flag_loading | flag_stale, 0, 0, 0, connection,
     "transactions", "Starts a transaction: the commands that follow are queued.", ""},
    {901, "exec", 1, flag_noscript | flag_loading | flag_stale, 0, 0, 0, connection, "transactions",
     "Applies the queued commands as one.", ""},
    {902, "discard", 1, flag_fast | flag_noscript | flag_loading | flag_stale, 0, 0, 0, connection,
     "transactions", "Drops the queued commands.", ""},
    {903, "watch", -2, flag_fast | flag_noscript | flag_loading | flag_stale, 1, -1, 1, connection,
     "transactions", "Makes EXEC fail when one of the keys changes before it.", "key [key ...]"},
    {904, "unwatch", 1, flag_fast | flag_noscript | flag_loading | flag_stale, 0, 0, 0, connection,
     "transactions", "Forgets the watched keys.", ""},
    // Connection.
    {1000, "ping", -1, flag_fast, 0, 0, 0, connection, "connection",
     "Answers PONG, or the message.", "[message]"},
    {1001, "echo", 2, flag_fast | flag_loading | flag_stale, 0, 0, 0, connection, "connection",
     "Answers the message.", "message"},
    {1002, "quit", -1, flag_fast | flag_noscript | flag_loading | flag_stale | flag_no_auth, 0, 0,
     0, connection, "connection", "Closes the connection.", ""},
    {1003, "reset", 1, flag_fast | flag_noscript | flag_loading | flag_stale | flag_no_auth, 0, 0,
     0, connection, "connection", "Brings the connection into the state of a new one.", ""},
    {1004, "auth", -2, flag_fast | flag_noscript | flag_loading | flag_stale | flag_no_auth, 0, 0,
     0, connection, "connection", "Authenticates the connection.", "[username] password"},
    {1005, "hello", -1, flag_fast | flag_noscript | flag_loading | flag_stale | flag_no_auth, 0, 0,
     0, connection, "connection", "Chooses the version of the protocol.",
     "[protover [AUTH username password] [SETNAME clientname]]"},
    {1006, "select", 2, flag_fast | flag_loading | flag_stale, 0, 0, 0, connection, "connection",
     "Chooses the database, 0 to 15.", "index"},
    {1007, "client", -2, 0, 0, 0, 0, connection, "connection",
     "About this connection and the others of its node.",
     "ID | GETNAME | SETNAME name | SETINFO attribute value | LIST | INFO | ..."},
    {1008, "readonly", 1, flag_fast | flag_loading | flag_stale, 0, 0, 0, connection, "connection",
     "Lets reads be answered from the state of this node as it is, which may be stale.", ""},
    {1009, "readwrite", 1, flag_fast | flag_loading | flag_stale, 0, 0, 0, connection, "connection",
     "Reads are linearizable again.", ""},
    // Server and cluster.
    {1100, "dbsize", 1, flag_readonly | flag_fast, 0, 0, 0, read, "server",
     "The number of keys of the database.", ""},
    {1101, "flushdb", -1, flag_write, 0, 0, 0, write, "server", "Deletes all keys of the database.",
     "[ASYNC | SYNC]"},
    {1102, "flushall", -1, flag_write, 0, 0, 0, write, "server",
     "Deletes all keys of all databases.", "[ASYNC | SYNC]"},
    {1103, "info", -1, flag_loading | flag_stale, 0, 0, 0, cluster, "server",
     "About this node, the cluster and its keys.", "[section [section ...]]"},
    {1104, "role", 1, flag_fast | flag_noscript | flag_loading | flag_stale, 0, 0, 0, cluster,
     "server", "The role as Redis clients expect it: master on every node.", ""},
    {1105, "config", -2, 0, 0, 0, 0, cluster, "server", "The parameters of this node.",
     "GET pattern [pattern ...] | SET parameter value | ..."},
    {1106, "command", -1, flag_loading | flag_stale, 0, 0, 0, cluster, "server",
     "About the commands: this table.",
     "[COUNT | INFO name [name ...] | DOCS [name ...] | LIST | GETKEYS command ...]"},
    // Coterie's own.
    {1200, "delifeq", 3, flag_write | flag_fast, 1, 1, 1, write, "coterie",
     "Deletes a key if its value equals the given one.", "key value"},
    {1201, "coterie", -2, flag_loading | flag_stale, 0, 0, 0, cluster, "coterie",
     "About the cluster and its nodes.", "STATUS [DIGEST] | TRANSFER [node] | HELP"},
};

constexpr size_t row_count = std::size(rows);
constexpr uint8_t no_row = 255;
static_assert(row_count < no_row);

// A name of 1 to 16 letters in two words, which overlap in the middle, and its size. Setting bit 5
// of a byte turns a letter into its lower case and nothing else into a letter, so names are
// compared without regard to case by comparing the words.
struct PackedName {
  uint64_t low = 0, high = 0;
  size_t size = 0;
  constexpr bool operator==(const PackedName&) const = default;
};
constexpr size_t name_letters_max = 16;

template <size_t count>
constexpr uint64_t load_folded(const char* letters) {
  uint64_t word = 0;
  for (size_t i = 0; i < count; ++i) {
    word |= uint64_t{static_cast<unsigned char>(letters[i])} << (8 * i);
  }
  return word | 0x2020202020202020ULL;
}

constexpr PackedName pack(std::string_view name) {
  const char* first = name.data();
  const char* end = first + name.size();
  if (name.size() >= 8) return {load_folded<8>(first), load_folded<8>(end - 8), name.size()};
  if (name.size() >= 4) return {load_folded<4>(first), load_folded<4>(end - 4), name.size()};
  return {load_folded<1>(first) << 8 | load_folded<1>(first + name.size() / 2),
          load_folded<1>(end - 1), name.size()};
}

constexpr size_t name_index_size =
    512;  // a power of two, several times the rows: most names are found at once

constexpr size_t name_place(const PackedName& name) {
  const uint64_t mixed = (name.low ^ (name.high * 0x9e3779b97f4a7c15ULL)) * 0xbf58476d1ce4e5b9ULL;
  return static_cast<size_t>(mixed >> 55) % name_index_size;
}

struct Indexes {
  std::array<uint8_t, name_index_size> by_name;
  std::array<PackedName, row_count> names;
  std::array<uint8_t, rows[row_count - 1].number + 1> by_number;
};

constexpr Indexes build_indexes() {
  Indexes indexes{};
  for (uint8_t& row : indexes.by_name) row = no_row;
  for (uint8_t& row : indexes.by_number) row = no_row;
  for (size_t i = 0; i < row_count; ++i) {
    indexes.by_number[rows[i].number] = static_cast<uint8_t>(i);
    if (rows[i].kind == internal) continue;
    indexes.names[i] = pack(rows[i].name);
    size_t place = name_place(indexes.names[i]);
    while (indexes.by_name[place] != no_row) place = (place + 1) % name_index_size;
    indexes.by_name[place] = static_cast<uint8_t>(i);
  }
  return indexes;
}

constexpr bool rows_are_well_formed() {
  for (size_t i = 0; i < row_count; ++i) {
    if (i > 0 && rows[i - 1].number >= rows[i].number) return false;
    if (rows[i].kind == internal) continue;
    if (rows[i].name.empty() || rows[i].name.size() > name_letters_max) return false;
    for (char c : rows[i].name) {
      if (c < 'a' || c > 'z') return false;
    }
  }
  return true;
}
static_assert(rows_are_well_formed(),
              "ordered by number; public names of 1 to 16 lower-case letters");

constexpr Indexes indexes = build_indexes();

}  // namespace

const CommandSpec* find_command(std::string_view name) {
  if (name.empty() || name.size() > name_letters_max) return nullptr;
  const PackedName packed = pack(name);
  for (size_t place = name_place(packed);; place = (place + 1) % name_index_size) {
    const uint8_t row = indexes.by_name[place];
    if (row == no_row) return nullptr;
    if (indexes.names[row] == packed) return &rows[row];
  }
}

const CommandSpec* command_by_number(uint16_t number) {
  if (number >= indexes.by_number.size()) return nullptr;
  const uint8_t row = indexes.by_number[number];
  return row == no_row ? nullptr : &rows[row];
}

std::span<const CommandSpec> all_commands() { return rows; }

}  // namespace coterie::state
