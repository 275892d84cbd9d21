"""The whole exchange on one machine: its own chain, the deployment on it, and the processes, under one supervisor."""
