//! Evaluation. Costs are counted as upstream counts them.

use crate::functions::{Failure, Outcome};
use crate::library::format::go_value;
use crate::overloads;
use crate::plan::{Attribute, Call, Fold, Key, Qualifier, Root, Step};
use crate::program::{Activation, EvaluationError};
use crate::value::{Entries, List, Map, Value};

const LIST_COST: u64 = 10;
const MAP_COST: u64 = 30;
const OBJECT_COST: u64 = 40;

/// One evaluation under way.
pub(crate) struct Run<'r, 'a> {
    activation: &'r dyn Activation<'a>,
    slots: Vec<Slot<'a>>,
    cost: u64,
    limit: u64,
}

/// A variable of a comprehension.
enum Slot<'a> {
    Empty,
    /// An accumulator nobody has read yet.
    Pending(&'a Step),
    Holds(Outcome<'a>),
}

impl<'r, 'a> Run<'r, 'a> {
    pub(crate) fn new(activation: &'r dyn Activation<'a>, slots: usize, limit: u64) -> Self {
        Self {
            activation,
            slots: std::iter::repeat_with(|| Slot::Empty).take(slots).collect(),
            cost: 0,
            limit,
        }
    }

    pub(crate) fn cost(&self) -> u64 {
        self.cost
    }

    fn charge(&mut self, cost: u64) -> Result<(), Failure> {
        self.cost = self.cost.saturating_add(cost);
        if self.cost > self.limit {
            Err(Failure::Budget)
        } else {
            Ok(())
        }
    }

    /// The value of a step.
    pub(crate) fn value(&mut self, step: &'a Step) -> Outcome<'a> {
        match step {
            Step::Constant(value) => Ok(value.clone()),
            Step::Attribute(attribute) => {
                let value = self.resolve(attribute);
                let free = attribute.test || matches!(attribute.root, Root::Conditional(_));
                self.charge(u64::from(!free))?;
                value
            }
            Step::Call(call) => self.call(call),
            Step::Logical { neutral, terms } => self.logical(*neutral, terms),
            Step::NotFalse(operand) => {
                let value = self.value(operand);
                self.charge(1)?;
                match value {
                    Err(Failure::Budget) => Err(Failure::Budget),
                    Ok(Value::Bool(flag)) => Ok(Value::Bool(flag)),
                    _ => Ok(Value::Bool(true)),
                }
            }
            Step::Among { value, set } => {
                let value = self.value(value)?;
                Ok(Value::Bool(set.iter().any(|item| item.equals(&value))))
            }
            Step::Or { sides, unwrap } => match self.value(&sides[0])? {
                Value::Optional(None) => self.value(&sides[1]),
                Value::Optional(Some(value)) if *unwrap => Ok(value.as_ref().clone()),
                other => Ok(other),
            },
            Step::List(items) => self.list(items),
            Step::Map(entries) => self.map(entries),
            Step::Object { ty, fields } => {
                let mut entries = Entries::default();
                entries.object = Some(ty.clone());
                for (name, step, optional) in fields {
                    let key = Value::text(name);
                    if let Some(value) = self.element(step, *optional, Some(&key))? {
                        entries.insert(key, value);
                    }
                }
                self.charge(OBJECT_COST)?;
                Ok(Value::entries(entries))
            }
            Step::Fold(fold) => self.fold(fold),
        }
    }

    fn call(&mut self, call: &'a Call) -> Outcome<'a> {
        let mut args: smallargs::Args<'a> = smallargs::Args::new();
        let mut failed = None;
        for (at, step) in call.args.iter().enumerate() {
            let value = match call.replaces {
                Some(slot) if at == 0 => self.taken(slot),
                _ => self.value(step),
            };
            match value {
                Ok(value) => args.push(value),
                Err(Failure::Budget) => return Err(Failure::Budget),
                // Both operands of an operator are computed, whatever becomes of the first.
                Err(failure) if call.args.len() == 2 => {
                    failed.get_or_insert(failure);
                }
                Err(failure) => {
                    self.charge(u64::from(call.args.len() == 1))?;
                    return Err(failure);
                }
            }
        }
        if let Some(failure) = failed {
            self.charge(1)?;
            return Err(failure);
        }
        let cost = call.cost.before(&args);
        let value = call.compute(&mut args);
        let cost = call.cost.after(cost, &value);
        self.charge(cost)?;
        match value {
            Err(Failure::NoOverload) => {
                let patterned = call.pattern.is_some();
                Err(overloads::refusal(call.function, patterned, &args).into())
            }
            other => other,
        }
    }

    /// The value of an accumulator that is about to be replaced.
    fn taken(&mut self, slot: usize) -> Outcome<'a> {
        let value = match std::mem::replace(&mut self.slots[slot], Slot::Empty) {
            Slot::Holds(value) => value,
            Slot::Pending(init) => self.value(init),
            Slot::Empty => Ok(Value::Null),
        };
        self.charge(1)?;
        value
    }

    fn logical(&mut self, neutral: bool, terms: &'a [Step; 2]) -> Outcome<'a> {
        let mut failed = None;
        for term in terms {
            match self.value(term) {
                Ok(Value::Bool(flag)) if flag != neutral => return Ok(Value::Bool(flag)),
                Ok(Value::Bool(_)) => {}
                Err(Failure::Budget) => return Err(Failure::Budget),
                Err(failure) => {
                    failed.get_or_insert(failure);
                }
                Ok(_) => {
                    failed.get_or_insert(Failure::Error("no such overload".to_owned()));
                }
            }
        }
        match failed {
            Some(failure) => Err(failure),
            None => Ok(Value::Bool(neutral)),
        }
    }

    /// An element of a literal; `None` if it is optional and absent.
    fn element(
        &mut self,
        step: &'a Step,
        optional: bool,
        key: Option<&Value<'a>>,
    ) -> Result<Option<Value<'a>>, Failure> {
        let value = self.value(step)?;
        if !optional {
            return Ok(Some(value));
        }
        match value {
            Value::Optional(value) => Ok(value.map(|v| v.as_ref().clone())),
            other => {
                let shown = go_value(&other);
                Err(Failure::Error(match key {
                    Some(key) => {
                        let key = go_value(key);
                        format!(
                            "cannot initialize optional entry '{key}' from non-optional value {shown}"
                        )
                    }
                    None => format!(
                        "cannot initialize optional list element from non-optional value {shown}"
                    ),
                }))
            }
        }
    }

    fn list(&mut self, items: &'a [(Step, bool)]) -> Outcome<'a> {
        let mut values = Vec::with_capacity(items.len());
        for (step, optional) in items {
            values.extend(self.element(step, *optional, None)?);
        }
        self.charge(LIST_COST)?;
        Ok(Value::list(values))
    }

    fn map(&mut self, entries: &'a [(Step, Step, bool)]) -> Outcome<'a> {
        let mut made = Entries::default();
        for (key, step, optional) in entries {
            let key = self.value(key)?;
            if let Some(value) = self.element(step, *optional, Some(&key))?
                && !made.insert(key.clone(), value)
            {
                return Err(format!("unsupported key type: {}", key.type_name()).into());
            }
        }
        self.charge(MAP_COST)?;
        Ok(Value::entries(made))
    }

    fn fold(&mut self, fold: &'a Fold) -> Outcome<'a> {
        let range = self.value(&fold.range)?;
        self.slots[fold.accumulator] = Slot::Pending(&fold.init);
        match (&range, fold.second) {
            (Value::List(list), None) => {
                for at in 0..list.len() {
                    let Some(item) = list.get(at) else { break };
                    if !self.turn(fold, item.map_err(Failure::Error), None)? {
                        break;
                    }
                }
            }
            (Value::List(list), Some(slot)) => {
                for at in 0..list.len() {
                    let Some(item) = list.get(at) else { break };
                    let index = Value::Int(i64::try_from(at).unwrap_or(i64::MAX));
                    if !self.turn(fold, Ok(index), Some((slot, item.map_err(Failure::Error))))? {
                        break;
                    }
                }
            }
            (Value::Map(map), None) => {
                for key in map.keys() {
                    if !self.turn(fold, Ok(key), None)? {
                        break;
                    }
                }
            }
            (Value::Map(map), Some(slot)) => {
                for (key, value) in map.pairs()? {
                    if !self.turn(fold, Ok(key), Some((slot, Ok(value))))? {
                        break;
                    }
                }
            }
            (other, _) => {
                let go_type = match other {
                    Value::Null => "types.Null",
                    Value::Bool(_) => "types.Bool",
                    Value::Int(_) => "types.Int",
                    Value::Uint(_) => "types.Uint",
                    Value::Double(_) => "types.Double",
                    Value::String(_) => "types.String",
                    Value::Bytes(_) => "types.Bytes",
                    Value::Duration(_) => "types.Duration",
                    Value::Timestamp(_) => "types.Timestamp",
                    Value::Optional(_) => "*types.Optional",
                    _ => "*types.Type",
                };
                return Err(match fold.second {
                    None => format!("got '{go_type}', expected iterable type").into(),
                    Some(_) => format!("unsupported comprehension range type: {go_type}").into(),
                });
            }
        }
        self.value(&fold.result)
    }

    /// One item of a comprehension; whether there may be more.
    fn turn(
        &mut self,
        fold: &'a Fold,
        item: Outcome<'a>,
        second: Option<(usize, Outcome<'a>)>,
    ) -> Result<bool, Failure> {
        self.slots[fold.variable] = Slot::Holds(item);
        if let Some((slot, value)) = second {
            self.slots[slot] = Slot::Holds(value);
        }
        match self.value(&fold.condition) {
            Ok(Value::Bool(false)) => return Ok(false),
            Err(Failure::Budget) => return Err(Failure::Budget),
            _ => {}
        }
        let next = self.value(&fold.step);
        if matches!(next, Err(Failure::Budget)) {
            return Err(Failure::Budget);
        }
        self.slots[fold.accumulator] = Slot::Holds(next);
        Ok(true)
    }

    fn read(&mut self, slot: usize) -> Outcome<'a> {
        if let Slot::Pending(init) = self.slots[slot] {
            let value = self.value(init);
            if matches!(value, Err(Failure::Budget)) {
                return value;
            }
            self.slots[slot] = Slot::Holds(value);
        }
        match &self.slots[slot] {
            Slot::Holds(value) => value.clone(),
            Slot::Empty | Slot::Pending(_) => Ok(Value::Null),
        }
    }

    /// The value at the end of an attribute's path, without what reading a variable costs.
    fn resolve(&mut self, attribute: &'a Attribute) -> Outcome<'a> {
        let start = match &attribute.root {
            Root::Variable(name) => {
                let value = self.activation.variable(name);
                value.ok_or_else(|| format!("no such attribute(s): {name}"))?
            }
            Root::Slot(slot) => self.read(*slot)?,
            Root::Value(step) => self.value(step)?,
            Root::Conditional(parts) => {
                let (condition, yes, no) = parts.as_ref();
                match self.value(condition)? {
                    Value::Bool(true) => self.resolve(yes)?,
                    Value::Bool(false) => self.resolve(no)?,
                    _ => return Err("no such overload".into()),
                }
            }
        };
        if attribute.path.is_empty() {
            return Ok(start);
        }
        self.follow(start, &attribute.path, attribute.test)
    }

    fn follow(&mut self, start: Value<'a>, path: &'a [Qualifier], test: bool) -> Outcome<'a> {
        let (mut value, mut optional) = match start {
            Value::Optional(None) => return Ok(Value::Optional(None)),
            Value::Optional(Some(value)) => (value.as_ref().clone(), true),
            other => (other, false),
        };
        for (at, qualifier) in path.iter().enumerate() {
            optional |= qualifier.optional;
            let computed;
            let key = match &qualifier.key {
                Key::Constant(key) => key,
                Key::Computed(attribute) => {
                    computed = self.resolve(attribute)?;
                    &computed
                }
            };
            let last = test && at + 1 == path.len();
            let found = self.member(&value, key, optional || last)?;
            if last {
                self.charge(1)?;
                return Ok(Value::Bool(found.is_some()));
            }
            match found {
                Some(found) => value = found,
                None => return Ok(Value::Optional(None)),
            }
            self.charge(1)?;
        }
        Ok(if optional { Value::some(value) } else { value })
    }

    /// The value a map holds for a key, or a list at an index; `None` only if it may be absent.
    fn member(
        &mut self,
        value: &Value<'a>,
        key: &Value<'a>,
        may_lack: bool,
    ) -> Result<Option<Value<'a>>, Failure> {
        match value {
            Value::Map(Map::Variables) => match key
                .as_str()
                .and_then(|name| self.activation.composited(name))
            {
                Some(Ok(value)) => return Ok(Some(value)),
                Some(Err(EvaluationError::Budget)) => return Err(Failure::Budget),
                Some(Err(EvaluationError::Failed(message))) => return Err(Failure::Error(message)),
                None => {}
            },
            Value::Map(map) => {
                if let Some(found) = map.get(key) {
                    return Ok(Some(found?));
                }
            }
            Value::List(list) => return at_index(list, key, may_lack),
            _ => {}
        }
        if may_lack {
            return Ok(None);
        }
        Err(format!("no such key: {}", go_value(key)).into())
    }
}

fn at_index<'a>(
    list: &List<'a>,
    key: &Value<'_>,
    may_lack: bool,
) -> Result<Option<Value<'a>>, Failure> {
    let index = match key {
        Value::Int(index) => usize::try_from(*index).ok(),
        Value::Uint(index) => usize::try_from(*index).ok(),
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        // whole and no less than zero
        Value::Double(index) if index.fract() == 0.0 && *index >= 0.0 => Some(*index as usize),
        Value::Double(index) => {
            return Err(format!("unsupported index value {index} in list").into());
        }
        other => {
            return Err(format!("unsupported index type '{}' in list", other.type_name()).into());
        }
    };
    match index.and_then(|index| list.get(index)) {
        Some(item) => Ok(Some(item?)),
        None if may_lack => Ok(None),
        None => Err(format!("index out of bounds: {}", go_value(key)).into()),
    }
}

/// Arguments of a call, without an allocation for few.
mod smallargs {
    use crate::value::Value;
    use std::ops::{Deref, DerefMut};

    pub(super) struct Args<'a> {
        few: [Value<'a>; 3],
        many: Vec<Value<'a>>,
        length: usize,
    }

    impl<'a> Args<'a> {
        pub(super) fn new() -> Self {
            Self {
                few: [Value::Null, Value::Null, Value::Null],
                many: Vec::new(),
                length: 0,
            }
        }

        pub(super) fn push(&mut self, value: Value<'a>) {
            if self.length < self.few.len() {
                self.few[self.length] = value;
            } else {
                if self.length == self.few.len() {
                    self.many.extend(self.few.iter_mut().map(std::mem::take));
                }
                self.many.push(value);
            }
            self.length += 1;
        }
    }

    impl<'a> Deref for Args<'a> {
        type Target = [Value<'a>];

        fn deref(&self) -> &Self::Target {
            if self.many.is_empty() {
                &self.few[..self.length]
            } else {
                &self.many
            }
        }
    }

    impl DerefMut for Args<'_> {
        fn deref_mut(&mut self) -> &mut Self::Target {
            if self.many.is_empty() {
                &mut self.few[..self.length]
            } else {
                &mut self.many
            }
        }
    }
}
