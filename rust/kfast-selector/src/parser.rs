//! The label selector grammar; messages are upstream's (apimachinery `labels/selector.go`).

use crate::lexer::{Kind, Token, scan};
use crate::requirement::invalid;
use crate::{Operator, Requirement, Result, SelectorError};
use kfast_core::names::qualified_name;
use kfast_core::quote;
use std::collections::BTreeSet;

struct Parser<'a> {
    tokens: Vec<Token<'a>>,
    at: usize,
}

/// Reads requirements in the order written.
pub(crate) fn parse(text: &str) -> Result<Vec<Requirement>> {
    let mut parser = Parser {
        tokens: scan(text),
        at: 0,
    };
    let mut requirements = Vec::new();
    loop {
        let token = parser.peek();
        match token.as_value() {
            Kind::Identifier | Kind::Not => {
                let requirement = parser
                    .requirement()
                    .map_err(|e| SelectorError(format!("unable to parse requirement: {e}")))?;
                requirements.push(requirement);
                let token = parser.take();
                match token.as_value() {
                    Kind::End => return Ok(requirements),
                    Kind::Comma => {
                        let next = parser.peek();
                        if !matches!(next.as_value(), Kind::Identifier | Kind::Not) {
                            return Err(found(next, ", expected: identifier after ','"));
                        }
                    }
                    _ => return Err(found(token, ", expected: ',' or 'end of string'")),
                }
            }
            Kind::End => return Ok(requirements),
            _ => {
                return Err(found(
                    token,
                    ", expected: !, identifier, or 'end of string'",
                ));
            }
        }
    }
}

fn found(token: Token<'_>, expected: &str) -> SelectorError {
    SelectorError(format!("found '{}'{expected}", token.text))
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Token<'a> {
        self.tokens[self.at.min(self.tokens.len() - 1)]
    }

    fn take(&mut self) -> Token<'a> {
        let token = self.peek();
        self.at += 1;
        token
    }

    fn requirement(&mut self) -> Result<Requirement> {
        let mut token = self.take();
        let negated = token.kind == Kind::Not;
        if negated {
            token = self.take();
        }
        if token.as_value() != Kind::Identifier {
            return Err(found(token, ", expected: identifier"));
        }
        let key = token.text;
        let errors = qualified_name(key);
        if !errors.is_empty() {
            return Err(SelectorError(invalid(
                "<nil>",
                &quote(key),
                &errors.join("; "),
            )));
        }
        if negated {
            return Requirement::new(key, Operator::DoesNotExist, Vec::new());
        }
        if matches!(self.peek().kind, Kind::End | Kind::Comma) {
            return Requirement::new(key, Operator::Exists, Vec::new());
        }
        let operator = self.operator()?;
        let values = match operator {
            Operator::In | Operator::NotIn => self.set()?,
            _ => self.value()?,
        };
        Requirement::new(
            key,
            operator,
            values.into_iter().map(str::to_owned).collect(),
        )
    }

    fn operator(&mut self) -> Result<Operator> {
        let token = self.take();
        Ok(match token.kind {
            Kind::In => Operator::In,
            Kind::NotIn => Operator::NotIn,
            Kind::Equals => Operator::Equals,
            Kind::DoubleEquals => Operator::DoubleEquals,
            Kind::NotEquals => Operator::NotEquals,
            Kind::GreaterThan => Operator::GreaterThan,
            Kind::LessThan => Operator::LessThan,
            _ => return Err(found(token, ", expected: in, notin, =, ==, !=, gt, lt")),
        })
    }

    /// The one value behind `=`; none written is the empty value.
    fn value(&mut self) -> Result<BTreeSet<&'a str>> {
        if matches!(self.peek().kind, Kind::End | Kind::Comma) {
            return Ok(BTreeSet::from([""]));
        }
        let token = self.take();
        if token.as_value() != Kind::Identifier {
            return Err(found(token, ", expected: identifier"));
        }
        Ok(BTreeSet::from([token.text]))
    }

    /// `(a,b)`; an empty place counts as the empty value.
    fn set(&mut self) -> Result<BTreeSet<&'a str>> {
        let token = self.take();
        if token.kind != Kind::OpenPar {
            return Err(found(token, " expected: '('"));
        }
        let first = self.peek();
        match first.as_value() {
            Kind::Identifier | Kind::Comma => {
                let values = self.identifiers()?;
                if self.take().kind != Kind::ClosedPar {
                    return Err(found(first, ", expected: ')'"));
                }
                Ok(values)
            }
            Kind::ClosedPar => {
                self.take();
                Ok(BTreeSet::from([""]))
            }
            _ => Err(found(first, ", expected: ',', ')' or identifier")),
        }
    }

    fn identifiers(&mut self) -> Result<BTreeSet<&'a str>> {
        let mut values = BTreeSet::new();
        loop {
            let token = self.take();
            let next = self.peek();
            match token.as_value() {
                Kind::Identifier => {
                    values.insert(token.text);
                    match next.kind {
                        Kind::Comma => {}
                        Kind::ClosedPar => return Ok(values),
                        _ => return Err(found(next, ", expected: ',' or ')'")),
                    }
                }
                Kind::Comma => {
                    if values.is_empty() || matches!(next.kind, Kind::ClosedPar | Kind::Comma) {
                        values.insert("");
                    }
                    if next.kind == Kind::ClosedPar {
                        return Ok(values);
                    }
                }
                _ => return Err(found(token, ", expected: ',', or identifier")),
            }
        }
    }
}
