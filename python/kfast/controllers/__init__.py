"""The controllers of kube-controller-manager, one file each, and their catalog."""
