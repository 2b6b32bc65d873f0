//! Services and pods to EndpointSlices, Endpoints and forwarding rules.
