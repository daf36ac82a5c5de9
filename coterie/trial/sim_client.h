// A SimClient is one client's connection on virtual time: it connects to a node, sends one command,
// waits for the reply, and says what came of it. When its connection ends it goes to another node,
// as a client library would.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "coterie/base/random.h"
#include "coterie/base/time.h"
#include "coterie/server/resp/value.h"
#include "coterie/trial/served_node.h"
#include "coterie/workload/script.h"
#include "coterie/world/sim/simulation.h"

namespace coterie::trial {

class SimClient {
 public:
  using Done = std::function<void(workload::Answer)>;

  SimClient(sim::Simulation& simulation, uint32_t number, std::vector<NodeId> nodes, uint64_t seed);

  // Sends a command. `done` is called once, at a later virtual time. REQUIRES: none under way
  void command(const workload::Step& step, Done done);
  // What comes now is conversation `number`, which draws from a stream of its own, and begins at
  // that node unless it is 0, or not among those it knows. REQUIRES: none under way
  void begin(uint64_t number, NodeId node);
  bool busy() const { return static_cast<bool>(done_); }
  NodeId at() const { return at_; }         // where the next command will go
  NodeId asked() const { return asked_; }   // where the last one went
  Instant since() const { return since_; }  // when the command under way was given
  // From now on it knows these nodes only, and leaves any other at once.
  void move_to(const std::vector<NodeId>& nodes);

 private:
  void connect();
  void send();
  void send_piece(Duration delay, std::string bytes);
  void look(uint64_t watch);
  bool same_life() const;
  void received(uint64_t connection, std::string_view bytes, bool closed);
  void lost();
  void hang_up();
  void finish(workload::Answer answer);
  ServedNode* served() const;

  sim::Simulation& simulation_;
  uint32_t number_;
  std::vector<NodeId> nodes_;
  uint64_t seed_;
  Random random_;
  NodeId at_, asked_;
  uint64_t connection_ = 0;  // counts connections; 0: none yet
  ServedNode::ConnectionNumber node_number_ = 0;
  bool connected_ = false;
  uint64_t life_ = 0;   // of the node's process that we are connected to
  uint64_t watch_ = 0;  // counts commands, for their time-outs
  Instant since_;
  resp::ReplyParser parser_;
  std::vector<resp::Value> pushed_;
  std::vector<std::string> words_;
  Done done_;
};

}  // namespace coterie::trial
