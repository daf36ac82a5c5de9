// The cluster of `coterie demo`: three nodes under a `coterie up` of their own, on free ports, in a
// temporary folder.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "cli/cluster_folder.h"
#include "coterie/client/node_view.h"
#include "coterie/client/redis_link.h"

namespace coterie::cli {

class DemoCluster {
 public:
  static constexpr uint64_t nodes = 3;

  // Returns when the cluster is ready.
  static Result<std::unique_ptr<DemoCluster>> start();
  // Stops it; removes the folder unless keep_folder().
  ~DemoCluster();
  DemoCluster(const DemoCluster&) = delete;
  DemoCluster& operator=(const DemoCluster&) = delete;

  Result<client::RedisLink> connect(uint64_t node) const;
  Result<client::ClusterView> view(client::AskFor what = client::AskFor::status) const;
  Result<client::NodeView> view_of(uint64_t node) const;
  // The leader, once a majority agrees on one other than `besides`.
  Result<uint64_t> leader(uint64_t besides = 0) const;
  // kill -9. Returns the process that was killed.
  Result<process::ProcessId> kill(uint64_t node) const;
  Result<NodeRecord> record_of(uint64_t node) const;

  std::string folder() const { return folder_.root(); }
  uint16_t port() const { return port_; }
  void keep_folder() { keep_ = true; }

 private:
  explicit DemoCluster(std::string path) : folder_(path) {}
  Result<void> run_supervisor();
  client::RedisUrl url_of(uint64_t node) const;

  ClusterFolder folder_;
  uint16_t port_ = 0;
  process::ProcessId supervisor_;
  bool keep_ = false;
};

// Looks every few milliseconds whether it holds; false when it has not within `patience`.
bool wait_until(Duration patience, const std::function<bool()>& holds);

}  // namespace coterie::cli
