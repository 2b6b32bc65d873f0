//! `Tree`: a decoded object that stays in Rust from the body to the canonical bytes.

use crate::errors::{RefusedError, decode_error};
use crate::pod::{Violated, violated};
use crate::schema::PySchema;
use crate::value::{from_py, to_py};
use kfast_schema::field::Errors;
use kfast_schema::metadata::{self, Creation, NameRule};
use kfast_schema::model::TypeId;
use kfast_schema::{Empties, MediaType, Source, Step, Validation, Value};
use pyo3::exceptions::{PyKeyError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyInt, PyString, PyTuple};
use self_cell::self_cell;

/// Adds the class.
pub fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_class::<PyTree>()
}

self_cell!(
    struct Document {
        owner: Source<'static>,

        #[covariant]
        dependent: Value,
    }
);

/// A decoded object of one kind: read and changed by paths, encoded without Python objects.
#[pyclass(name = "Tree", module = "kfast._native")]
pub struct PyTree {
    schema: Py<PySchema>,
    id: TypeId,
    document: Document,
}

impl PyTree {
    /// Reads a body as the kind of `key`: the tree and the findings of the validation.
    pub fn decode(
        schema: Py<PySchema>,
        key: &str,
        body: &[u8],
        media: MediaType,
        validation: Validation,
    ) -> PyResult<(Self, Vec<String>)> {
        let set = &schema.get().set;
        let id = kind_of(&schema, key)?;
        let source = Source::read(key, body, media).map_err(decode_error)?;
        let mut findings = Vec::new();
        let document = Document::try_new(source.into_owned(), |source| {
            let (value, found) =
                source.decode(set, key, body, validation, &mut Empties::Dropped)?;
            findings = found;
            Ok(value)
        });
        let document = document.map_err(decode_error)?;
        let tree = Self {
            schema,
            id,
            document,
        };
        Ok((tree, findings))
    }

    /// A tree that holds a value of its own.
    pub fn holding(schema: Py<PySchema>, id: TypeId, value: Value<'static>) -> Self {
        let document = Document::new(Source::Json("".into()), |_| value);
        Self {
            schema,
            id,
            document,
        }
    }

    /// The object.
    pub fn value(&self) -> &Value<'_> {
        self.document.borrow_dependent()
    }

    /// Changes the object.
    pub fn change<T>(&mut self, change: impl for<'a> FnOnce(&mut Value<'a>) -> T) -> T {
        self.document.with_dependent_mut(|_, value| change(value))
    }

    /// Another object of the same kind.
    pub fn sibling(&self, py: Python<'_>, value: Value<'static>) -> Self {
        Self::holding(self.schema.clone_ref(py), self.id, value)
    }

    /// The schema it was read with.
    pub fn schema(&self) -> &PySchema {
        self.schema.get()
    }
}

/// The type of a kind.
///
/// # Errors
/// ValueError if the schema has none of that name.
pub fn kind_of(schema: &Py<PySchema>, key: &str) -> PyResult<TypeId> {
    let unknown = || PyValueError::new_err(format!("no kind {key:?} is known to the schema"));
    schema.get().set.kind(key).ok_or_else(unknown)
}

#[pymethods]
impl PyTree {
    /// The value at a path of names and indices, `default` where absent: `tree.get("spec", "containers", 0, "name")`.
    #[pyo3(signature = (*path, default=None))]
    fn get<'py>(
        &self,
        py: Python<'py>,
        path: &Bound<'py, PyTuple>,
        default: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let path = steps(path)?;
        let schema = self.schema.get();
        match schema.set.find(self.id, self.value(), &borrowed(&path)) {
            Some(value) => to_py(py, &schema.names, value),
            None => Ok(default.unwrap_or_else(|| py.None().into_bound(py))),
        }
    }

    /// Puts a value at a path, making the objects on the way; None takes out what is there. KeyError where the kind has
    /// no such place.
    fn set(&mut self, path: &Bound<'_, PyTuple>, value: &Bound<'_, PyAny>) -> PyResult<()> {
        let steps = steps(path)?;
        let steps = borrowed(&steps);
        let missing = || PyKeyError::new_err(path.to_string());
        let set = &self.schema.get().set;
        let ty = set.type_at(self.id, &steps).ok_or_else(missing)?;
        let new = from_py(set, &ty, value)?;
        let new = (!value.is_none()).then_some(new);
        let (document, id) = (&mut self.document, self.id);
        let placed = document.with_dependent_mut(|_, root| set.place(id, root, &steps, new));
        if placed { Ok(()) } else { Err(missing()) }
    }

    /// The whole object as a new dict.
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        to_py(py, &self.schema.get().names, self.value())
    }

    /// The canonical JSON the store keeps: apiVersion, kind and metadata first, no resourceVersion.
    fn to_bytes<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.value().canonical(&self.schema.get().set))
    }

    /// Writes what the system owns into the metadata of a new object; returns warnings. `namespace` is that of the path,
    /// None for kinds without. RefusedError: (code, message).
    #[pyo3(signature = (namespace, uid, timestamp, generation, drops_status))]
    fn begin_create(
        &mut self,
        namespace: Option<&str>,
        uid: &str,
        timestamp: &str,
        generation: bool,
        drops_status: bool,
    ) -> PyResult<Vec<String>> {
        let creation = Creation {
            namespace,
            uid,
            timestamp,
            generation,
            drops_status,
        };
        let begun = self.change(|object| metadata::begin_create(object, &creation));
        begun.map_err(|refused| RefusedError::new_err((refused.code(), refused.to_string())))
    }

    /// Names an object that has a generateName: cut to 58 characters, with `suffix`. A new object without one, or with a
    /// name unless `again`, stays as it is. Whether it was named.
    #[pyo3(signature = (suffix, again = false))]
    fn generate_name(&mut self, suffix: &str, again: bool) -> bool {
        self.change(|object| metadata::generate_name(object, suffix, again))
    }

    /// Violations of the metadata of an object to be created.
    fn validate_metadata(&self, namespaced: bool, name_rule: &str) -> PyResult<Vec<Violated>> {
        let unknown = || PyValueError::new_err(format!("no name rule {name_rule:?}"));
        let rule = NameRule::parse(name_rule).ok_or_else(unknown)?;
        let mut errors = Errors::new(&self.schema().set);
        metadata::validate_create(self.value(), namespaced, rule, &mut errors);
        Ok(violated(errors))
    }

    /// Violations of the metadata of an update that is based on the resource version.
    fn validate_metadata_update(&self, old: &Self, version: &str) -> Vec<Violated> {
        let mut errors = Errors::new(&self.schema().set);
        metadata::validate_update(self.value(), old.value(), version, &mut errors);
        violated(errors)
    }

    /// A tree of its own with the same content.
    fn copy(&self, py: Python<'_>) -> Self {
        self.sibling(py, self.value().clone().into_owned())
    }

    /// Whether both say the same; the order of properties does not matter.
    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        other.cast::<Self>().is_ok_and(|other| {
            let same = |other: PyRef<'_, Self>| other.value() == self.value();
            other.try_borrow().is_ok_and(same)
        })
    }
}

enum Owned {
    Key(String),
    Item(usize),
}

fn steps(path: &Bound<'_, PyTuple>) -> PyResult<Vec<Owned>> {
    let step = |item: Bound<'_, PyAny>| {
        if let Ok(key) = item.cast::<PyString>() {
            Ok(Owned::Key(key.to_str()?.to_owned()))
        } else if item.is_instance_of::<PyInt>() {
            Ok(Owned::Item(item.extract()?))
        } else {
            Err(PyTypeError::new_err("a path has names and indices"))
        }
    };
    path.iter().map(step).collect()
}

fn borrowed(path: &[Owned]) -> Vec<Step<'_>> {
    fn step(owned: &Owned) -> Step<'_> {
        match owned {
            Owned::Key(key) => Step::Key(key),
            Owned::Item(at) => Step::Item(*at),
        }
    }
    path.iter().map(step).collect()
}
