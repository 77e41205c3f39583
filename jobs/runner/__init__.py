"""Workers, job runs, queues and the cluster of processes."""
