//! What expressions are made of: names, calls, literals, lists, maps, structs.

use super::{OPERAND, Parsed, Parser, is_reserved};
use crate::ast::{Entry, Expr, Field, Item, Kind, Literal};
use crate::lexer::{self, Token};

impl Parser<'_, '_> {
    pub(super) fn primary(&mut self) -> Parsed<Expr> {
        let spot = self.peek();
        match spot.token {
            Token::Sign("(") => {
                self.next();
                let inner = self.expr()?;
                self.closing(")")?;
                Ok(inner)
            }
            Token::Sign("[") => self.list(),
            Token::Sign("{") => self.map(),
            Token::Sign(".") if self.tokens[self.at + 1].token == Token::Ident => self.named(),
            Token::Sign(".") => {
                let text = format!(".{}", self.tokens[self.at + 1].text);
                self.refuse(format!("no viable alternative at input '{text}'"))
            }
            Token::Ident => self.named(),
            Token::Sign("-")
            | Token::Int
            | Token::Uint
            | Token::Float
            | Token::String
            | Token::Bytes
            | Token::True
            | Token::False
            | Token::Null => self.literal(),
            _ => self.mismatch(&format!("{{'[', '{{', '(', '.', '-', '!', {OPERAND}")),
        }
    }

    /// A variable, a call, or the construction of a struct.
    fn named(&mut self) -> Parsed<Expr> {
        let start = self.peek();
        let leading = self.take(".").is_some();
        let first = self.next();
        let dot = if leading { "." } else { "" };
        if let Some(ahead) = self.struct_ahead() {
            let mut name = format!("{dot}{}", first.text);
            for _ in 0..ahead {
                name.push_str(self.next().text);
            }
            return self.construction(&name);
        }
        if is_reserved(first.text) {
            if let Some(_open) = self.take("(") {
                self.arguments()?;
            }
            return Ok(self.wrong(
                start.position,
                format!("reserved identifier: {}", first.text),
            ));
        }
        let name = format!("{dot}{}", first.text);
        if let Some(open) = self.take("(") {
            let id = self.id(open.position);
            let args = self.arguments()?;
            return Ok(self.call_or_macro(id, &name, None, args));
        }
        let id = self.id(first.position);
        Ok(Expr {
            id,
            kind: Kind::Ident(name.into()),
        })
    }

    /// How many tokens of dotted names stand before an opening brace, if that is what comes.
    fn struct_ahead(&self) -> Option<usize> {
        let mut ahead = 0;
        while self.sees_then(ahead, ".")
            && self
                .tokens
                .get(self.at + ahead + 1)
                .is_some_and(|s| s.token == Token::Ident)
        {
            ahead += 2;
        }
        self.sees_then(ahead, "{").then_some(ahead)
    }

    fn construction(&mut self, name: &str) -> Parsed<Expr> {
        let open = self.next();
        let id = self.id(open.position);
        let mut fields = Vec::new();
        while !self.sees("}") {
            let optional = self.take("?").is_some();
            let field = self.peek();
            if field.token != Token::Ident {
                return self.mismatch("{'}', ',', '?', IDENTIFIER, ESC_IDENTIFIER}");
            }
            self.next();
            if !self.sees(":") {
                return self.mismatch("':'");
            }
            let colon = self.next();
            let field_id = self.id(colon.position);
            let value = self.expr()?;
            fields.push(Field {
                id: field_id,
                name: field.text.into(),
                value,
                optional,
            });
            if self.take(",").is_none() {
                break;
            }
        }
        if !self.sees("}") {
            return self.mismatch("{'}', ','}");
        }
        self.next();
        Ok(Expr {
            id,
            kind: Kind::Struct {
                name: name.into(),
                fields,
            },
        })
    }

    fn list(&mut self) -> Parsed<Expr> {
        self.aggregate("]", Kind::List, |parser, optional| {
            let value = parser.expr()?;
            Ok(Item { value, optional })
        })
    }

    fn map(&mut self) -> Parsed<Expr> {
        self.aggregate("}", Kind::Map, |parser, optional| {
            let key = parser.expr()?;
            parser.closing(":")?;
            let value = parser.expr()?;
            Ok(Entry {
                key,
                value,
                optional,
            })
        })
    }

    /// What stands between brackets, with commas in between; one may follow the last.
    fn aggregate<T>(
        &mut self,
        close: &str,
        kind: fn(Vec<T>) -> Kind,
        element: fn(&mut Self, bool) -> Parsed<T>,
    ) -> Parsed<Expr> {
        let open = self.next();
        let id = self.id(open.position);
        let mut elements = Vec::new();
        while !self.sees(close) {
            let optional = self.take("?").is_some();
            elements.push(element(self, optional)?);
            if self.take(",").is_none() {
                break;
            }
        }
        if !self.sees(close) {
            return self.mismatch(&format!("{{'{close}', ','}}"));
        }
        self.next();
        Ok(Expr {
            id,
            kind: kind(elements),
        })
    }

    fn literal(&mut self) -> Parsed<Expr> {
        let start = self.peek().position;
        let minus = if self.take("-").is_some() { "-" } else { "" };
        let spot = self.peek();
        let read = match spot.token {
            Token::Int => integer(minus, spot.text)
                .map(Literal::Int)
                .ok_or("invalid int literal"),
            Token::Float => format!("{minus}{}", spot.text)
                .parse()
                .ok()
                .filter(|d: &f64| d.is_finite())
                .map(Literal::Double)
                .ok_or("invalid double literal"),
            _ if !minus.is_empty() => {
                return self.mismatch(&format!("{{'[', '{{', '(', '.', '-', '!', {OPERAND}"));
            }
            Token::Uint => unsigned(spot.text)
                .map(Literal::Uint)
                .ok_or("invalid uint literal"),
            Token::String => lexer::unquote(spot.text, false).and_then(|bytes| {
                let text = String::from_utf8(bytes).map_err(|_| "invalid unicode code point")?;
                Ok(Literal::String(text.into()))
            }),
            Token::Bytes => lexer::unquote(&spot.text[1..], true).map(|b| Literal::Bytes(b.into())),
            Token::True => Ok(Literal::Bool(true)),
            Token::False => Ok(Literal::Bool(false)),
            _ => Ok(Literal::Null),
        };
        self.next();
        match read {
            Ok(literal) => {
                let id = self.id(start);
                Ok(Expr {
                    id,
                    kind: Kind::Literal(literal),
                })
            }
            Err(message) => Ok(self.wrong(start, message)),
        }
    }
}

fn integer(minus: &str, text: &str) -> Option<i64> {
    match text.strip_prefix("0x") {
        Some(hex) => i64::from_str_radix(&format!("{minus}{hex}"), 16).ok(),
        None => format!("{minus}{text}").parse().ok(),
    }
}

fn unsigned(text: &str) -> Option<u64> {
    let digits = &text[..text.len() - 1];
    match digits.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16).ok(),
        None => digits.parse().ok(),
    }
}
