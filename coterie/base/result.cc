// See result.h.
#include "coterie/base/result.h"

namespace coterie {

const char* fault_name(Fault fault) {
  switch (fault) {
    case Fault::refused:
      return "refused";
    case Fault::invalid:
      return "invalid";
    case Fault::not_found:
      return "not found";
    case Fault::timed_out:
      return "timed out";
    case Fault::outcome_unknown:
      return "outcome unknown";
    case Fault::corrupt:
      return "corrupt";
    case Fault::no_space:
      return "no space";
    case Fault::io:
      return "input/output";
  }
  return "?";
}

}  // namespace coterie
