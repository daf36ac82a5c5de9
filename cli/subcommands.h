// The subcommands of the one program, a file each. Each takes its own arguments and returns the
// exit code.
#pragma once

#include "cli/flags.h"

namespace coterie::cli {

int serve(Arguments arguments);
int up(Arguments arguments);
int down(Arguments arguments);
int logs(Arguments arguments);
int kill_node(Arguments arguments);
int status(Arguments arguments);
int demo(Arguments arguments);
int sim(Arguments arguments);
int check(Arguments arguments);
int torture_processes(Arguments arguments);
int recover(Arguments arguments);

// Finds the subcommand that the first argument names, and runs it. Without one, or with --help,
// prints what there is.
int dispatch(Arguments arguments);

}  // namespace coterie::cli
