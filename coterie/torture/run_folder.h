// The folder in which the nodes of a run live. One that was not named is made among the system's
// temporary files and removed at the end, unless there is something to see in it. A run that was
// killed could not remove its own: the next one does. Whose owner lives is told by a lock on the
// folder, which ends with its process however that ends.
#pragma once

#include <cstdint>
#include <string>

#include "coterie/base/result.h"

namespace coterie::torture {

class RunFolder {
 public:
  // Empty: a temporary one.
  explicit RunFolder(std::string named);
  ~RunFolder();
  RunFolder(const RunFolder&) = delete;
  RunFolder& operator=(const RunFolder&) = delete;

  // Fault::io: it is not empty, or cannot be made.
  Result<void> make();
  // It stays, under another name if it is a temporary one: path() tells. REQUIRES: make()
  void keep();
  bool stays() const { return named_ || kept_; }
  const std::string& path() const { return path_; }

 private:
  bool named_, kept_ = false;
  std::string path_;
  int lock_ = -1;
};

// Removes the temporary folders of runs that were killed; returns how many.
uint64_t remove_dead_run_folders();

}  // namespace coterie::torture
