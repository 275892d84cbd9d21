"""The chain as the exchange sees it: typed data and signatures, the deployment manifest, contract bindings, nodes."""
