#!/bin/sh
# The command `weir`, on the project's own Node, from wherever it is called. A fresh checkout is made ready first.
set -e
here=$(dirname -- "$(readlink -f -- "$0")")
node="$here/../node_modules/.bin/node"
[ -x "$node" ] || node "$here/../tooling/bootstrap.mjs"

# What a hint has to say so that it works where it is printed.
if [ -n "${npm_command:-}" ]; then
  WEIR_COMMAND='npx weir'
elif command -v weir >/dev/null; then
  WEIR_COMMAND=weir
else
  WEIR_COMMAND=$0
fi
export WEIR_COMMAND
# On a large machine Node lets 128 MB of young objects gather; with a quarter of it a server is as fast, and smaller. An agent that
# reads files is not as fast.
if [ "${1:-}" = up ]; then
  # By itself the GNU allocator keeps long blocks that were given back among short ones that were not, and an arena per thread.
  export MALLOC_MMAP_THRESHOLD_="${MALLOC_MMAP_THRESHOLD_:-131072}" MALLOC_ARENA_MAX="${MALLOC_ARENA_MAX:-2}"
  exec "$node" --max-semi-space-size=16 "$here/weir.ts" "$@"
fi
exec "$node" "$here/weir.ts" "$@"
