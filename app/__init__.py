"""Everything that runs: server, sign-in, state, import, worker, command line."""
