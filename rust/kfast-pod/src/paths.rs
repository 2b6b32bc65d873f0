//! Paths of files.

use kfast_schema::field::{Errors, Path};

/// No element is `..`.
pub(crate) fn no_backsteps(text: &str, path: &Path<'_>, errors: &mut Errors<'_>) {
    if text.split('/').any(|part| part == "..") {
        errors.invalid(path, text, "must not contain '..'");
    }
}

/// Relative, and no element is `..`.
pub(crate) fn descending(text: &str, path: &Path<'_>, errors: &mut Errors<'_>) {
    if text.starts_with('/') {
        errors.invalid(path, text, "must be a relative path");
    }
    no_backsteps(text, path, errors);
}

/// Descending, and the name does not start with `..`.
pub(crate) fn unreserved(text: &str, path: &Path<'_>, errors: &mut Errors<'_>) {
    descending(text, path, errors);
    if text.starts_with("..") && !text.starts_with("../") && text != ".." {
        errors.invalid(path, text, "must not start with '..'");
    }
}
