"""What Services take from the cluster: virtual IPs and node ports."""
