//! Scheduler: queue, columnar cache, filter and score plugins.
