// See run.h.
#include "coterie/picture/run.h"

#include <algorithm>

namespace coterie::picture {

Run run_of(const proof::History& history) {
  Run run;
  run.time = "time";
  if (history.empty()) return run;
  run.span = {history[0].called_ns, history[0].called_ns};
  for (const proof::Operation& operation : history) {
    run.span.start_ns = std::min(run.span.start_ns, operation.called_ns);
    run.span.end_ns = std::max(run.span.end_ns, operation.called_ns);
    if (operation.outcome != proof::Outcome::unknown)
      run.span.end_ns = std::max(run.span.end_ns, operation.returned_ns);
    run.operations.push_back({operation, 0});
  }
  return run;
}

}  // namespace coterie::picture
