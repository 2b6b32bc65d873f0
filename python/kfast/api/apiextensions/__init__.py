"""apiextensions.k8s.io: custom resource definitions, and the kinds they make."""
