//! The Kubernetes operator of Auriga: observe, decide, apply, status. It arrives with its own issue.
