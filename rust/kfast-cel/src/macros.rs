//! Macros: calls that stand for comprehensions and presence tests.

use crate::ast::{ACCUMULATOR, Expr, Fold, Id, Item, Kind, Literal};
use crate::parser::{Parser, call};
use std::sync::Arc;

/// A call that is no macro, given back.
type NoMacro = (Option<Expr>, Vec<Expr>);

/// What the call stands for; a macro with wrong arguments is reported.
///
/// # Errors
/// The target and arguments, if no macro has that name, target and number of arguments.
pub(crate) fn expand(
    parser: &mut Parser<'_, '_>,
    id: Id,
    name: &str,
    target: Option<Expr>,
    args: Vec<Expr>,
) -> Result<Expr, NoMacro> {
    let mut maker = Maker {
        position: parser.position(id),
        parser,
    };
    let Some(target) = target else {
        return match <[Expr; 1]>::try_from(args) {
            Ok([operand]) if name == "has" => Ok(maker.has(operand)),
            Ok([operand]) => Err((None, vec![operand])),
            Err(args) => Err((None, args)),
        };
    };
    let expanded = match (name, args.len()) {
        ("all" | "exists" | "exists_one", 2)
        | ("all" | "exists" | "existsOne" | "exists_one", 3) => {
            maker.quantifier(name, target, args)
        }
        ("map", 2 | 3) => maker.map(target, args),
        ("filter", 2) => maker.filter(target, args),
        ("transformList" | "transformMap" | "transformMapEntry", 3 | 4) => {
            maker.transform(name, target, args)
        }
        ("optMap" | "optFlatMap", 2) => maker.optional(name, target, args),
        ("sortBy", 2) => maker.sort_by(target, args),
        ("bind", 3)
            if maker.parser.bindings && target.as_ident().is_some_and(|n| **n == *"cel") =>
        {
            maker.binding(args)
        }
        _ => return Err((Some(target), args)),
    };
    Ok(match expanded {
        Ok(expr) => expr,
        Err((position, message)) => maker.parser.wrong(position, message),
    })
}

/// A macro's arguments are wrong: where and how.
type Wrong = (u32, String);

/// Makes nodes that count as being where the macro is.
struct Maker<'p, 's, 'i> {
    parser: &'p mut Parser<'s, 'i>,
    position: u32,
}

impl Maker<'_, '_, '_> {
    fn node(&mut self, kind: Kind) -> Expr {
        let id = self.parser.id(self.position);
        Expr { id, kind }
    }

    fn literal(&mut self, literal: Literal) -> Expr {
        self.node(Kind::Literal(literal))
    }

    fn ident(&mut self, name: &str) -> Expr {
        self.node(Kind::Ident(name.into()))
    }

    fn accumulator(&mut self) -> Expr {
        self.ident(ACCUMULATOR)
    }

    fn call(&mut self, function: &str, args: Vec<Expr>) -> Expr {
        let id = self.parser.id(self.position);
        call(id, function, args)
    }

    fn member_call(&mut self, function: &str, target: Expr, args: Vec<Expr>) -> Expr {
        self.node(Kind::Call {
            function: function.into(),
            target: Some(Box::new(target)),
            args,
        })
    }

    fn list(&mut self, items: Vec<Expr>) -> Expr {
        let items = items.into_iter().map(|value| Item {
            value,
            optional: false,
        });
        let items = items.collect();
        self.node(Kind::List(items))
    }

    fn wrong(&self, expr: &Expr, message: impl Into<String>) -> Wrong {
        (self.parser.position(expr.id), message.into())
    }

    fn has(&mut self, operand: Expr) -> Expr {
        match operand.kind {
            Kind::Select { operand, field, .. } => self.node(Kind::Select {
                operand,
                field,
                test: true,
            }),
            _ => {
                let position = self.parser.position(operand.id);
                self.parser
                    .wrong(position, "invalid argument to has() macro")
            }
        }
    }

    fn variable(&self, expr: &Expr, complaint: &str) -> Result<Arc<str>, Wrong> {
        let name = expr.as_ident().ok_or_else(|| self.wrong(expr, complaint))?;
        self.not_accumulator(expr, name)?;
        Ok(name.clone())
    }

    fn not_accumulator(&self, expr: &Expr, name: &str) -> Result<(), Wrong> {
        if matches!(name, ACCUMULATOR | "__result__") {
            return Err(self.wrong(expr, "iteration variable overwrites accumulator variable"));
        }
        Ok(())
    }

    /// Takes the one or two variables off the arguments.
    fn variables(
        &self,
        args: &mut Vec<Expr>,
        two: bool,
    ) -> Result<(Arc<str>, Option<Arc<str>>), Wrong> {
        const COMPLAINT: &str = "argument must be a simple name";
        let first = args.remove(0);
        if !two {
            return Ok((self.variable(&first, COMPLAINT)?, None));
        }
        let second = args.remove(0);
        let name = |expr: &Expr| {
            expr.as_ident()
                .cloned()
                .ok_or_else(|| self.wrong(expr, COMPLAINT))
        };
        let (key, value) = (name(&first)?, name(&second)?);
        if key == value {
            return Err(self.wrong(&second, format!("duplicate variable name: {key}")));
        }
        self.not_accumulator(&first, &key)?;
        self.not_accumulator(&second, &value)?;
        Ok((key, Some(value)))
    }

    fn quantifier(&mut self, name: &str, range: Expr, mut args: Vec<Expr>) -> Result<Expr, Wrong> {
        let two = args.len() == 3;
        let (variable, second) = self.variables(&mut args, two)?;
        let predicate = args.remove(0);
        let accumulator = self.accumulator();
        let (init, condition, step, result) = match name {
            "all" => {
                let init = self.literal(Literal::Bool(true));
                let condition = self.call("@not_strictly_false", vec![accumulator]);
                let so_far = self.accumulator();
                let step = self.call("_&&_", vec![so_far, predicate]);
                (init, condition, step, self.accumulator())
            }
            "exists" => {
                let init = self.literal(Literal::Bool(false));
                let not_yet = self.call("!_", vec![accumulator]);
                let condition = self.call("@not_strictly_false", vec![not_yet]);
                let so_far = self.accumulator();
                let step = self.call("_||_", vec![so_far, predicate]);
                (init, condition, step, self.accumulator())
            }
            _ => {
                let init = self.literal(Literal::Int(0));
                let condition = self.literal(Literal::Bool(true));
                let one = self.literal(Literal::Int(1));
                let more = self.call("_+_", vec![accumulator, one]);
                let same = self.accumulator();
                let step = self.call("_?_:_", vec![predicate, more, same]);
                let found = self.accumulator();
                let one = self.literal(Literal::Int(1));
                (init, condition, step, self.call("_==_", vec![found, one]))
            }
        };
        Ok(self.fold(Fold {
            range,
            variable,
            second,
            accumulator: ACCUMULATOR.into(),
            init,
            condition,
            step,
            result,
        }))
    }

    fn fold(&mut self, fold: Fold) -> Expr {
        self.node(Kind::Fold(Box::new(fold)))
    }

    /// A fold over all items whose result is the accumulator; with a filter, only some take the step.
    fn collect(
        &mut self,
        range: Expr,
        names: (Arc<str>, Option<Arc<str>>),
        init: Expr,
        step: Expr,
        filter: Option<Expr>,
    ) -> Expr {
        let condition = self.literal(Literal::Bool(true));
        let step = match filter {
            Some(filter) => {
                let same = self.accumulator();
                self.call("_?_:_", vec![filter, step, same])
            }
            None => step,
        };
        let result = self.accumulator();
        self.fold(Fold {
            range,
            variable: names.0,
            second: names.1,
            accumulator: ACCUMULATOR.into(),
            init,
            condition,
            step,
            result,
        })
    }

    fn append(&mut self, value: Expr) -> Expr {
        let so_far = self.accumulator();
        let one = self.list(vec![value]);
        self.call("_+_", vec![so_far, one])
    }

    fn map(&mut self, range: Expr, mut args: Vec<Expr>) -> Result<Expr, Wrong> {
        let variable = self.variable(&args[0], "argument is not an identifier")?;
        let value = args.remove(args.len() - 1);
        let filter = (args.len() == 2).then(|| args.remove(1));
        let init = self.list(Vec::new());
        let step = self.append(value);
        Ok(self.collect(range, (variable, None), init, step, filter))
    }

    fn filter(&mut self, range: Expr, mut args: Vec<Expr>) -> Result<Expr, Wrong> {
        let variable = self.variable(&args[0], "argument is not an identifier")?;
        let filter = args.remove(1);
        let init = self.list(Vec::new());
        let step = self.append(args.remove(0));
        Ok(self.collect(range, (variable, None), init, step, Some(filter)))
    }

    fn transform(&mut self, name: &str, range: Expr, mut args: Vec<Expr>) -> Result<Expr, Wrong> {
        let (key, value) = self.variables(&mut args, true)?;
        let made = args.remove(args.len() - 1);
        let filter = args.pop();
        let (init, step) = match name {
            "transformList" => (self.list(Vec::new()), self.append(made)),
            _ => {
                let so_far = self.accumulator();
                let mut inserted = vec![so_far];
                if name == "transformMap" {
                    inserted.push(self.ident(&key));
                }
                inserted.push(made);
                let init = self.node(Kind::Map(Vec::new()));
                (init, self.call("cel.@mapInsert", inserted))
            }
        };
        Ok(self.collect(range, (key, value), init, step, filter))
    }

    /// A name for a value within an expression.
    fn bind(&mut self, name: &str, value: Expr, result: Expr) -> Expr {
        let range = self.list(Vec::new());
        let condition = self.literal(Literal::Bool(false));
        let step = self.ident(name);
        self.fold(Fold {
            range,
            variable: "#unused".into(),
            second: None,
            accumulator: name.into(),
            init: value,
            condition,
            step,
            result,
        })
    }

    fn optional(
        &mut self,
        macro_name: &str,
        target: Expr,
        mut args: Vec<Expr>,
    ) -> Result<Expr, Wrong> {
        let complaint = format!("{macro_name}() variable name must be a simple identifier");
        let name = args[0].as_ident().cloned();
        let name = name.ok_or_else(|| self.wrong(&args[0], complaint))?;
        let copy = self.copy(&target);
        let there = self.member_call("hasValue", target, Vec::new());
        let value = self.member_call("value", copy, Vec::new());
        let bound = self.bind(&name, value, args.remove(1));
        let some = match macro_name {
            "optMap" => self.call("optional.of", vec![bound]),
            _ => bound,
        };
        let none = self.call("optional.none", Vec::new());
        Ok(self.call("_?_:_", vec![there, some, none]))
    }

    fn binding(&mut self, mut args: Vec<Expr>) -> Result<Expr, Wrong> {
        const COMPLAINT: &str = "cel.bind() variable names must be simple identifiers";
        let name = args[0].as_ident().cloned();
        let name = name.ok_or_else(|| self.wrong(&args[0], COMPLAINT))?;
        let within = args.remove(2);
        Ok(self.bind(&name, args.remove(1), within))
    }

    fn sort_by(&mut self, target: Expr, args: Vec<Expr>) -> Result<Expr, Wrong> {
        const INPUT: &str = "@__sortBy_input__";
        if matches!(
            target.kind,
            Kind::Literal(_) | Kind::Map(_) | Kind::Struct { .. }
        ) {
            return Err(self.wrong(
                &target,
                "sortBy can only be applied to a list, identifier, comprehension, call or select expression",
            ));
        }
        let input = self.ident(INPUT);
        let keys = self.map(input, args)?;
        let input = self.ident(INPUT);
        let sorted = self.member_call("@sortByAssociatedKeys", input, vec![keys]);
        Ok(self.bind(INPUT, target, sorted))
    }

    /// The same nodes with ids of their own.
    fn copy(&mut self, expr: &Expr) -> Expr {
        let mut copy = expr.clone();
        self.renew(&mut copy);
        copy
    }

    fn renew(&mut self, expr: &mut Expr) {
        let position = self.parser.position(expr.id);
        expr.id = self.parser.id(position);
        match &mut expr.kind {
            Kind::Error | Kind::Literal(_) | Kind::Ident(_) => {}
            Kind::Select { operand, .. } => self.renew(operand),
            Kind::Call { target, args, .. } => {
                target.iter_mut().for_each(|t| self.renew(t));
                args.iter_mut().for_each(|arg| self.renew(arg));
            }
            Kind::List(items) => items
                .iter_mut()
                .for_each(|item| self.renew(&mut item.value)),
            Kind::Map(entries) => {
                for entry in entries {
                    self.renew(&mut entry.key);
                    self.renew(&mut entry.value);
                }
            }
            Kind::Struct { fields, .. } => {
                for field in fields {
                    let position = self.parser.position(field.id);
                    field.id = self.parser.id(position);
                    self.renew(&mut field.value);
                }
            }
            Kind::Fold(fold) => {
                let Fold {
                    range,
                    init,
                    condition,
                    step,
                    result,
                    ..
                } = fold.as_mut();
                for part in [range, init, condition, step, result] {
                    self.renew(part);
                }
            }
        }
    }
}
