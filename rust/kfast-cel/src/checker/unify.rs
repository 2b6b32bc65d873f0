//! Which types go together, and what type variables stand for.

use crate::types::Type;

/// What each type variable stands for, by its number.
#[derive(Clone, Debug, Default)]
pub(crate) struct Substitution {
    known: Vec<Option<Type>>,
}

impl Substitution {
    /// A new variable.
    pub(crate) fn variable(&mut self) -> Type {
        self.known.push(None);
        Type::Param(u32::try_from(self.known.len() - 1).unwrap_or(u32::MAX))
    }

    fn find(&self, ty: &Type) -> Option<&Type> {
        match ty {
            Type::Param(number) => self.known.get(*number as usize)?.as_ref(),
            _ => None,
        }
    }

    fn add(&mut self, variable: &Type, stands_for: Type) {
        if let Type::Param(number) = variable {
            self.known[*number as usize] = Some(stands_for);
        }
    }

    /// The type with its variables replaced; unknown ones become dyn if asked to.
    pub(crate) fn apply(&self, ty: &Type, unknown_is_dyn: bool) -> Type {
        if let Some(known) = self.find(ty) {
            return self.apply(known, unknown_is_dyn);
        }
        match ty {
            Type::Param(_) if unknown_is_dyn => Type::Dyn,
            Type::List(item) => Type::list(self.apply(item, unknown_is_dyn)),
            Type::Optional(value) => Type::optional(self.apply(value, unknown_is_dyn)),
            Type::Map(entry) => Type::map(
                self.apply(&entry.0, unknown_is_dyn),
                self.apply(&entry.1, unknown_is_dyn),
            ),
            Type::Type(Some(of)) => Type::Type(Some(self.apply(of, unknown_is_dyn).into())),
            other => other.clone(),
        }
    }

    /// Whether values of each given type may stand where the wanted one does; if so, what that says of variables is kept.
    pub(crate) fn assignable_all(&mut self, given: &[Type], wanted: &[Type]) -> bool {
        let mut attempt = self.clone();
        let fits = given.len() == wanted.len()
            && given.iter().zip(wanted).all(|(g, w)| attempt.fits(g, w));
        if fits {
            *self = attempt;
        }
        fits
    }

    /// Like [`Self::assignable_all`], of one type.
    pub(crate) fn assignable(&mut self, given: &Type, wanted: &Type) -> bool {
        let mut attempt = self.clone();
        let fits = attempt.fits(given, wanted);
        if fits {
            *self = attempt;
        }
        fits
    }

    fn fits(&mut self, given: &Type, wanted: &Type) -> bool {
        if matches!(wanted, Type::Param(_)) {
            match self.substitutes(given, wanted) {
                (true, _) => return true,
                (false, true) => return false,
                (false, false) => {}
            }
        }
        if matches!(given, Type::Param(_)) {
            return self.substitutes(wanted, given).0;
        }
        if given.is_dyn_or_error() || wanted.is_dyn_or_error() {
            return true;
        }
        match (given, wanted) {
            (Type::Null, other) | (other, Type::Null) => nullable(other),
            (Type::Type(_), Type::Type(_)) => true,
            (Type::List(a), Type::List(b)) | (Type::Optional(a), Type::Optional(b)) => {
                self.fits(a, b)
            }
            (Type::Map(a), Type::Map(b)) => self.fits(&a.0, &b.0) && self.fits(&a.1, &b.1),
            (a, b) => a == b,
        }
    }

    /// Whether `variable` can stand for `ty`, and whether it stood for something already.
    fn substitutes(&mut self, ty: &Type, variable: &Type) -> (bool, bool) {
        if ty == variable {
            return (true, true);
        }
        if let Some(known) = self.find(variable).cloned() {
            if *ty == known {
                return (true, true);
            }
            if !self.fits(ty, &known) {
                return (false, true);
            }
            let general = most_general(ty, &known);
            if self.free_of(variable, &general) {
                self.add(variable, general);
            }
            return (true, true);
        }
        let free = self.free_of(variable, ty);
        if free {
            self.add(variable, ty.clone());
        }
        (free, false)
    }

    /// Whether a variable does not occur within a type.
    fn free_of(&self, variable: &Type, within: &Type) -> bool {
        if variable == within {
            return false;
        }
        match within {
            Type::Param(_) => match self.find(within) {
                Some(known) => self.free_of(variable, known),
                None => true,
            },
            Type::List(of) | Type::Optional(of) | Type::Type(Some(of)) => {
                self.free_of(variable, of)
            }
            Type::Map(entry) => {
                self.free_of(variable, &entry.0) && self.free_of(variable, &entry.1)
            }
            _ => true,
        }
    }
}

fn nullable(ty: &Type) -> bool {
    matches!(
        ty,
        Type::Null
            | Type::Object(_)
            | Type::Opaque(_)
            | Type::Optional(_)
            | Type::Duration
            | Type::Timestamp
    )
}

/// The more general of two types that go together.
pub(crate) fn most_general(a: &Type, b: &Type) -> Type {
    if less_specific_or_equal(a, b) {
        a.clone()
    } else {
        b.clone()
    }
}

fn less_specific_or_equal(a: &Type, b: &Type) -> bool {
    match (a, b) {
        (Type::Dyn | Type::Param(_), _) => true,
        (_, Type::Dyn | Type::Param(_)) => false,
        (Type::List(a), Type::List(b)) | (Type::Optional(a), Type::Optional(b)) => {
            less_specific_or_equal(a, b)
        }
        (Type::Map(a), Type::Map(b)) => {
            less_specific_or_equal(&a.0, &b.0) && less_specific_or_equal(&a.1, &b.1)
        }
        (Type::Type(_), Type::Type(_)) => true,
        (a, b) => a == b,
    }
}
