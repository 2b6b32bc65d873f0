"""`kfast bench scheduling`: workloads in the format of upstream's scheduler_perf, run on the core or on a cluster."""
