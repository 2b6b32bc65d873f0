//! The compiled module `kfast._native`: one `register(m)` per file, nothing else.

mod apply;
mod batch;
mod cel;
mod empties;
mod endpoints;
mod errors;
mod event;
mod json;
mod new_bodies;
mod object;
mod other_versions;
mod pod;
mod pod_admission;
mod py_node;
mod quantity;
mod scheduler;
mod schema;
mod selector;
mod store;
mod structural;
mod time_zone;
mod tree;
mod value;
mod watch;

use pyo3::prelude::*;

/// Everything Python may call in the Rust core.
#[pymodule]
fn _native(m: &Bound<'_, PyModule>) -> PyResult<()> {
    errors::register(m)?;
    cel::register(m)?;
    endpoints::register(m)?;
    event::register(m)?;
    object::register(m)?;
    pod::register(m)?;
    pod_admission::register(m)?;
    quantity::register(m)?;
    scheduler::register(m)?;
    schema::register(m)?;
    selector::register(m)?;
    store::register(m)?;
    time_zone::register(m)?;
    tree::register(m)?;
    Ok(())
}
