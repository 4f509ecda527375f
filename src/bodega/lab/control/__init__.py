"""The lab's HTTP API: what the commands do, without a new process (docs/decisions/0037-lab-control.md)."""
