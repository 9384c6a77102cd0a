"""Running tasks on a Ray cluster; only `driver` and `worker` run in processes that load Ray."""
