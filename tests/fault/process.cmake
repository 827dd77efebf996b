# Processes and lines (kill_*, net_*).
