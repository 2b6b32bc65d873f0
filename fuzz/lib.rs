//! What fuzz targets share.

pub mod objects;
pub mod pods;
pub mod schema;
