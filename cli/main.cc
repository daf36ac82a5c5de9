// The one program.
#include <string>
#include <vector>

#include "cli/subcommands.h"

int main(int count, char** words) {
  const std::vector<std::string> arguments(words + 1, words + count);
  return coterie::cli::dispatch(arguments);
}
