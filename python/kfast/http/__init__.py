"""HTTP/1.1 as every server and proxy here speaks it: listening, requests, streamed bodies, upgraded connections."""
