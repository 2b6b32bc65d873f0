"""admissionregistration.k8s.io: who else looks at writes."""
