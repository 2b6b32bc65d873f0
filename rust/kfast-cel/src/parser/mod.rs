//! Text to tree: a recursive descent over CEL's grammar. It stops at the first error of syntax.

mod primary;

use crate::ast::{Ast, Expr, Id, Kind, Literal};
use crate::lexer::{self, Spot, Token};
use crate::macros;
use crate::source::Issues;
use std::sync::Arc;

/// Nesting at which expressions are refused.
const DEEPEST: u32 = 250;
/// Length at which expressions are refused, in code points.
const LONGEST: usize = 100_000;
/// What an expression may begin with, as messages list it.
const OPERAND: &str =
    "'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}";

/// Words that are no variables.
const RESERVED: [&str; 17] = [
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
    "package",
    "namespace",
    "return",
    "var",
    "void",
    "while",
];

/// Whether CEL keeps the word for itself.
pub(crate) fn is_reserved(word: &str) -> bool {
    RESERVED.contains(&word) || matches!(word, "true" | "false" | "null" | "in")
}

/// The tree of an expression, in which `cel.bind` may give names to values if there are `bindings`; `None` if issues were
/// reported.
pub(crate) fn parse(text: &str, bindings: bool, issues: &mut Issues) -> Option<Ast> {
    let length = text.chars().count();
    if length > LONGEST {
        issues.report_nowhere(format!(
            "expression code point size exceeds limit: size: {length}, limit {LONGEST}"
        ));
        return None;
    }
    let tokens = lexer::tokens(text, issues);
    let mut parser = Parser {
        tokens,
        at: 0,
        depth: 0,
        positions: Vec::new(),
        bindings,
        issues,
    };
    let root = parser.whole();
    let positions = parser.positions;
    match root {
        Ok(root) if issues.is_empty() => Some(Ast { root, positions }),
        _ => None,
    }
}

/// An error that is reported already.
pub(crate) struct Reported;

type Parsed<T> = Result<T, Reported>;

pub(crate) struct Parser<'s, 'i> {
    tokens: Vec<Spot<'s>>,
    at: usize,
    depth: u32,
    positions: Vec<u32>,
    pub(crate) bindings: bool,
    issues: &'i mut Issues,
}

impl<'s> Parser<'s, '_> {
    /// A node's id for a place in the text.
    pub(crate) fn id(&mut self, position: u32) -> Id {
        self.positions.push(position);
        u32::try_from(self.positions.len() - 1).unwrap_or(u32::MAX)
    }

    pub(crate) fn position(&self, id: Id) -> u32 {
        self.positions[id as usize]
    }

    /// Reports at a place and stands in a node for what was there.
    pub(crate) fn wrong(&mut self, position: u32, message: impl Into<String>) -> Expr {
        self.issues.report(position, message);
        let id = self.id(position);
        Expr {
            id,
            kind: Kind::Error,
        }
    }

    fn peek(&self) -> Spot<'s> {
        self.tokens[self.at]
    }

    fn next(&mut self) -> Spot<'s> {
        let spot = self.peek();
        self.at = (self.at + 1).min(self.tokens.len() - 1);
        spot
    }

    fn sees(&self, sign: &str) -> bool {
        matches!(self.peek().token, Token::Sign(s) if s == sign)
    }

    fn sees_then(&self, ahead: usize, sign: &str) -> bool {
        let spot = self.tokens.get(self.at + ahead);
        matches!(spot.map(|s| s.token), Some(Token::Sign(s)) if s == sign)
    }

    fn take(&mut self, sign: &str) -> Option<Spot<'s>> {
        self.sees(sign).then(|| self.next())
    }

    fn refuse<T>(&mut self, message: String) -> Parsed<T> {
        let position = self.peek().position;
        self.issues
            .report(position, format!("Syntax error: {message}"));
        Err(Reported)
    }

    fn mismatch<T>(&mut self, expected: &str) -> Parsed<T> {
        self.refuse(format!(
            "mismatched input '{}' expecting {expected}",
            self.peek().text
        ))
    }

    /// The sign, or that it is missing.
    fn closing(&mut self, sign: &str) -> Parsed<Spot<'s>> {
        match self.take(sign) {
            Some(spot) => Ok(spot),
            None => self.refuse(format!("missing '{sign}' at '{}'", self.peek().text)),
        }
    }

    fn whole(&mut self) -> Parsed<Expr> {
        let expr = self.expr()?;
        if self.peek().token == Token::End {
            return Ok(expr);
        }
        let single = self
            .tokens
            .get(self.at + 1)
            .is_none_or(|s| s.token == Token::End);
        if single {
            return self.refuse(format!(
                "extraneous input '{}' expecting <EOF>",
                self.peek().text
            ));
        }
        self.mismatch("<EOF>")
    }

    fn deeper<T>(&mut self, parse: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        self.depth += 1;
        if self.depth > DEEPEST {
            self.issues
                .report_nowhere(format!("expression recursion limit exceeded: {DEEPEST}"));
            return Err(Reported);
        }
        let parsed = parse(self);
        self.depth -= 1;
        parsed
    }

    fn expr(&mut self) -> Parsed<Expr> {
        self.deeper(|parser| {
            let condition = parser.either()?;
            let Some(mark) = parser.take("?") else {
                return Ok(condition);
            };
            let id = parser.id(mark.position);
            let yes = parser.either()?;
            if !parser.sees(":") {
                return parser.mismatch("':'");
            }
            parser.next();
            let no = parser.expr()?;
            Ok(call(id, "_?_:_", vec![condition, yes, no]))
        })
    }

    fn either(&mut self) -> Parsed<Expr> {
        self.chain("||", "_||_", |parser| {
            parser.chain("&&", "_&&_", |p| p.binary(0))
        })
    }

    /// Terms joined by a logical operator, as a balanced tree.
    fn chain(
        &mut self,
        sign: &'static str,
        function: &str,
        term: impl Fn(&mut Self) -> Parsed<Expr>,
    ) -> Parsed<Expr> {
        let mut terms = vec![term(self)?];
        let mut ids = Vec::new();
        while let Some(mark) = self.take(sign) {
            if self.sees(sign) {
                return self.refuse(format!(
                    "extraneous input '{sign}' expecting {{'[', '{{', '(', '.', '-', '!', {OPERAND}"
                ));
            }
            terms.push(term(self)?);
            ids.push(self.id(mark.position));
        }
        let mut terms = terms.into_iter();
        Ok(balance(&mut terms, &ids, function))
    }

    /// Relations (level 0), sums (1) and products (2), each associating to the left.
    fn binary(&mut self, level: usize) -> Parsed<Expr> {
        const LEVELS: [&[(&str, &str)]; 3] = [
            &[
                ("<", "_<_"),
                ("<=", "_<=_"),
                (">=", "_>=_"),
                (">", "_>_"),
                ("==", "_==_"),
                ("!=", "_!=_"),
            ],
            &[("+", "_+_"), ("-", "_-_")],
            &[("*", "_*_"), ("/", "_/_"), ("%", "_%_")],
        ];
        let Some(operators) = LEVELS.get(level) else {
            return self.unary();
        };
        let mut left = self.binary(level + 1)?;
        let mut joined = 0;
        loop {
            let spot = self.peek();
            let function = match spot.token {
                Token::In if level == 0 => "@in",
                Token::Sign(sign) => match operators.iter().find(|(s, _)| *s == sign) {
                    Some((_, function)) => function,
                    None => break,
                },
                _ => break,
            };
            self.next();
            joined += 1;
            if self.depth + joined > DEEPEST {
                return self.deeper(|p| p.deeper_still(joined));
            }
            let id = self.id(spot.position);
            let right = self.binary(level + 1)?;
            left = call(id, function, vec![left, right]);
        }
        Ok(left)
    }

    /// A chain of operators counts as deep as it is long.
    fn deeper_still<T>(&mut self, by: u32) -> Parsed<T> {
        self.depth += by;
        self.deeper(|_| Err(Reported))
    }

    fn unary(&mut self) -> Parsed<Expr> {
        let sign = match self.peek().token {
            Token::Sign("!") => "!",
            Token::Sign("-") => "-",
            _ => return self.member(),
        };
        let first = self.peek();
        let numeric = |t: Token| matches!(t, Token::Int | Token::Float);
        // A single minus belongs to the number.
        if sign == "-" && numeric(self.tokens[self.at + 1].token) {
            return self.member();
        }
        let mut times = 0;
        while self.take(sign).is_some() {
            times += 1;
        }
        if times % 2 == 0 {
            return self.member();
        }
        let id = self.id(first.position);
        let operand = self.member()?;
        let function = if sign == "!" { "!_" } else { "-_" };
        Ok(call(id, function, vec![operand]))
    }

    fn member(&mut self) -> Parsed<Expr> {
        let mut operand = self.primary()?;
        let mut steps = 0;
        loop {
            if self.sees(".") {
                operand = self.dot(operand)?;
            } else if self.sees("[") {
                operand = self.index(operand)?;
            } else {
                return Ok(operand);
            }
            steps += 1;
            if self.depth + steps > DEEPEST {
                return self.deeper(|p| p.deeper_still(steps));
            }
        }
    }

    fn dot(&mut self, operand: Expr) -> Parsed<Expr> {
        let dot = self.next();
        let optional = self.take("?").is_some();
        let name = self.peek();
        match name.token {
            Token::Ident => {}
            Token::Escaped => {
                self.next();
                return Ok(self.wrong(name.position, "unsupported syntax: '`'"));
            }
            Token::True | Token::False | Token::Null => return self.mismatch("IDENTIFIER"),
            _ => {
                let (position, text) = match name.token {
                    Token::End => (name.position, ""),
                    _ => (name.position, name.text),
                };
                self.issues.report(
                    position,
                    format!("Syntax error: no viable alternative at input '.{text}'"),
                );
                return Err(Reported);
            }
        }
        self.next();
        if !optional && let Some(open) = self.take("(") {
            let args = self.arguments()?;
            let id = self.id(open.position);
            return Ok(self.call_or_macro(id, name.text, Some(operand), args));
        }
        let id = self.id(dot.position);
        if optional {
            let field = self.id(name.position);
            let field = Expr {
                id: field,
                kind: Kind::Literal(Literal::String(name.text.into())),
            };
            return Ok(call(id, "_?._", vec![operand, field]));
        }
        Ok(Expr {
            id,
            kind: Kind::Select {
                operand: Box::new(operand),
                field: name.text.into(),
                test: false,
            },
        })
    }

    fn index(&mut self, operand: Expr) -> Parsed<Expr> {
        let open = self.next();
        let id = self.id(open.position);
        let optional = self.take("?").is_some();
        if !optional && self.sees("]") {
            return self.mismatch(&format!("{{'[', '{{', '(', '.', '-', '!', '?', {OPERAND}"));
        }
        let index = self.expr()?;
        self.closing("]")?;
        let function = if optional { "_[?_]" } else { "_[_]" };
        Ok(call(id, function, vec![operand, index]))
    }

    /// Arguments up to and with the closing parenthesis.
    fn arguments(&mut self) -> Parsed<Vec<Expr>> {
        let mut args = Vec::new();
        if self.take(")").is_some() {
            return Ok(args);
        }
        if self.peek().token == Token::End {
            return self.mismatch(&format!("{{'[', '{{', '(', ')', '.', '-', '!', {OPERAND}"));
        }
        loop {
            args.push(self.expr()?);
            if self.take(",").is_none() {
                break;
            }
        }
        if !self.sees(")") {
            return self.mismatch("{')', ','}");
        }
        self.next();
        Ok(args)
    }

    fn call_or_macro(&mut self, id: Id, name: &str, target: Option<Expr>, args: Vec<Expr>) -> Expr {
        match macros::expand(self, id, name, target, args) {
            Ok(expanded) => expanded,
            Err((target, args)) => Expr {
                id,
                kind: Kind::Call {
                    function: name.into(),
                    target: target.map(Box::new),
                    args,
                },
            },
        }
    }
}

pub(crate) fn call(id: Id, function: &str, args: Vec<Expr>) -> Expr {
    Expr {
        id,
        kind: Kind::Call {
            function: Arc::from(function),
            target: None,
            args,
        },
    }
}

/// One more term than ids.
fn balance(terms: &mut impl Iterator<Item = Expr>, ids: &[Id], function: &str) -> Expr {
    if ids.is_empty() {
        return terms.next().unwrap_or(Expr {
            id: 0,
            kind: Kind::Error,
        });
    }
    let middle = ids.len() / 2;
    let left = balance(terms, &ids[..middle], function);
    let right = balance(terms, &ids[middle + 1..], function);
    call(ids[middle], function, vec![left, right])
}
