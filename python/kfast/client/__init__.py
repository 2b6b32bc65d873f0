"""The API client: async core, sync facade, transports, watch, kubeconfig."""
