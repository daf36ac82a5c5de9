// See cluster_folder.h.
#include "cli/cluster_folder.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

#include <boost/json.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

namespace coterie::cli {

namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

json::object process_json(const process::ProcessId& process) {
  return {{"pid", process.pid}, {"started", process.started}};
}

process::ProcessId process_from(const json::value& value) {
  return {.pid = value.at("pid").to_number<int64_t>(),
          .started = value.at("started").to_number<uint64_t>()};
}

std::string text_from(const json::value& value, const char* name) {
  return std::string(value.at(name).as_string());
}

// A node's data: a folder named by a number.
bool is_node_folder(const fs::path& path) {
  const std::string name = path.filename().string();
  return fs::is_directory(path) && !name.empty() &&
         std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

ClusterFolder::~ClusterFolder() {
  if (lock_ >= 0) ::close(lock_);
}

Result<void> ClusterFolder::open() {
  std::error_code error;
  fs::create_directories(root_ / "logs", error);
  if (error) return fail(Fault::io, fmt::format("cannot make {}: {}", root(), error.message()));
  lock_ = ::open((root_ / "up.lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640);
  if (lock_ < 0)
    return fail(Fault::io, fmt::format("cannot write in {}: {}", root(), std::strerror(errno)));
  if (flock(lock_, LOCK_EX | LOCK_NB) != 0) {
    return fail(Fault::refused, fmt::format("a cluster is running already in {}: stop it with "
                                            "`coterie down`, or name another folder with --data",
                                            root()));
  }
  return {};
}

Result<void> ClusterFolder::remove_data() {
  std::error_code error;
  std::vector<fs::path> ours{root_ / "up.json"};
  for (const auto& entry : fs::directory_iterator(root_, error)) {
    if (is_node_folder(entry.path())) ours.push_back(entry.path());
  }
  for (const auto& entry : fs::directory_iterator(root_ / "logs", error)) {
    if (entry.path().extension() == ".log") ours.push_back(entry.path());
  }
  for (const fs::path& path : ours) {
    fs::remove_all(path, error);
    if (error)
      return fail(Fault::io, fmt::format("cannot remove {}: {}", path.string(), error.message()));
  }
  return {};
}

Result<ClusterRecord> ClusterFolder::read() const {
  std::ifstream in(root_ / "up.json", std::ios::binary);
  if (!in) {
    return fail(
        Fault::not_found,
        fmt::format("no cluster was started in {}: `coterie up` starts one, --data names another "
                    "folder",
                    root()));
  }
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  try {
    const json::value value = json::parse(text);
    ClusterRecord record;
    record.supervisor = process_from(value.at("supervisor"));
    record.detached = value.at("detached").as_bool();
    for (const json::value& node : value.at("nodes").as_array()) {
      record.nodes.push_back({.id = node.at("id").to_number<uint64_t>(),
                              .process = process_from(node),
                              .restarts = node.at("restarts").to_number<uint64_t>(),
                              .resp = text_from(node, "resp"),
                              .http = text_from(node, "http"),
                              .peer = text_from(node, "peer")});
    }
    return record;
  } catch (const std::exception& error) {
    return fail(Fault::corrupt,
                fmt::format("{}/up.json is damaged ({}): remove it", root(), error.what()));
  }
}

Result<void> ClusterFolder::write(const ClusterRecord& record) const {
  json::array nodes;
  for (const NodeRecord& node : record.nodes) {
    json::object one = process_json(node.process);
    one["id"] = node.id;
    one["restarts"] = node.restarts;
    one["resp"] = node.resp;
    one["http"] = node.http;
    one["peer"] = node.peer;
    nodes.push_back(std::move(one));
  }
  const json::object whole{{"supervisor", process_json(record.supervisor)},
                           {"detached", record.detached},
                           {"nodes", std::move(nodes)}};
  // Whole or not at all, for whoever reads it meanwhile.
  const fs::path next = root_ / "up.json.next";
  std::ofstream out(next, std::ios::binary | std::ios::trunc);
  out << json::serialize(whole) << '\n';
  out.close();
  std::error_code error;
  if (out) fs::rename(next, root_ / "up.json", error);
  if (!out || error) return fail(Fault::io, fmt::format("cannot write {}/up.json", root()));
  return {};
}

std::string last_line(const std::string& path, size_t bytes) {
  std::ifstream in(path, std::ios::binary | std::ios::ate);
  if (!in) return "";
  const auto size = static_cast<size_t>(in.tellg());
  in.seekg(static_cast<std::streamoff>(size - std::min(size, bytes)));
  std::string line, last;
  while (std::getline(in, line)) {
    if (!line.empty()) last = line;
  }
  return last;
}

}  // namespace coterie::cli
