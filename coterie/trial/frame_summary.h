// What a frame between nodes says, in a few words for a picture: "append 3..5 t2". Faces frames
// that a fault has damaged: what cannot be read is called so.
#pragma once

#include <string>
#include <vector>

#include "coterie/base/payload.h"

namespace coterie::trial {

struct FrameSummary {
  std::string kind;      // one of few: "append", "vote request"
  std::string text;      // with what it is about
  bool routine = false;  // sent also when nothing happens
};

// `parts` is the frame as it was given to world::Network::send.
FrameSummary summarize_frame(const std::vector<Payload>& parts);

}  // namespace coterie::trial
