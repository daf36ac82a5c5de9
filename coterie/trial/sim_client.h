// A SimClient is one client on virtual time: it connects to a node, sends one command, waits for
// the reply, and says what came of it. When its connection ends it goes to another node, as a
// client library would.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "coterie/base/random.h"
#include "coterie/base/time.h"
#include "coterie/server/resp/value.h"
#include "coterie/trial/served_node.h"
#include "coterie/world/sim/simulation.h"

namespace coterie::trial {

class SimClient {
 public:
  struct Answer {
    std::optional<resp::Value>
        value;         // none: the connection ended, or time was over, with the command under way
    bool sent = true;  // false: it cannot have reached a node
  };
  using Done = std::function<void(Answer)>;

  SimClient(sim::Simulation& simulation, uint32_t number, std::vector<NodeId> nodes, uint64_t seed);

  // Sends a command. `done` is called once, at a later virtual time. REQUIRES: none under way
  void command(std::vector<std::string> words, Duration patience, Done done);
  bool busy() const { return static_cast<bool>(done_); }
  uint32_t number() const { return number_; }
  NodeId at() const { return at_; }
  const std::vector<std::string>& words() const { return words_; }

 private:
  void connect();
  void send();
  void look(uint64_t watch);
  bool same_life() const;
  void received(uint64_t connection, std::string bytes, bool closed);
  void lost();
  void finish(Answer answer);
  ServedNode* served() const;
  Duration hop();

  sim::Simulation& simulation_;
  uint32_t number_;
  std::vector<NodeId> nodes_;
  Random random_;
  NodeId at_;
  uint64_t connection_ = 0;  // counts connections; 0: none yet
  ServedNode::ConnectionNumber node_number_ = 0;
  bool connected_ = false;
  uint64_t life_ = 0;   // of the node's process that we are connected to
  uint64_t watch_ = 0;  // counts commands, for their time-outs
  resp::ReplyParser parser_;
  std::vector<std::string> words_;
  Done done_;
};

}  // namespace coterie::trial
