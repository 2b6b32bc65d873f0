//! What fuzz targets share.

pub mod objects;
pub mod schema;
