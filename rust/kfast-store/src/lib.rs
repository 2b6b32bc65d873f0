//! MVCC store and watch cache: revisions, history, indexes, watch hub.
