//! Which overloads take values, as it is judged at run time: lists and maps by their first items.

use crate::functions::{self, Overload};
use crate::types::Type;
use crate::value::Value;

/// Why no overload of a function takes its arguments. `patterned`: its pattern is constant.
pub(crate) fn refusal(function: &str, patterned: bool, args: &[Value<'_>]) -> String {
    let unnamed = "no such overload".to_owned();
    match function {
        "_==_"
        | "@in"
        | "!_"
        | "contains"
        | "startsWith"
        | "endsWith"
        | "matches"
        | "sort"
        | "@sortByAssociatedKeys" => unnamed,
        _ if patterned || operands(function, args) => unnamed,
        "size" if matches!(args[0], Value::Duration(_) | Value::Timestamp(_)) => unnamed,
        "size" => format!("{unnamed}: size"),
        _ if function.contains('_') => format!("{unnamed}: {function}"),
        _ if fitting(function, args) => unnamed,
        "flatten" => format!("{unnamed}: {}.flatten()", args[0].type_name()),
        _ => {
            let types: Vec<_> = args.iter().map(Value::type_name).collect();
            format!("{unnamed}: {function}({})", types.join(", "))
        }
    }
}

/// Whether the operator is one of the first value's type, which then refuses the other.
fn operands(operator: &str, args: &[Value<'_>]) -> bool {
    use Value::{Bool, Bytes, Double, Duration, Int, List, String, Timestamp, Uint};
    let number = matches!(args.first(), Some(Int(_) | Uint(_) | Double(_)));
    let own = match operator {
        "_+_" => number || matches!(args[0], Bytes(_) | List(_)),
        "_-_" | "_*_" | "_/_" => number,
        "_%_" => matches!(args[0], Int(_) | Uint(_)),
        "_<_" | "_<=_" | "_>_" | "_>=_" => number || matches!(args[0], Bool(_) | Bytes(_)),
        "-_" => matches!(args[0], Bool(_) | Int(_) | Double(_)),
        _ => return false,
    };
    own || matches!(args[0], String(_) | Duration(_) | Timestamp(_))
}

/// Whether an overload of the function takes these arguments.
pub(crate) fn fitting(function: &str, args: &[Value<'_>]) -> bool {
    let takes = |overload: &Overload| {
        overload.args.len() == args.len()
            && overload
                .args
                .iter()
                .zip(args)
                .all(|(ty, arg)| fits(ty, arg))
    };
    functions::named(function).is_some_and(|declared| declared.overloads.iter().any(takes))
}

fn fits(ty: &Type, value: &Value<'_>) -> bool {
    match (ty, value) {
        (Type::Dyn | Type::Error | Type::Param(_), _) => true,
        (Type::List(of), Value::List(list)) => match list.get(0) {
            Some(Ok(first)) => fits(of, &first),
            _ => true,
        },
        (Type::Map(of), Value::Map(map)) => match map.pairs() {
            Ok(pairs) => pairs
                .first()
                .is_none_or(|(key, value)| fits(&of.0, key) && fits(&of.1, value)),
            Err(_) => true,
        },
        _ => ty.runtime_name() == value.type_name(),
    }
}
